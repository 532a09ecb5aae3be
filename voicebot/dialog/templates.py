"""Sentences with variables: ``{commune}`` in data files becomes speech and writing.

A text is split at sentence ends so that what never changes can be rendered ahead of the call.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from voicebot.dialog.wording import Words, capital

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
MAX_WORDS = 20


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables. ``render`` gives both of its forms."""

    text: str

    @property
    def variables(self) -> frozenset[str]:
        """The names between braces."""
        return frozenset(_VARIABLE.findall(self.text))

    def fault(self) -> str:
        """Return what is wrong with the text, in French, or an empty string."""
        rest = _VARIABLE.sub("", self.text)
        if "{" in rest or "}" in rest:
            return "une accolade n’est pas à sa place ; une variable s’écrit {commune}"
        for sentence in _SENTENCE_END.split(self.text):
            count = len(sentence.split())
            if count > MAX_WORDS:
                return f"phrase de {count} mots, {MAX_WORDS} au plus pour l’oreille : « {sentence[:50]}… »"
        return ""

    def render(self, values: Mapping[str, Words]) -> Words:
        """Return the text with its variables replaced, each sentence with its capital.

        Raises:
            KeyError: a variable has no value.
        """
        ear = _VARIABLE.sub(lambda found: values[found[1]].ear, self.text)
        eye = _VARIABLE.sub(lambda found: values[found[1]].written, self.text)
        ear, eye = _tidy(ear), _tidy(eye)
        return Words(ear, eye if eye != ear else "")

    def parts(self) -> Iterator["Template"]:
        """Yield the text cut so that a run of sentences without variables stands alone."""
        run: list[str] = []
        for sentence in _SENTENCE_END.split(self.text):
            if _VARIABLE.search(sentence):
                if run:
                    yield Template(" ".join(run))
                    run = []
                yield Template(sentence)
            else:
                run.append(sentence)
        if run:
            yield Template(" ".join(run))


def _tidy(text: str) -> str:
    """Give each sentence its capital and drop doubled spaces and full stops left by empty or ended values."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"([.!?…])\s*\.(?=\s|$)", r"\1", text)
    return " ".join(capital(sentence) for sentence in _SENTENCE_END.split(text) if sentence.strip(" ."))


def templates(texts: Iterable[str]) -> tuple[Template, ...]:
    """Wrap each text."""
    return tuple(Template(text) for text in texts)
