"""How French texts sound: phonemes by espeak-ng, with the variants callers use for names.

The inventory is the one the phoneme head was trained on; sounds the French of northern France no longer distinguishes
are one symbol.
"""

import re
import unicodedata
from functools import lru_cache

from voicebot.espeak import phonemize

PHONES = (
    "ʁ", "l", "a", "i", "ɛ", "v", "t", "e", "k", "d", "n", "s", "ə", "ɑ̃", "m", "u", "p", "b", "ɛ̃", "o", "ʒ",
    "y", "ɔ̃", "j", "z", "f", "ø", "œ", "g", "ɔ", "ʃ", "w", "ɲ", "ɥ",
)  # fmt: skip
_NASAL = "\u0303"
_MERGED = {
    "œ̃": "ɛ̃", "ɹ": "ʁ", "r": "ʁ", "ʀ": "ʁ", "x": "ʁ", "ɪ": "i", "ʊ": "u", "ɐ": "a", "ɑ": "a", "ʌ": "a", "æ": "a",
    "ɒ": "ɔ", "ɡ": "g", "ŋ": "n", "ɜ": "œ", "θ": "s", "ð": "z",
}  # fmt: skip
_INDEX = {phone: position + 1 for position, phone in enumerate(PHONES)}
"""Position of each phone in the head's output; 0 is the blank."""

# Place names keep old spellings that a general reader, and espeak, get wrong: both readings are expected.
_RESPELLINGS = (
    (re.compile(r"\b([Ss])aint[ -](?=[aeiouyéèêhAEIOUYÉÈÊH])"), r"\1aint t'"),
    (re.compile(r"(?<=[a-zé])oul[td]\b"), "ou"),
    (re.compile(r"(?<=[A-Za-zé]ll)ers\b"), "ère"),
    (re.compile(r"(?<=[a-zé])eng\b"), "an"),
)


@lru_cache(maxsize=20_000)
def sounds(text: str) -> tuple[int, ...]:
    """Return the phones of French ``text`` as positions in the head's output. Thread-safe, cached."""
    sentences = phonemize(text, "fr")
    found: list[str] = []
    for symbol in unicodedata.normalize("NFD", "".join("".join(sentence) for sentence in sentences)):
        if symbol == _NASAL:
            if found:
                found[-1] += _NASAL
        elif symbol.isalpha() and symbol != "ː":
            found.append(symbol)
    merged = (_MERGED.get(phone, phone) for phone in found)
    return tuple(_INDEX[phone] for phone in merged if phone in _INDEX)


def readings(text: str) -> tuple[tuple[int, ...], ...]:
    """Return the ways ``text`` may be pronounced: as written, and as people of the place say such names."""
    spellings = [text]
    for pattern, spoken in _RESPELLINGS:
        spellings += [pattern.sub(spoken, known) for known in spellings if pattern.search(known)]
    return tuple(dict.fromkeys(sound for sound in map(sounds, spellings) if sound))
