"""The French words of the chat that are no answers: incidents, limits, and the labels of the window.

They are kept in ``prompts/chat.toml``, where a civil servant can edit them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voicebot.dialog.knowledge.identity import Identity
from voicebot.words import WordsFile

_PLACES = frozenset({"assistante", "collectivite", "telephone"})


@dataclass(frozen=True, slots=True)
class ChatWords:
    """What the chat says of itself."""

    incident: str
    trop_de_messages: str
    fin: str
    au_revoir: str
    message_trop_long: str
    trop_vite: str
    complet: str


@dataclass(frozen=True, slots=True)
class ChatTexts:
    """All of it: ``words`` said in the conversation, ``labels`` of the window by name."""

    words: ChatWords
    labels: Mapping[str, str]

    def named(self, identity: Identity) -> "ChatTexts":
        """Return the same texts with the names and the number of a profile in their places."""
        values = {
            "assistante": identity.assistant,
            "collectivite": identity.community,
            "telephone": identity.facts["telephone"].value if "telephone" in identity.facts else "",
        }
        words = {name: text.format_map(values) for name, text in dataclasses.asdict(self.words).items()}
        return ChatTexts(ChatWords(**words), {name: text.format_map(values) for name, text in self.labels.items()})


LABELS = (
    *("ouvrir", "titre", "sous_titre", "fermer", "conversation", "automatique", "confidentialite", "saisie", "exemple"),
    *("envoyer", "suggestions", "vous", "ecrit", "important", "information", "liens"),
    *("nouvelle_fenetre", "connexion", "retablie", "interrompue", "indisponible", "non_envoye", "terminer"),
    "recommencer",
)


def load_chat_texts(path: Path) -> ChatTexts:
    """Read ``path`` (TOML: [paroles] and [fenetre]).

    Raises:
        WordsError: it is missing or invalid, or a text is missing, unknown, or has an unknown place.
    """
    file = WordsFile(path)
    words = file.texts("paroles", dict.fromkeys((entry.name for entry in dataclasses.fields(ChatWords)), _PLACES))
    labels = file.texts("fenetre", dict.fromkeys(LABELS, _PLACES))
    file.settle()
    return ChatTexts(ChatWords(**words), labels)
