"""Each key pressed is heard once, whatever the line does to it, and speech presses none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.sounds import mix, noise, say
from voicebot.audio.dtmf import HIGH_HZ, KEYS, LOW_HZ, DtmfDetector, tone
from voicebot.audio.frames import Pcm, frame_samples, silence
from voicebot.audio.g711 import alaw_decode, alaw_encode

ALL_KEYS = "".join(KEYS)


def pressed(pcm: Pcm, rate_hz: int = 8000) -> str:
    size = frame_samples(rate_hz)
    detector = DtmfDetector(rate_hz)
    return "".join(detector.feed(pcm[at : at + size]) for at in range(0, pcm.size - size + 1, size))


def padded(pcm: Pcm, offset: int = 0, rate_hz: int = 8000) -> Pcm:
    return np.concatenate([silence(rate_hz // 10 + offset), pcm, silence(rate_hz // 10)])


def pair(low_hz: float, high_hz: float, ms: int, low: float = 0.1, high: float = 0.1) -> Pcm:
    times = np.arange(8 * ms) / 8000
    both = low * np.sin(2 * np.pi * low_hz * times) + high * np.sin(2 * np.pi * high_hz * times)
    return (32768 * both).astype(np.int16)


@settings(max_examples=60)
@given(
    presses=st.lists(
        st.tuples(st.sampled_from(ALL_KEYS), st.integers(40, 200), st.integers(40, 150)), min_size=1, max_size=10
    ),
    offset=st.integers(0, 159),
    level=st.integers(-32, -8),
    rate_hz=st.sampled_from([8000, 16000]),
)
def test_every_sequence_of_the_shortest_legal_presses_is_heard_exactly(
    presses: list[tuple[str, int, int]], offset: int, level: int, rate_hz: int
) -> None:
    sound = [silence(offset)]
    for key, on_ms, off_ms in presses:
        sound += [tone(key, on_ms, rate_hz, level), silence(off_ms * rate_hz // 1000)]
    line = alaw_decode(alaw_encode(np.concatenate([*sound, silence(rate_hz // 10)])))
    assert pressed(line, rate_hz) == "".join(key for key, _, _ in presses)


@pytest.mark.parametrize("offset", [0, 40, 80, 120])
def test_a_key_held_for_long_is_one_press(offset: int) -> None:
    assert pressed(padded(tone("5", 3000, 8000), offset)) == "5"


@pytest.mark.parametrize("offset", range(0, 160, 20))
def test_a_lost_packet_in_the_middle_does_not_double_the_press(offset: int) -> None:
    line = padded(tone("8", 140, 8000), offset)
    line[800 + 480 : 800 + 640] = 0
    assert pressed(line) == "8"


@pytest.mark.parametrize("offset", range(0, 160, 20))
def test_a_blip_shorter_than_16_ms_is_no_press(offset: int) -> None:
    assert pressed(padded(tone("5", 15, 8000), offset)) == ""


@pytest.mark.parametrize("shift", [-0.015, 0.015])
def test_a_tone_one_and_a_half_percent_off_is_accepted(shift: float) -> None:
    for row, low in enumerate(LOW_HZ):
        for column, high in enumerate(HIGH_HZ):
            assert pressed(padded(pair(low * (1 + shift), high * (1 + shift), 50), 37)) == KEYS[row][column]


@pytest.mark.parametrize("shift", [-0.035, 0.035])
def test_a_tone_three_and_a_half_percent_off_is_refused(shift: float) -> None:
    for low in LOW_HZ:
        for high in HIGH_HZ:
            assert pressed(padded(pair(low * (1 + shift), high, 60))) == ""
            assert pressed(padded(pair(low, high * (1 + shift), 60))) == ""


@pytest.mark.parametrize(("twist_db", "heard"), [(4, "5"), (-8, "5"), (9, ""), (-13, "")])
def test_the_twist_of_a_telephone_line_is_accepted_and_more_is_not(twist_db: float, heard: str) -> None:
    assert pressed(padded(pair(770, 1336, 60, 0.1, 0.1 * 10 ** (twist_db / 20)))) == heard


def test_one_tone_alone_is_no_key() -> None:
    assert pressed(padded(pair(770, 1336, 200, 0.1, 0.0))) == ""
    assert pressed(padded(pair(770, 1336, 200, 0.0, 0.1))) == ""


def test_keys_are_heard_in_noise_at_fifteen_decibels() -> None:
    for seed, key in enumerate(ALL_KEYS):
        line = padded(tone(key, 60, 8000, -20))
        assert pressed(mix(line, noise(line.size, -35, seed))) == key


def test_speech_presses_no_key() -> None:
    sentences = (
        "Bonjour, je voudrais connaître les jours de collecte des déchets à Trouville-sur-Mer.",
        "Mon numéro est le zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit.",
        "Oui oui oui, euh, non, attendez, je ne sais plus très bien où se trouve la déchetterie.",
    )
    for text in sentences:
        for pitch in (0.7, 1.0, 1.6):
            assert pressed(say(text, 8000, level_dbfs=-14, pitch=pitch)) == ""


def test_a_key_pressed_while_somebody_speaks_softly_is_heard() -> None:
    line = padded(tone("3", 120, 8000, -14))
    talk = np.resize(say("alors voyons voir", 8000, level_dbfs=-34), line.size)
    assert pressed(mix(line, talk)) == "3"


def test_the_key_held_is_known() -> None:
    detector = DtmfDetector(8000)
    press = tone("7", 60, 8000)
    for at in range(0, 480, 160):
        detector.feed(press[at : at + 160])
    assert detector.held == "7"
    for _ in range(3):
        detector.feed(silence(160))
    assert detector.held == ""


def test_a_key_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'E' is not a telephone key"):
        tone("E", 100, 8000)
