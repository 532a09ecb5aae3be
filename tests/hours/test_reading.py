"""Reading hours.toml: what it means, what lies over what, and what it refuses."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.clock import PARIS
from voicebot.hours import HoursRefused, OpeningHours, load_hours

FULL = """
version = 1
fuseau = "Europe/Paris"

[vacances_scolaires]
zone = "B"

[[vacances_scolaires.annee]]
annee = "2028-2029"
periode = [
  { nom = "Toussaint", du = 2028-10-21, au = 2028-11-05 },
  { nom = "Hiver", du = 2029-02-10, au = 2029-02-25, zones = "C" },
  { nom = "Hiver", du = 2029-02-17, au = 2029-03-04, zones = "AB" },
]

[calendrier.accueil]
nom = "l'accueil"
confirmed = true
source = "affiche"
mardi = ["9:00-12:00", "13:30-17:00"]
jeudi = "9-12"
jours_feries = ["10:00-12:00"]

[calendrier.accueil.vacances]
samedi = ["9:00-12:00"]

[[calendrier.accueil.saison]]
nom = "été"
periode = { du = "07-01", au = "08-31" }
mardi = ["8:00-14:00"]

[[calendrier.accueil.exception]]
du = 2028-12-01
au = 2028-12-31
motif = "travaux"

[[calendrier.accueil.exception]]
du = 2028-12-05
horaires = ["9:00-10:00"]

[calendrier.centre]
lundi = ["0:00-24:00"]
jours_feries = "ouvert"
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hours.toml").write_text(text, encoding="utf-8")
    return folder


def mistakes_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(HoursRefused) as refused:
        load_hours([write(folder, text)])
    assert str(refused.value).splitlines() == [str(mistake) for mistake in refused.value.mistakes]
    return [f"{mistake.key}: {mistake.message}" for mistake in refused.value.mistakes]


@pytest.fixture
def full(tmp_path: Path) -> OpeningHours:
    return load_hours([write(tmp_path, FULL)])


