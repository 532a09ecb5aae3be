"""The grammar of a closed question for Vosk: which phrases to allow, and what a phrase heard says about the choices."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voicebot.asr.base import Choice, ChoiceScore

_WORD = re.compile(r"[^\W_]+'?", re.UNICODE)


def lexical(text: str) -> tuple[str, ...]:
    """Return the words of ``text`` as Vosk's vocabularies write them: lower case, no punctuation, no hyphen.

    An elided word keeps its apostrophe ("c'est" is ``c'est`` in the French models, so both forms are tried).
    """
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


@dataclass(frozen=True, slots=True)
class Grammar:
    """Phrases that can be recognised, the choice each belongs to, and the words left out because unknown."""

    phrases: tuple[str, ...]
    ids: tuple[str, ...]
    all_ids: tuple[str, ...]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, choices: Sequence[Choice], knows: Callable[[str], bool]) -> "Grammar":
        """Return the grammar of ``choices``; a wording with a word that ``knows`` refuses is left out."""
        phrases: list[str] = []
        ids: list[str] = []
        unknown: dict[str, None] = {}
        for choice in choices:
            for text in choice.texts:
                words, missing = _spelt(text, knows)
                unknown.update(dict.fromkeys(missing))
                if missing or not words or " ".join(words) in phrases:
                    continue
                phrases.append(" ".join(words))
                ids.append(choice.id)
        return cls(tuple(phrases), tuple(ids), tuple(choice.id for choice in choices), tuple(unknown))


def choice_scores(grammar: Grammar, readings: Sequence[tuple[str, float]]) -> tuple[ChoiceScore, ...]:
    """Return the probability of each choice from ``readings`` (text heard, probability), best first.

    A reading that holds none of the phrases, or two choices at once, counts for "none of them".
    """
    totals = dict.fromkeys(grammar.all_ids, 0.0)
    for text, probability in readings:
        found = _choice_in(grammar, text)
        if found is not None:
            totals[found] += probability
    ordered = sorted(totals.items(), key=lambda item: -item[1])
    return tuple(ChoiceScore(id_, min(1.0, total)) for id_, total in ordered)


def _choice_in(grammar: Grammar, text: str) -> str | None:
    spaced = f" {text} "
    found = {(phrase, id_) for phrase, id_ in zip(grammar.phrases, grammar.ids, strict=True) if f" {phrase} " in spaced}
    # "villers" is inside "villers sur mer": the longer phrase says more
    longest = {id_ for phrase, id_ in found if not any(phrase in other and phrase != other for other, _ in found)}
    return longest.pop() if len(longest) == 1 else None


def _spelt(text: str, knows: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """Return the words of ``text`` as the vocabulary spells them, and those it has not."""
    words: list[str] = []
    missing: list[str] = []
    for spoken in re.split(r"[\s-]+", text.lower().replace("’", "'")):
        whole = spoken.strip('.,;:!?«»"()')
        if not whole:
            continue
        if knows(whole):
            words.append(whole)
            continue
        parts = lexical(whole)
        missing.extend(part for part in parts if not knows(part))
        words.extend(parts)
    return words, missing
