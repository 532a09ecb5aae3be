"""Files of French words: what a civil servant is told of each mistake."""

from pathlib import Path

import pytest

from voicebot.words import WordsError, WordsFile


def read(path: Path) -> None:
    """Read a file with one text outside tables, one table of texts, one of lists."""
    file = WordsFile(path)
    file.texts("", {"bonjour": frozenset({"nom"})})
    file.texts("fin", {"merci": frozenset({"reference"})}, exact=True)
    file.lists("choix", ("oui",))
    file.settle()


def faults(tmp_path: Path, text: str) -> str:
    """Return what a file that holds ``text`` is refused for."""
    path = tmp_path / "mots.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WordsError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bonjour = 3", "mots.toml: bonjour: must be a text"),
        ("bonjour = ' '", "mots.toml: bonjour: must be a text"),
        ("bonjour = 'Bonjour {prenom}'", "bonjour: {prenom} is unknown (known: {nom})"),
        ("bonjour = 'Bonjour {nom'", "bonjour: has a mistake in its braces"),
        ("bonsoir = 'Bonsoir'", "bonsoir: unknown (known: bonjour, choix, fin)"),
        ("fin = 'Merci'", "[fin]: this table is missing"),
        ("[fin]\nmerci = 'Merci'", "fin.merci: must hold {reference}"),
        ("[fin]\nmerci = '{reference}'\nadieu = 'Adieu'", "fin.adieu: unknown (known: merci)"),
        ("[choix]\noui = []", "choix.oui: must be a list of texts"),
        ("[choix]\noui = ['oui', 1]", "choix.oui: must be a list of texts"),
        ("[choix", "cannot be read"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in faults(tmp_path, text)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    assert faults(tmp_path, "bonjour = 3\n[choix]\noui = 1").count("\n") == 2


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(WordsError, match=r"rien\.toml: cannot be read"):
        WordsFile(tmp_path / "rien.toml")
