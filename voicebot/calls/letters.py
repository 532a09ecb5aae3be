"""The e-mails that tell the service of what was kept: the words are data, the address is the profile's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from voicebot.calls.message_words import spoken_duration
from voicebot.clock import PARIS
from voicebot.journal.seal import masked
from voicebot.journal.voicemail import StoredVoice
from voicebot.profile import Profile
from voicebot.words import WordsFile

TYPES = ("ticket", "callback", "appointment", "message", "vocal")
VOICE = "vocal"
"""The e-mail on a message left after the beep."""
_PLACES = frozenset({"reference", "demande", "details", "lien", "date"})
_VOICE_PLACES = frozenset({"duree", "transcription"})
_TRANSCRIPTS = {
    "done": "Transcription automatique, avec ses erreurs possibles :\n{text}",
    "apart": "Sa transcription automatique est sur la page de la demande.",
    "nothing": "La transcription automatique n’a rien pu comprendre.",
    "waiting": "La transcription automatique n’est pas encore faite : elle sera sur la page.",
    "failed": "La transcription automatique a échoué.",
}


@dataclass(frozen=True, slots=True)
class LetterWords:
    """The subject and the text of the e-mail on each type of record."""

    by_type: Mapping[str, tuple[str, str]]

    def write(self, kind: str, values: Mapping[str, str]) -> tuple[str, str]:
        """Return the subject and the text for ``values``, without the lines that have nothing to say."""
        subject, text = self.by_type[kind]
        lines = [line.format_map(values).rstrip() for line in text.strip().splitlines()]
        kept = [line for line, before in zip(lines, ["x", *lines], strict=False) if line or before]
        return " ".join(subject.format_map(values).split()), "\n".join(kept).strip() + "\n"


def load_letter_words(path: Path) -> LetterWords:
    """Read ``path`` (TOML: a table a type, with ``sujet`` and ``texte``).

    Raises:
        WordsError: it is missing or invalid, or a type, a text or a variable is missing or unknown.
    """
    file = WordsFile(path)
    words = {}
    for name in TYPES:
        known = _PLACES | _VOICE_PLACES if name == VOICE else _PLACES
        words[name] = file.texts(name, {"sujet": known, "texte": known})
    file.settle()
    return LetterWords({name: (texts["sujet"], texts["texte"]) for name, texts in words.items()})


def mailbox(profile: Profile, form_id: str) -> str:
    """Return where the service is told of what ``form_id`` leaves: its target's address, else the profile's."""
    identity = profile.knowledge.identity
    form = profile.knowledge.forms.get(form_id)
    targets = [identity.target_for(intent) for intent in (form.intents if form is not None else ())]
    return next((target.email for target in targets if target is not None and target.email), identity.mailbox)


def letter_values(
    profile: Profile, form_id: str, reference: str, slots: Mapping[str, str], opened_at: datetime, link: str
) -> dict[str, str]:
    """Return what fills an e-mail; slots are named as their form names them."""
    knowledge = profile.knowledge
    labels = {name: knowledge.slot_label(form_id, name) or name for name in slots}
    details = [
        f"{labels[name][:1].upper()}{labels[name][1:]} : {knowledge.slot_text(form_id, name, value)}"
        for name, value in slots.items()
        if value
    ]
    return {
        "reference": reference,
        "demande": knowledge.request_title(form_id) or form_id,
        "details": "\n".join(details),
        "lien": link,
        "date": f"{opened_at.astimezone(PARIS):%d/%m/%Y à %H:%M}",
    }


def voice_values(voice: StoredVoice, attached: bool) -> dict[str, str]:
    """Return what the e-mail on a spoken message says of it; whole numbers and addresses in it are masked.

    An e-mail leaves the encrypted store and its period, which callers are told: what was said is only in one that has
    the sound ``attached`` as well.
    """
    state: str = voice.state
    if state == "done":
        state = "nothing" if not voice.transcript else "done" if attached else "apart"
    told = _TRANSCRIPTS[state].replace("{text}", masked(voice.transcript))
    return {"duree": spoken_duration(voice.duration_s), "transcription": told}
