"""The codes of G.711 are the reference's, and what they lose is what they must."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.audio.sounds import say, tone
from voicebot.audio.frames import Pcm
from voicebot.audio.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

ALL_CODES = bytes(range(256))


def snr_db(original: Pcm, coded: Pcm) -> float:
    error = original.astype(float) - coded
    return float(10 * np.log10(np.mean(original.astype(float) ** 2) / np.mean(error**2)))


def libsndfile_decode(tmp_path: str, subtype: str) -> Pcm:
    with open(tmp_path, "wb") as file:
        file.write(ALL_CODES)
    samples, _ = soundfile.read(tmp_path, dtype="int16", channels=1, samplerate=8000, subtype=subtype, format="RAW")
    return np.asarray(samples, dtype=np.int16)


def test_every_code_decodes_as_another_implementation_does(tmp_path: object) -> None:
    assert np.array_equal(alaw_decode(ALL_CODES), libsndfile_decode(f"{tmp_path}/a.raw", "ALAW"))
    assert np.array_equal(ulaw_decode(ALL_CODES), libsndfile_decode(f"{tmp_path}/u.raw", "ULAW"))


def test_the_codes_of_known_values_are_those_of_the_standard() -> None:
    pcm = np.array([0, -1, 32767, -32768, 1000, -1000, 16], dtype=np.int16)
    assert alaw_encode(pcm).hex() == "d555aa2afa7ad4"
    assert ulaw_encode(pcm).hex() == "ff7f8000ce4efd"


@pytest.mark.parametrize(("encode", "decode"), [(alaw_encode, alaw_decode), (ulaw_encode, ulaw_decode)])
def test_a_decoded_code_is_encoded_as_itself(encode: object, decode: object) -> None:
    assert callable(encode)
    assert callable(decode)
    back = encode(decode(ALL_CODES))
    # mu-law has a positive and a negative zero, which decode alike
    assert [a for a, b in zip(ALL_CODES, back, strict=True) if a != b] in ([], [0x7F])


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200))
def test_a_sample_comes_back_within_half_a_step(values: list[int]) -> None:
    pcm = np.array(values, dtype=np.int16)
    size = np.abs(pcm.astype(int))
    alaw_step = np.maximum(16, 2.0 ** np.floor(np.log2(np.maximum(size, 1))) / 16)
    assert np.all(np.abs(alaw_decode(alaw_encode(pcm)).astype(int) - pcm) <= alaw_step / 2 + 1)
    inside = np.minimum(size, 32635)
    ulaw_step = np.maximum(8, 2.0 ** np.floor(np.log2(inside + 132)) / 16)
    clipped = np.sign(pcm.astype(int)) * inside
    assert np.all(np.abs(ulaw_decode(ulaw_encode(pcm)).astype(int) - clipped) <= ulaw_step / 2 + 4)


def test_speech_and_tones_lose_no_more_than_the_standard_allows() -> None:
    speech = say("Bonjour, je suis l'assistante de la communauté de communes.", 8000)
    assert snr_db(speech, alaw_decode(alaw_encode(speech))) > 36
    assert snr_db(speech, ulaw_decode(ulaw_encode(speech))) > 36
    for level in (-40.0, -30.0, -20.0, -10.0):
        sine = tone(1020, 1.0, 8000, level)
        assert snr_db(sine, alaw_decode(alaw_encode(sine))) > 33
        assert snr_db(sine, ulaw_decode(ulaw_encode(sine))) > 33


def test_crossing_the_laws_is_ruinous_so_the_tables_are_not_mixed_up() -> None:
    speech = say("Bonjour.", 8000)
    assert snr_db(speech, alaw_decode(ulaw_encode(speech))) < 0
