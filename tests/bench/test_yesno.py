"""How spoken yes and no are counted."""

from voicebot.bench.yesno import SAID, Answer, figures


def test_answers_are_right_wrong_or_asked_again_and_others_are_counted_apart() -> None:
    said = [
        ("Oui.", "oui", "oui"),
        ("Non.", "non", ""),
        ("Oui.", "oui", "non"),
        ("Non.", "non", "non"),
        ("Quoi ?", "", "non"),
    ]
    found = figures([Answer(text, meant, "pico", 20.0, taken) for text, meant, taken in said])
    assert (found["answers"], found["right"], found["wrong"], found["asked_again"]) == (4, 0.5, 0.25, 0.25)
    assert (found["others"], found["others_taken_for_answers"]) == (1, 1)
    assert found["wrongly_taken"] == ["Oui. pico 20 dB: non", "Quoi ? pico 20 dB: non"]


def test_both_answers_and_what_is_neither_are_said() -> None:
    assert {meant for _, meant in SAID} == {"oui", "non", ""}
