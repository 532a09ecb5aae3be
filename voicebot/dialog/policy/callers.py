"""Who calls, from what they say of themselves in passing: a professional, a second home, somebody who lives here.

It is never asked: it only serves the figures. The last clear word counts.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from voicebot.dialog.wording import fold

KINDS = {
    "usager_secondaire": "residence_secondaire",
    "usager_professionnel": "professionnel",
    "usager_principal": "particulier",
}
"""The lists of words of the profile, and what whoever says them is; the first that applies."""

_DENIED = r"(?<!\bpas )(?<!\bpas une )(?<!\bpas un )(?<!\bpas ma )(?<!\bpas mon )(?<!\bpas en )(?<!\bpas de )"


def deduced(text: str, marks: Mapping[str, tuple[str, ...]]) -> str:
    """Return who says ``text``, as a value of the entity ``public``; empty when it tells nothing."""
    folded = fold(text)
    return next((kind for name, kind in KINDS.items() if _said(marks[name]).search(folded)), "")


@lru_cache(maxsize=32)
def _said(marks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"{_DENIED}\b(?:{'|'.join(map(fold, marks))})\b")
