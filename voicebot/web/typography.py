"""The spaces of French on the pages: none of « ; : ? ! » begins a line, and no opening quotation mark ends one.

Applied to the text of templates as they are read, never to what is put in them: callers' words stay as they were said.
"""

import re

from jinja2.ext import Extension

_NARROW, _WIDE = "\u202f", "\u00a0"
_MARKUP = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<[^>]*>)", re.DOTALL)


def spaced(text: str) -> str:
    """Return a French ``text`` with spaces that do not break where they must not."""
    text = text.replace("« ", f"«{_WIDE}").replace(" »", f"{_WIDE}»").replace(" :", f"{_WIDE}:")
    return re.sub(r" (?=[;?!%])", _NARROW, text)


class FrenchSpaces(Extension):
    """Gives templates the spaces of French, out of their tags and of their expressions."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return the ``source`` of a template with its text spaced."""
        pieces = _MARKUP.split(source)
        return "".join(piece if place % 2 else spaced(piece) for place, piece in enumerate(pieces))
