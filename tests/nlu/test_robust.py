"""Whatever is heard, understanding answers: no text raises, and time stays bounded."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.dialog.nlu.base import Background
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.slots import SLOTS

_SPOKEN = st.lists(
    st.sampled_from(
        [
            "le",
            "12",
            "mardi",
            "en",
            "huit",
            "31",
            "février",
            "zéro",
            "six",
            "quatre",
            "vingt",
            "non",
            "pas",
            "à",
            "Touques",
            "heures",
            "et",
            "demie",
            "2026",
            "/",
            "semaine",
            "du",
            "dans",
            "jours",
            "mois",
            "un",
            "verre",
            "la",
            "déchèterie",
            ",",
            ".",
            "arobase",
            "point",
            "rue",
            "D",
            "comme",
            "Denis",
        ]
    ),
    max_size=30,
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(max_size=200), _SPOKEN), slot=st.sampled_from(sorted(SLOTS)))
def test_no_text_raises(engine: NluEngine, background: Background, text: str, slot: str) -> None:
    before = replace(background, intent="tri.objet", slot=slot)
    understood = engine.understand(text, (text[::-1],), before)
    assert understood.candidates
    assert 0.0 <= understood.confidence <= 1.0
    value = engine.slot_value(slot, text, (), before)
    assert value is None or value


def test_a_hundred_kilobytes_are_cut_before_any_work(engine: NluEngine, background: Background) -> None:
    for piece in ("a", "zéro ", "rue ", "🙂", "pas le ", "e\u0301", "\x00"):
        assert engine.understand(piece * (100_000 // len(piece)), (), background).candidates
