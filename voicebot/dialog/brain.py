"""The brain: what one profile knows and how it understands, shared by all its conversations."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from voicebot.dialog.dialogue import Dialogue
from voicebot.dialog.errors import ContentRefused, Mistake
from voicebot.dialog.knowledge.load import load_knowledge
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


class KnowledgeBox:
    """Holds the brain in force for the ``folders`` of a profile, and replaces it as a whole when they change.

    ``understand`` builds the understander of a knowledge. Any thread may read ``brain``; one at a time may reload.

    Raises:
        ContentRefused: the folders have mistakes at the start.
    """

    def __init__(self, folders: Sequence[Path], understand: Callable[[Knowledge], Understander]) -> None:
        self._folders = tuple(folders)
        self._understand = understand
        self._brain = self._build()

    @property
    def brain(self) -> Brain:
        """The brain in force; conversations already open keep theirs."""
        return self._brain

    def reload(self) -> tuple[Mistake, ...]:
        """Read the folders again; put the new version in force, or return its mistakes and keep the old one."""
        try:
            self._brain = self._build()
        except ContentRefused as refused:
            return refused.mistakes
        return ()

    def _build(self) -> Brain:
        knowledge = load_knowledge(self._folders)
        return Brain(knowledge, self._understand(knowledge))
