"""Learning from what the recogniser makes of examples: confusions of words, examples heard, what is worth keeping."""

import csv
import random
from dataclasses import replace
from pathlib import Path

from voicebot.bench.misheard import KEPT, keep, order
from voicebot.dialog.nlu.base import Verdict
from voicebot.dialog.nlu.combine import Thresholds, judge
from voicebot.dialog.nlu.confusions import Confusions, differences, words_of
from voicebot.dialog.nlu.data import HeardData, IntentData, NluData
from voicebot.dialog.nlu.examples import examples_of
from voicebot.dialog.turns import Candidate


def test_a_phrase_heard_otherwise_is_found_between_the_words_heard_right() -> None:
    said, heard = words_of("où est la déchetterie de Touques"), words_of("Où est la des chetteries de Touques ?")
    assert differences(said, heard) == [(("déchetterie",), ("des", "chetteries"))]


def test_a_phrase_that_sounds_otherwise_is_no_misheard_word() -> None:
    assert differences(words_of("le bac jaune est plein"), words_of("le plombier est plein")) == []


def test_an_example_never_said_is_written_as_it_may_be_heard() -> None:
    confusions = Confusions([("la déchetterie", "la déchette rit"), ("les égouts", "les égaux")])
    assert len(confusions) == 2
    written = {confusions.misheard("où est la déchetterie", random.Random(seed)) for seed in range(8)}  # noqa: S311
    assert written == {"", "où est la déchette rit"}


def _data(*heard: HeardData) -> NluData:
    intents = tuple(IntentData(id_, id_, (), (), texts) for id_, texts in _EXAMPLES.items())
    return NluData(intents, (), {}, {}, (), (), heard=heard)


_EXAMPLES = {"eau.fuite": ("mon compteur fuit",), "hors_sujet": ("quel temps fait-il", "une pizza", "un taxi")}


def test_what_was_heard_comes_from_its_example_and_is_forgotten_with_it() -> None:
    kept = HeardData("mon compteur fuit", "eau.fuite", "Mon compteur fui.")
    gone = replace(kept, said="une phrase retirée")
    written = next(example for example in examples_of(_data()) if example.intent == "eau.fuite")
    heard = [example for example in examples_of(_data(kept, gone)) if example.heard]
    assert [(one.text, one.source, one.first) for one in heard] == [("Mon compteur fui.", written.source, False)]


def test_any_beginning_of_the_order_is_spread_over_the_intents() -> None:
    found = list(order(examples_of(_data()), seed=1))
    assert {example.intent for example in found[:4]} == set(_EXAMPLES)
    assert len({example.text for example in found}) == 4


def test_only_what_was_misheard_and_still_resembles_is_kept(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw.csv", tmp_path / "entendus.csv"
    rows = ["Où jeter une pile ?", "Où j'étais une pile ?", "Le chat dort sur le canapé bleu."]
    lines = [f"où jeter une pile,tri.objet,{heard},,pico,white 20 dB" for heard in rows]
    raw.write_text("\n".join(["dit,intention,entendu,autres,voix,ligne", *lines]), encoding="utf-8")
    assert keep(raw, out) == 1
    with out.open(encoding="utf-8", newline="") as kept:
        reader = csv.DictReader(kept, delimiter=";")
        assert tuple(reader.fieldnames or ()) == KEPT
        assert [row["entendu"] for row in reader] == ["Où j'étais une pile ?"]


def test_the_mean_over_several_texts_needs_less_to_be_acted_upon() -> None:
    candidates = (Candidate("eau.fuite", 0.6), Candidate("eau.prix", 0.2), Candidate("hors_sujet", 0.1))
    thresholds = Thresholds(sure=0.7, heard=0.5)
    assert judge(candidates, thresholds)[0] is Verdict.UNSURE
    assert judge(candidates, thresholds, several=True)[0] is Verdict.SURE


def test_the_next_best_texts_are_kept_once_each(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw.csv", tmp_path / "entendus.csv"
    others = "où j'étais une pile / Ou geter une pile / Où jeter une pille / Où jeter une vile"
    line = f"où jeter une pile,tri.objet,Où j'étais une pile ?,{others},pico,white 20 dB"
    raw.write_text(f"dit,intention,entendu,autres,voix,ligne\n{line}\n", encoding="utf-8")
    assert keep(raw, out) == 2
    with out.open(encoding="utf-8") as lines:
        heard = [row["entendu"] for row in csv.DictReader(lines, delimiter=";")]
    assert heard == ["Où j'étais une pile ?", "Ou geter une pile"]
