"""A mistake in the data of understanding gives one clear message with its file and place."""

from pathlib import Path

import pytest

from voicebot.dialog.nlu.data import NluData, load_nlu_data
from voicebot.dialog.nlu.errors import NluDataError

_OTHER = '["hors_sujet"]\nnom = "autre chose"\nexemples = """\nquel temps fait-il\n"""\n'


def _profile(folder: Path, **files: str) -> Path:
    for name, text in {"intents/autre.toml": _OTHER, **files}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("intents/x.toml", '["a"]\nnom = "a"\n', "exemples"),
        ("intents/x.toml", '["a"]\nnom = "a"\nexempels = "b"\n', "exempels"),
        ("intents/x.toml", '\n["a"]\nnom = "a"\nentites = ["comune"]\nexemples = "b"\n', "line 2"),
        ("intents/x.toml", '["a"\n', "line 1"),
        ("communes.toml", "[[commune]]\nsurnoms = []\n", "commune number 1"),
        ("communes.toml", "[[village]]\n", "village"),
        ("lexique/flux.toml", '["verre"]\nnoms = "verre"\n', "noms"),
        ("lexique/ailleurs.toml", '["lieux"]\nnoms = ["la gare"]\nphrases = "où est la gare"\n', "{nom}"),
        ("lexique/ailleurs.toml", '["lieux"]\nnoms = ["la gare"]\nsignale = "oui"\n', "signale"),
        ("lexique/mots.toml", '[vagues]\n"les poubelles" = ["hors_sujet"]\n', "two intents"),
        ("lexique/mots.toml", '[vagues]\n"les poubelles" = ["hors_sujet", "autre"]\n', "unknown intent autre"),
        ("lexique/entendus.csv", "dit,intention,entendu\n", "column dit is missing"),
        ("lexique/entendus.csv", "dit;intention;entendu\nbonjour;salut;bon jour\n", "line 2"),
        ("tri/objets.csv", "nom,synonymes\n", "column nom is missing"),
        ("tri/objets.csv", "nom;synonymes\n;verre\n", "line 2"),
    ],
)
def test_a_mistake_names_its_file_and_place(tmp_path: Path, file: str, text: str, said: str) -> None:
    with pytest.raises(NluDataError) as problem:
        load_nlu_data([_profile(tmp_path, **{file: text})])
    assert file in str(problem.value)
    assert said in str(problem.value)


def test_a_later_folder_replaces_by_id_and_adds_the_rest(tmp_path: Path) -> None:
    first = _profile(tmp_path / "base", **{"tri/objets.csv": "nom;synonymes\npile;piles|accu\n"})
    mine = '["hors_sujet"]\nnom = "ailleurs"\nexemples = "la météo"\n'
    second = _profile(tmp_path / "own", **{"intents/autre.toml": mine, "tri/objets.csv": "nom;synonymes\nsapin;\n"})
    data = load_nlu_data([first, second])
    assert data.labels == {"hors_sujet": "ailleurs"}
    assert [item.name for item in data.objects] == ["pile", "sapin"]


def test_every_intent_of_the_common_ground_has_enough_examples(data: NluData) -> None:
    few = {i.id: len(i.examples) for i in data.intents if len(i.examples) < (40 if "." in i.id else 20)}
    assert few == {}


def test_no_example_is_given_to_two_intents(data: NluData) -> None:
    seen: dict[str, str] = {}
    twice = []
    for intent in data.intents:
        for text in intent.examples:
            if seen.setdefault(text, intent.id) != intent.id:
                twice.append((text, seen[text], intent.id))
    assert twice == []


def test_the_territory_has_its_twelve_communes(data: NluData) -> None:
    assert len([town for town in data.communes if not town.outside]) == 12
