"""The brain: what one profile knows and how it understands, shared by all its conversations."""

from itertools import count

from voicebot.dialog.dialogue import Dialogue
from voicebot.dialog.knowledge.model import Knowledge
from voicebot.dialog.nlu.base import Understander
from voicebot.dialog.turns import Context


class Brain:
    """Opens conversations. Immutable: a reload makes another brain, and conversations keep the one they began with.

    ``first_seed`` begins the counter that varies the wordings from one conversation to the next.
    """

    def __init__(self, knowledge: Knowledge, understander: Understander, first_seed: int = 0) -> None:
        self.knowledge = knowledge
        self.understander = understander
        self._seeds = count(first_seed)

    def open(self, context: Context, seed: int | None = None) -> Dialogue:
        """Begin a conversation. ``seed`` fixes its wordings (the next of the counter by default)."""
        return Dialogue(self.knowledge, self.understander, context, next(self._seeds) if seed is None else seed)
