"""The object that is meant: not a word that only looks like its name, nor what carries the waste or where it lies."""

import pytest

from voicebot.dialog.nlu.base import Background
from voicebot.dialog.nlu.engine import NluEngine


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("des gens ont laissé un canapé", "canapé"),
        ("quelqu'un a balancé des pneus dans le fossé", "pneu"),
        ("quelqu'un a vidé une remorque de gravats dans le chemin", "gravats"),
        ("un fourgon blanc a vidé des gravats dans le chemin", "gravats"),
        ("un tas de bois abandonné sur le trottoir", "bois"),
        ("est-ce que je peux venir avec un vieux frigo à la déchetterie", "réfrigérateur"),
        ("combien de mètres cubes de gravats on peut apporter", "gravats"),
        ("le sable de la litière du chat je le vide où", "litière pour chat"),
        ("où jeter un mètre", "mètre ruban"),
        ("où jeter un livre", "livre"),
    ],
)
def test_the_object_meant_is_found(engine: NluEngine, background: Background, text: str, thing: str) -> None:
    assert engine.understand(text, (), background).entities["objet"] == thing


@pytest.mark.parametrize(
    "text",
    [
        "décharge sauvage dans le bois de Saint-Gatien",
        "à la déchetterie combien de mètres cubes par jour",
        "je peux venir avec une remorque à la déchetterie",
        "j'ai perdu mon badge de déchetterie",
        "la déchetterie de Touques nous accepte",
        "je suis pas d'ici mais est-ce que j'ai le droit d'aller à la déchetterie",
        "il y a plein de déchets par terre sur le parking de la plage",
    ],
)
def test_a_word_that_only_looks_like_an_object_is_none(engine: NluEngine, background: Background, text: str) -> None:
    assert "objet" not in engine.understand(text, (), background).entities


@pytest.mark.parametrize(
    "text",
    [
        "allez bonne journée à vous",
        "mettez-moi en relation avec le standard",
        "contrôle du branchement",
        "le notaire me réclame un papier pour le tout-à-l'égout",
    ],
)
def test_a_word_that_only_looks_like_a_stream_is_none(engine: NluEngine, background: Background, text: str) -> None:
    assert "flux" not in engine.understand(text, (), background).entities


def test_a_trickle_of_water_at_the_tap_is_a_cut(engine: NluEngine, background: Background) -> None:
    assert engine.understand("j'ai un filet d'eau au robinet c'est normal", (), background).intent == "eau.coupure"
