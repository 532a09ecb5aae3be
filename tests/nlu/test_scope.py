"""Whether an utterance is about the service: what the clues say, and how their weights are learnt."""

import math

import numpy as np
import pytest

from voicebot.dialog.nlu.calibrate import Case, cost, fit, part_of
from voicebot.dialog.nlu.combine import Thresholds
from voicebot.dialog.nlu.data import NluData
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.evaluate import Row
from voicebot.dialog.nlu.examples import OTHER, examples_of
from voicebot.dialog.nlu.features import Known
from voicebot.dialog.nlu.scope import CLUES, Scope, clues, scoped, within
from voicebot.dialog.turns import Candidate


def values_of(engine: NluEngine, text: str) -> dict[str, float]:
    looked = engine.looked(text, deep=False)
    found = clues(looked, looked.views.words, engine.intents.index(OTHER), frozenset(), engine.known)
    return dict(zip(CLUES, found, strict=True))


def test_strangers_are_counted_and_towns_are_none(engine: NluEngine) -> None:
    at_home = values_of(engine, "quand passe la poubelle à Touques")
    abroad = values_of(engine, "quand passe le zouave du tricératops")
    assert at_home["strangers"] == 0
    assert abroad["strangers"] == 2
    assert abroad["strange_share"] >= 0.5


def test_names_of_another_world_are_a_clue(engine: NluEngine) -> None:
    assert values_of(engine, "quels sont les horaires de la bibliothèque")["elsewhere"] == 1
    assert values_of(engine, "quels sont les horaires de la déchèterie")["elsewhere"] == 0


def test_words_only_ever_said_elsewhere_are_a_clue(engine: NluEngine) -> None:
    ours, theirs = values_of(engine, "quand passe la poubelle jaune"), values_of(engine, "mon opérateur internet")
    assert ours["odds_least"] > theirs["odds_least"]
    assert ours["odds"] > 0 > theirs["odds"]


def test_a_stem_is_weighed_by_how_often_it_is_said_on_each_side() -> None:
    known = Known({"poubel": 9}, {"train": 4}, (99, 49))
    assert known.odds("poubel") > 0 > known.odds("train")
    assert known.odds("inconnu") == pytest.approx(math.log(50 / 100))


def test_what_is_left_to_other_subjects_is_taken_from_all_intents_alike() -> None:
    before = np.array([0.6, 0.2, 0.2], dtype=np.float32)
    after = scoped(before, other=2, probability=0.4)
    assert after.tolist() == pytest.approx([0.3, 0.1, 0.6])


def test_an_answer_to_somebody_else_s_business_costs_four_questions_too_many() -> None:
    ours = Row("la poubelle", ("collecte.jours",), {})
    theirs = Row("le train", (OTHER,), {})
    told = [
        (ours, (Candidate("collecte.jours", 0.75), Candidate(OTHER, 0.25))),
        (theirs, (Candidate("collecte.jours", 0.7), Candidate(OTHER, 0.3))),
    ]
    assert cost(told, Thresholds(sure=0.5, outside=0.1)) == pytest.approx(1.0)
    assert cost(told, Thresholds(sure=0.5, outside=0.25)) == pytest.approx(0.0)
    assert cost(told, Thresholds(sure=0.5, outside=0.35)) == pytest.approx(4.0)


def test_no_clue_can_overflow() -> None:
    scope = Scope(bias=0.0, pooled=1e6)
    assert within(scope, [1e6, *[0.0] * (len(CLUES) - 1)]) == pytest.approx(1.0)
    assert within(scope, [-1e6, *[0.0] * (len(CLUES) - 1)]) == pytest.approx(0.0)


def test_the_fit_finds_the_clue_that_tells() -> None:
    rest = [0.0] * (len(CLUES) - 1)
    cases = [Case((float(value), *rest), value > 0, 100.0) for value in range(-20, 21)]
    scope = fit(cases)
    assert scope.pooled > 0
    assert scope.words == pytest.approx(0.0)
    assert within(scope, [5.0, *rest]) > 0.9 > 0.1 > within(scope, [-5.0, *rest])


def test_examples_of_one_sentence_or_one_world_are_never_learnt_and_judged_at_once(data: NluData) -> None:
    parts: dict[object, set[int]] = {}
    for example in examples_of(data):
        parts.setdefault(example.table or example.source, set()).add(part_of(example))
    assert {len(found) for found in parts.values()} == {1}


def test_the_same_sentence_gives_the_same_examples_whatever_stands_beside_it(data: NluData) -> None:
    texts = [example.text for example in examples_of(data) if example.table == "lieux" and not example.heard]
    alone = NluData((), data.streams, {}, {}, (), (), elsewhere=tuple(t for t in data.elsewhere if t.id == "lieux"))
    assert [example.text for example in examples_of(alone)] == texts
    assert not any(" de le " in text or "{nom}" in text for text in texts)
    assert math.isclose(len(texts) / len(set(texts)), 1.0, abs_tol=0.1)
