"""Asking for a person about a subject: "je voudrais parler à quelqu'un de la facturation de l'eau".

Such a turn resembles its subject more than the wish for a person, and would be answered by the machine it wants to
leave.
"""

import re

from voicebot.dialog.nlu.base import Understanding, Verdict
from voicebot.dialog.policy import acts
from voicebot.dialog.policy.talk import Talk
from voicebot.dialog.turns import Heard
from voicebot.dialog.wording import fold

_ASKS = "conseiller"
_LIKELY = 0.3
_OURS = ("service.", "interco.")
_POLITE = re.compile(r"\b(?:s il vous plait|s il te plait|svp|merci)\b")
_LEADS = re.compile(
    r"^(?:de|du|des|d|pour|au|aux|sur|a propos|au sujet|concernant|par rapport|qui|chez|dans|charge|responsable|"
    r"competent|specialise)\b"
)
_UNWANTED = re.compile(r"\b(?:(?:veux|voulais|voudrais|souhaite|tiens|besoin|envie) (?:pas|plus)(?: a| de| d)?|sans)$")


def act_of(talk: Talk, heard: Heard, understood: Understanding) -> str:
    """Return the act that the turn performs, an adviser asked for about a subject included; empty for none."""
    act = understood.intent if acts.is_meant(understood) else ""
    return _ASKS if act != _ASKS and subject_of(talk, heard.text) else act


def subject_of(talk: Talk, text: str) -> str:
    """Return the subject (an intent) about which ``text`` asks for a person; empty when it asks for none."""
    folded = fold(text)
    asked = _asking(talk).search(folded)
    if asked is None or _UNWANTED.search(folded[: asked.start()].strip()):
        return ""
    rest = _POLITE.sub(" ", folded[asked.end() :]).strip()
    if not _LEADS.match(rest):
        return ""
    about = talk.understander.understand(rest, (), talk.background(None))
    best = about.candidates[0]
    known = about.verdict is Verdict.SURE or (about.verdict is Verdict.UNSURE and best.confidence >= _LIKELY)
    return best.intent if known and "." in best.intent and not best.intent.startswith(_OURS) else ""


def _asking(talk: Talk) -> re.Pattern[str]:
    """Return what finds the words by which a person is asked for, the longest first."""
    phrases = sorted(map(fold, talk.knowledge.marks["demande_personne"]), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b")