@pytest.mark.parametrize(
    ("day", "spans"),
    [
        ("2028-10-03", ((540, 720), (810, 1020))),
        ("2028-10-05", ((540, 720),)),
        ("2028-10-04", ()),
        ("2029-07-03", ((480, 840),)),
        ("2028-11-11", ((600, 720),)),
        ("2028-10-28", ((540, 720),)),
        ("2029-02-10", ()),
        ("2029-02-24", ((540, 720),)),
        ("2028-12-05", ((540, 600),)),
        ("2028-12-12", ()),
    ],
    ids=[
        "week",
        "short form",
        "absent day",
        "season",
        "public holiday",
        "school",
        "other zone",
        "zone",
        "day",
        "works",
    ],
)
def test_every_kind_of_hours_is_read(full: OpeningHours, day: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert full.calendar("accueil").spans(date.fromisoformat(day)) == spans


def test_what_is_said_about_a_calendar_is_read(full: OpeningHours) -> None:
    desk, centre = full.calendar("accueil"), full.calendar("centre")
    assert (desk.name, desk.confirmed, desk.timetable.source) == ("l'accueil", True, "affiche")
    assert (centre.name, centre.confirmed) == ("centre", False)
    assert centre.is_open(datetime(2028, 5, 1, tzinfo=PARIS))
    assert full.ids == ("accueil", "centre")


def test_a_later_folder_replaces_calendars_by_id_and_settings_one_by_one(tmp_path: Path) -> None:
    above = """
        [vacances_scolaires]
        zone = "C"
        [calendrier.accueil]
        vendredi = ["9:00-12:00"]
        vacances = { samedi = ["9:00-12:00"] }
    """
    hours = load_hours([write(tmp_path / "base", FULL), tmp_path / "absent", write(tmp_path / "above", above)])
    desk = hours.calendar("accueil")
    assert desk.spans(date(2028, 10, 3)) == ()
    assert desk.spans(date(2028, 10, 6)) == ((540, 720),)
    assert desk.spans(date(2029, 2, 10)) == ((540, 720),), "the school years of the base, the zone of the profile"
    assert hours.ids == ("accueil", "centre")


def test_a_given_school_year_replaces_the_published_one(tmp_path: Path) -> None:
    text = """
        [[vacances_scolaires.annee]]
        annee = "2026-2027"
        periode = [{ nom = "Noël", du = 2026-12-12, au = 2026-12-20 }]
        [calendrier.accueil]
        lundi = ["9:00-17:00"]
        vacances = { samedi = ["9:00-12:00"] }
    """
    desk = load_hours([write(tmp_path, text)]).calendar("accueil")
    assert desk.spans(date(2026, 12, 12)) == ((540, 720),)
    assert desk.spans(date(2026, 12, 26)) == ()
    assert desk.spans(date(2027, 10, 30)) == ((540, 720),)


@pytest.mark.parametrize(
    ("text", "key", "part"),
    [
        ('lundi = ["9h-17h"]', "calendrier.x.lundi", "'9h-17h' n’est pas une plage horaire"),
        ('lundi = ["17:00-9:00"]', "calendrier.x.lundi", "finit avant de commencer"),
        ('lundi = ["9:00-25:00"]', "calendrier.x.lundi", "n’est pas une plage horaire"),
        ('lundi = ["9:00-9:00"]', "calendrier.x.lundi", "n’est pas une plage horaire"),
        ('lundi = ["9:00-12:00", "11:00-13:00"]', "calendrier.x.lundi", "se chevauchent"),
        ("lundi = 9", "calendrier.x.lundi", "est attendu, et non 9"),
        ("lundi = [9]", "calendrier.x.lundi", "9 n’est pas une plage horaire"),
        ('lunid = ["9:00-12:00"]', "calendrier.x.lunid", "clé inconnue ; clés possibles : confirmed, dimanche"),
        ('confirmed = "oui"', "calendrier.x.confirmed", "true ou false"),
        ("jours_feries = true", "calendrier.x.jours_feries", 'une liste d’horaires ou "ouvert"'),
        ("jours_feries = ['fermé']", "calendrier.x.jours_feries", "n’est pas une plage horaire"),
        ("vacances = { sam = [] }", "calendrier.x.vacances.sam", "clé inconnue"),
        ("saison = [{ lundi = [] }]", "calendrier.x.saison.1.periode", "a besoin de ses dates"),
        (
            'saison = [{ periode = { du = "31-12", au = "02-30" } }]',
            "calendrier.x.saison.1.periode.du",
            "« 31-12 » n’est pas un jour de l’année",
        ),
        ("exception = [{ horaires = [] }]", "calendrier.x.exception.1.du", "cette date est obligatoire"),
        ("exception = [{ du = 2026-12-25, au = 2026-12-24 }]", "calendrier.x.exception.1.au", "vient avant le premier"),
        ('exception = [{ du = "25/12" }]', "calendrier.x.exception.1.du", "un jour écrit comme 2026-12-25"),
        ("exception = [{ du = 2026-12-25T10:00:00 }]", "calendrier.x.exception.1.du", "un jour écrit comme 2026-12-25"),
        ("exception = [3]", "calendrier.x.exception", "une suite de tables"),
    ],
)
def test_a_mistake_in_a_calendar_is_told_with_its_key(tmp_path: Path, text: str, key: str, part: str) -> None:
    found = mistakes_of(tmp_path, f'[calendrier.x]\n{text}\nmardi = ["9:00-17:00"]\n')
    assert any(mistake.startswith(f"{key}: ") and part in mistake for mistake in found), found


@pytest.mark.parametrize(
    ("text", "key", "part"),
    [
        ('fuseau = "Paris"', "fuseau", "« Paris » n’est pas prévu"),
        ('region = "14"', "region", "choisir parmi : 57, 6AE, 971"),
        ("horaires = 3", "horaires", "clé inconnue"),
        ("calendrier = 3", "calendrier", "une table [calendrier]"),
        ('vacances_scolaires = { zone = "D" }', "vacances_scolaires.zone", "choisir parmi : A, B, C"),
        (
            'vacances_scolaires = { annee = [{ annee = "2028" }] }',
            "vacances_scolaires.annee.1.annee",
            "l’écrire comme 2028-2029",
        ),
        (
            'vacances_scolaires = { annee = [{ annee = "2028-2030" }] }',
            "vacances_scolaires.annee.1.annee",
            "l’écrire comme 2028-2029",
        ),
        (
            'vacances_scolaires = { annee = [{ annee = "2028-2029" }] }',
            "vacances_scolaires.annee.1.periode",
            "au moins une période",
        ),
        (
            'vacances_scolaires = { annee = [{ annee = "2028-2029", '
            "periode = [{ du = 2029-10-20, au = 2029-11-05 }] }] }",
            "vacances_scolaires.annee.1.periode.1.du",
            "tenir dans l’année scolaire 2028-2029",
        ),
        (
            'vacances_scolaires = { annee = [{ annee = "2028-2029", '
            'periode = [{ du = 2028-10-20, au = 2028-11-05, zones = "Paris" }] }] }',
            "vacances_scolaires.annee.1.periode.1.zones",
            "une ou plusieurs lettres",
        ),
        ("[calendrier.Accueil]\nlundi = '9-12'", "calendrier.Accueil", "en minuscules"),
        ("[calendrier.accueil]", "calendrier.accueil", "n’ouvre jamais"),
    ],
)
def test_a_mistake_outside_calendars_is_told_with_its_key(tmp_path: Path, text: str, key: str, part: str) -> None:
    found = mistakes_of(tmp_path, text)
    assert any(mistake.startswith(f"{key}: ") and part in mistake for mistake in found), found


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    one = write(tmp_path / "un", 'fuseau = "Mars"\n[calendrier.a]\nlundi = ["x"]\nmardi = ["9-12"]\n')
    two = write(tmp_path / "deux", "[calendrier.b]\nmercredi = 3\njeudi = ['9-12']\n")
    with pytest.raises(HoursRefused) as refused:
        load_hours([one, two])
    assert [(mistake.file, mistake.key) for mistake in refused.value.mistakes] == [
        ("un/hours.toml", "fuseau"),
        ("un/hours.toml", "calendrier.a.lundi"),
        ("deux/hours.toml", "calendrier.b.mercredi"),
    ]


def test_what_is_not_toml_or_not_utf_8_or_not_there_is_told(tmp_path: Path) -> None:
    broken = write(tmp_path / "a", "[calendrier")
    latin = tmp_path / "b"
    latin.mkdir()
    (latin / "hours.toml").write_bytes("# été".encode("latin-1"))
    with pytest.raises(HoursRefused) as refused:
        load_hours([broken, latin])
    assert "a/hours.toml : le fichier ne peut pas être lu comme du TOML" in str(refused.value)
    assert "b/hours.toml : le fichier n’est pas enregistré en UTF-8" in str(refused.value)
    with pytest.raises(HoursRefused, match="manque dans chacun des dossiers : c, d"):
        load_hours([tmp_path / "c", tmp_path / "d"])


SCALARS = st.one_of(
    st.integers(-5, 50).map(str),
    st.sampled_from(["true", "2026-12-25", "12:30:00", "[]", "{}", '[["9-12"]]', "[{}]", '""', '"9-12"', '"ouvert"']),
    st.from_regex(r'"[0-9:\- ]{0,12}"', fullmatch=True),
)
KEYS = st.sampled_from(
    [
        "version",
        "fuseau",
        "region",
        "vacances_scolaires",
        "calendrier",
        "calendrier.x",
        "calendrier.x.lundi",
        "calendrier.x.saison",
        "calendrier.x.vacances",
        "calendrier.x.exception",
        "calendrier.x.jours_feries",
        "calendrier.x.confirmed",
        "vacances_scolaires.annee",
        "vacances_scolaires.zone",
        "autre",
    ]
)


@given(st.dictionaries(KEYS, SCALARS, max_size=5))
def test_any_document_is_read_or_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("hours")
    try:
        hours = load_hours([write(folder, "\n".join(f"{key} = {value}" for key, value in entries.items()))])
    except HoursRefused as refused:
        reasons = [mistake.message for mistake in refused.mistakes]
    else:
        reasons = [hours.calendar(name).weekly_words() for name in hours.ids] or ["no calendar"]
    assert all(reasons)
    assert reasons
