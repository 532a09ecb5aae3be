"""What ``bench turn`` counts as a false barge-in: a sound beside the telephone, not words said to the assistant."""

import numpy as np
import pytest

from tests.audio.sounds import say
from voicebot.audio.frames import LINE_HZ, Pcm, silence
from voicebot.bench.interruptions import measure, silences


@pytest.fixture(scope="module")
def assistant() -> Pcm:
    return say("Bonjour, vous êtes en relation avec l'assistante automatique de la communauté de communes.", LINE_HZ)


def test_words_said_to_the_assistant_silence_it_and_quiet_does_not(assistant: Pcm) -> None:
    words = say("Je voudrais parler à un conseiller.", LINE_HZ).astype(np.float64) / 32768
    assert silences(words, assistant, seed=1)
    assert not silences(np.zeros(LINE_HZ), assistant, seed=1)


def test_each_kind_of_sound_is_tried_and_words_are_told_apart(assistant: Pcm) -> None:
    found = measure(assistant, [say("Je voudrais parler à un conseiller.", LINE_HZ)], each=1)
    assert set(found.tried.values()) == {1}
    told = found.to_json()
    assert told["beside_sounds"] == 6
    assert told["words_over_the_assistant"] == told["words_heard_over_it"] == 1
    assert told["false_barge_ins"] == sum(told["false_barge_ins_by_sound"].values())


def test_nothing_is_measured_of_an_assistant_too_brief() -> None:
    assert measure(silence(LINE_HZ), [say("Bonjour.", LINE_HZ)]).to_json()["beside_sounds"] == 0
