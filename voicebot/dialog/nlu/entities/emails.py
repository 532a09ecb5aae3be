"""E-mail addresses, typed or dictated ("jean point dupont arobase orange point fr")."""

import re

from voicebot.dialog.nlu.entities.numbers import LETTER_NAMES, digits, spelled
from voicebot.dialog.nlu.normalise import bound, fold

_TYPED = re.compile(r"[a-z0-9][a-z0-9._%+-]*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.[a-z]{2,10}")
_SIGNS = (
    (r"\b(?:arobase|arrobase|arobas|a robase|a rosbase|at|chez)\b", "@"),
    (r"\b(?:tiret bas|tiret du huit|tiret du 8|underscore|souligne|under score)\b", "_"),
    (r"\b(?:tiret du six|tiret du 6|tiret haut|tiret|trait d union|moins)\b", "-"),
    (r"\b(?:point|points|dot)\b", "."),
    (r"\bplus\b", "+"),
)
_PROVIDERS = (
    (r"g ?mail|ji mail|jemail|j mail|geai mail", "gmail"), (r"hot ?mail|otmail", "hotmail"), (r"ya ?hoo|yaou", "yahoo"),
    (r"la ?poste", "laposte"), (r"wana ?doo|ouanadou|wanadou", "wanadoo"), (r"out ?look", "outlook"),
    (r"i ?cloud", "icloud"), (r"s ?f ?r", "sfr"), (r"orange", "orange"), (r"free|fri", "free"), (r"b ?box", "bbox"),
    (r"live|laive", "live"),
)  # fmt: skip
_JOINED = re.compile(r"\b(?:(?:le )?tout (?:attache|colle)|en un (?:seul )?mot|sans espace)\b")
_LEAD = re.compile(
    r"^(?:.*?\b(?:adresse|mail|e-mail|email)\b(?: mail| e-mail| email)? (?:c est|est|serait|sera)|"
    r"(?:alors |oui |donc |euh )*"
    r"(?:c est|ce serait|mon mail c est|mon adresse c est)|alors|oui)\s+"
)


def find_email(text: str) -> str | None:
    """Return the e-mail address in ``text``, in lower case without accents, or ``None``."""
    plain = fold(bound(text)).replace("'", " ")
    typed = _TYPED.search(plain)
    if typed:
        return typed.group()
    plain = re.sub(r"[,;:!?]", " ", plain)
    plain = spelled(_JOINED.sub(" ", plain))
    for pattern, sign in _SIGNS:
        plain = re.sub(pattern, f" {sign} ", plain)
    plain = fold(digits(re.sub(r"\s+", " ", plain)))
    if plain.count("@") != 1:
        return None
    local, domain = (part.strip() for part in plain.split("@"))
    local = _LEAD.sub("", local + " ").strip()
    local_words = [_letter(word) for word in re.sub(r"(?<=\w)\.(?=\s|$)", " .", local).split()]
    domain = _domain(domain)
    typed = _TYPED.fullmatch(f"{''.join(local_words)}@{domain}")
    return typed.group() if typed else None


def _letter(word: str) -> str:
    return LETTER_NAMES[word] if word in LETTER_NAMES and len(word) == 2 and word not in ("te", "de") else word


def _domain(spoken: str) -> str:
    """Return the domain: providers put right, words after the country code dropped."""
    parts = [part.strip() for part in spoken.split(".") if part.strip()]
    if not parts:
        return ""
    fixed: list[str] = []
    for rank, part in enumerate(parts[:4]):
        words = part.split()
        part = "".join(words) if rank < len(parts) - 1 else words[0]
        if rank == 0:
            for pattern, name in _PROVIDERS:
                if re.fullmatch(pattern, part) or re.fullmatch(pattern, " ".join(words)):
                    part = name
                    break
        if rank == len(parts) - 1:
            joined = "".join(words[:2])
            part = {"fr": "fr", "effer": "fr", "com": "com", "comme": "com", "net": "net"}.get(joined, part)
            part = {"comme": "com", "f": "fr", "effe": "fr", "confrere": "com"}.get(part, part)
        fixed.append(part)
    return ".".join(fixed)
