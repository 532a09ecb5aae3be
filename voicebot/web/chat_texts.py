"""The French words of the chat that are no answers: incidents, limits, and the labels of the window.

They are kept in ``prompts/chat.toml``, where a civil servant can edit them.
"""

import dataclasses
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voicebot.dialog.knowledge.identity import Identity

_PLACES = frozenset({"assistante", "collectivite", "telephone"})


class ChatTextsError(Exception):
    """The file of the chat's words cannot be used; the message lists every mistake."""


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
        ChatTextsError: it is missing or invalid, or a text is missing, unknown, or has an unknown place.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChatTextsError(f"{path}: cannot be read: {error}") from error
    words = tuple(entry.name for entry in dataclasses.fields(ChatWords))
    tables = {"paroles": words, "fenetre": LABELS}
    faults = [f"{name}: unknown table (known: {', '.join(tables)})" for name in sorted(set(document) - set(tables))]
    for table, names in tables.items():
        found = document.get(table)
        if not isinstance(found, dict):
            faults.append(f"[{table}]: this table is missing")
            continue
        faults += [f"{table}.{name}: unknown" for name in sorted(set(found) - set(names))]
        faults += [f"{table}.{name}: {fault}" for name in names for fault in _faults(found.get(name))]
    if faults:
        raise ChatTextsError("\n".join(f"{path}: {fault}" for fault in faults))
    return ChatTexts(ChatWords(**document["paroles"]), document["fenetre"])


def _faults(text: object) -> list[str]:
    if not isinstance(text, str) or not text.strip():
        return ["must be a text"]
    try:
        places = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        return [f"has a mistake in its braces ({error})"]
    return [f"{{{place}}} is unknown (known: {', '.join(sorted(_PLACES))})" for place in sorted(places - _PLACES)]
