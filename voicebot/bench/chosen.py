"""Which set of questions ``voicebot bench turn`` asks; apart, so that the command line knows of them at no cost."""

from enum import StrEnum


class Chosen(StrEnum):
    """A set of questions."""

    FIXED = "fixed"
    """What delays are followed on from one version to the next."""
    HELD_OUT = "held-out"
    """Other texts, voices, lines and pauses: nothing is ever tuned to them."""


FILES = {Chosen.FIXED: "questions.toml", Chosen.HELD_OUT: "held_out.toml"}
