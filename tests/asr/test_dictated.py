"""Telephone numbers read in their sounds: posteriors made of the phones of what is said, some of them blurred."""

import numpy as np
import numpy.typing as npt
import pytest

from voicebot.asr.dictated import read_number, whole_number, written_figures
from voicebot.asr.phonemes import PHONES, sounds

SIX = "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"


def _heard(text: str) -> npt.NDArray[np.float64]:
    """Return the log posteriors of ``text`` said clearly: a frame a phone, a blank after each."""
    likely = np.full((2 * len(sounds(text)), len(PHONES) + 1), 1e-4)
    for position, phone in enumerate(sounds(text)):
        likely[2 * position, phone] = likely[2 * position + 1, 0] = 1.0
    return np.asarray(np.log(likely / likely.sum(axis=1, keepdims=True)))


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        (SIX, "0612345678"),
        (f"alors c'est le {SIX} voilà", "0612345678"),
        ("zéro, deux, trois, un, quatre, un, deux, sept, cinq, neuf", "0231412759"),
        ("plus trente-trois, deux, trente et un, zéro quatre, seize, vingt", "0231041620"),
        ("zéro six, douze, trente-cinq, non pardon, trente-quatre, cinquante-six, quinze", "0612345615"),
    ],
)
def test_a_number_is_read_however_it_is_dictated(said: str, digits: str) -> None:
    assert read_number(_heard(said), [("00000", -0.5)]) == digits


def test_what_whisper_wrote_settles_what_the_sound_does_not() -> None:
    blurred = _heard(SIX)
    start = len(sounds("zéro six, douze, trente-quatre, "))
    blurred[2 * start : 2 * (start + len(sounds("cin")))] = np.log(1 / 35)
    assert read_number(blurred, [("06, 12, 34, 66, 78", -0.5)]) == "0612346678"
    assert read_number(blurred, [("06, 12, 34, 56, 78", -0.5)]) == "0612345678"


@pytest.mark.parametrize("texts", [[], ["je ne sais pas"], ["D 4721"]])
def test_no_number_is_read_where_whisper_wrote_hardly_a_figure(texts: list[str]) -> None:
    assert read_number(_heard(SIX), [(text, -0.5) for text in texts]) is None


def test_figures_of_the_best_text_count_most() -> None:
    found = written_figures(["06 1234", "07, 5"])
    assert found["6"] == found["12"] == found["34"] == 1.0
    assert 0 < found["5"] < 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("C'est le 06, 12, 34, 56, 78.", "0612345678"),
        ("plus 33, 6, 12, 34, 56, 78", "0612345678"),
        ("06, 12, 34", None),
        ("00 12 34 56 78", None),
    ],
)
def test_figures_written_whole_are_a_number(text: str, number: str | None) -> None:
    assert whole_number(text) == number


def test_a_number_written_but_not_heard_gives_way_to_the_one_heard() -> None:
    written = [("07, 85, 91, 63, 20", -0.5), ("06, 12, 34, 56, 78", -0.7)]
    assert read_number(_heard(SIX), written) == "0612345678"
