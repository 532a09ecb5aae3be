"""Content files: what is accepted, what is refused and how it is told, what is not certain."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.dialog.scripted import BASE, COAST, coast, context, converse
from voicebot.dialog.errors import ContentRefused, Mistake
from voicebot.dialog.knowledge import load_knowledge
from voicebot.dialog.turns import Transfer


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    for folder in (BASE, COAST):
        shutil.copytree(folder, tmp_path / folder.name)
    return [tmp_path / BASE.name, tmp_path / COAST.name]


def refused(folders: list[Path]) -> tuple[Mistake, ...]:
    with pytest.raises(ContentRefused) as caught:
        load_knowledge(folders)
    return caught.value.mistakes


def edit(path: Path, old: str, new: str) -> int:
    """Replace ``old`` by ``new`` and return the line it was on."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_profile_overrides_an_answer_of_the_base_by_its_id(folders: list[Path]) -> None:
    own = folders[1] / "answers"
    own.mkdir()
    (own / "a_nous.toml").write_text('[saluer]\ndire = "Bien le bonjour."\n', encoding="utf-8")
    _, replies = converse(load_knowledge(folders), "bonjour [saluer]")
    assert "Bien le bonjour." in replies[-1].text


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("collecte.toml", 'flux = "emballages"', 'flux = "emballage"', "« emballage » n’est pas prévu"),
        ("collecte.toml", "BYDAY=MO,WE,FR", "BYDAY=LUNDI", "n’est pas une règle RFC 5545"),
        ("collecte.toml", '"Saint-Arnoult"]', '"Saint-Arnoul"]', "« Saint-Arnoul » n’est pas une commune"),
        ("collecte.toml", 'du = "04-01"', 'du = "1er avril"', "l’écrire mois-jour"),
        ("decheteries.toml", '"9:00-12:00"', '"9h à 12h"', "n’est pas une plage horaire"),
        ("decheteries.toml", "latitude = 49.336", 'latitude = "49.336"', "un nombre est attendu"),
        ("profile.toml", "demo = true", 'demo = "oui"', "true ou false est attendu"),
        ("profile.toml", 'accueil = "assistante"', 'acueil = "assistante"', "clé inconnue"),
        ("profile.toml", 'sujets = ["*"]', 'sujets = ["dechets"]', "ni une intention ni un thème"),
        ("faits.toml", 'valeur = "le service des eaux"', 'vaeur = "le service des eaux"', "cette clé est obligatoire"),
        ("bornes.csv", "Deauville;verre;place du Marché;non", "Deauville;verre;place du Marché", "3 colonnes au lieu"),
        ("bornes.csv", "Touques;papier;", "Touques;carton;", "« carton » n’est pas un flux"),
        ("rendez_vous.toml", "[encombrants]", "[encombrant]", "aucun formulaire ne porte ce nom"),
    ],
)
def test_mistake_is_told_with_its_file_and_what_to_do(
    folders: list[Path], file: str, old: str, new: str, said: str
) -> None:
    edit(folders[1] / file, old, new)
    mistakes = refused(folders)
    assert any(said in str(mistake) and mistake.file.endswith(file) for mistake in mistakes), mistakes


def test_mistake_is_told_with_its_line(folders: list[Path]) -> None:
    line = edit(folders[1] / "collecte.toml", 'ferie = "decale_semaine"', 'ferie = "samedi"')
    (mistake,) = refused(folders)
    assert (mistake.line, mistake.key) == (line, "tournee.8.ferie")


def test_broken_toml_is_told_with_its_line(folders: list[Path]) -> None:
    edit(folders[1] / "faits.toml", '[eau_urgence]\nvaleur = "02', "[eau_urgence]\nvaleur = 02")
    mistakes = refused(folders)
    assert any(one.file.endswith("faits.toml") and one.line == 9 and "TOML" in one.message for one in mistakes), (
        mistakes
    )


def test_file_that_is_not_utf8_is_told_with_its_line(folders: list[Path]) -> None:
    path = folders[1] / "bornes.csv"
    path.write_bytes(path.read_bytes() + "Touques;verre;près de l’été;non\n".encode("cp1252"))
    (mistake,) = refused(folders)
    assert mistake.line == len(path.read_bytes().splitlines())
    assert "UTF-8" in mistake.message


def test_all_mistakes_are_told_at_once(folders: list[Path]) -> None:
    edit(folders[1] / "profile.toml", 'assistante = "Sophie"', "")
    edit(folders[1] / "decheteries.toml", '"14:00-17:00"', '"17:00-14:00"')
    edit(folders[0] / "answers" / "eau.toml", "{eau_durete}", "{eau_dureté}")
    assert {mistake.file.split("/")[-1] for mistake in refused(folders)} >= {
        "profile.toml",
        "decheteries.toml",
        "eau.toml",
    }


def test_sentence_too_long_for_the_ear_is_refused(folders: list[Path]) -> None:
    edit(folders[0] / "answers" / "conversation.toml", "Je vous écoute.", "très " * 21 + "longue phrase.")
    assert any("20 au plus" in mistake.message for mistake in refused(folders))


def test_variable_that_does_not_exist_is_refused_with_those_that_do(folders: list[Path]) -> None:
    line = edit(folders[0] / "answers" / "eau.toml", '["eau.qualite"]', '["eau.qualite"]')
    edit(folders[0] / "answers" / "eau.toml", "{eau_durete}", "{durete_eau}")
    (mistake,) = refused(folders)
    assert (mistake.line, mistake.key) == (line, "eau.qualite")
    assert "eau_durete" in mistake.message


def test_choice_that_leads_nowhere_is_refused(folders: list[Path]) -> None:
    edit(folders[0] / "suggestions.toml", "intention:tri.objet", "intention:tri.objets")
    assert any("tri.objets" in mistake.message for mistake in refused(folders))


def test_missing_folder_is_told(tmp_path: Path) -> None:
    mistakes = refused([tmp_path / "nulle-part"])
    assert any("n’existe pas" in mistake.message for mistake in mistakes)


def test_unconfirmed_facts_are_listed() -> None:
    lines = coast().unconfirmed()
    assert any(line.startswith("fait eau_urgence") for line in lines)
    assert any(line.startswith("déchèterie touques") for line in lines)
    assert not any("accueil_horaires" in line for line in lines)


def test_demonstration_says_so_once_in_a_call() -> None:
    _, replies = converse(
        coast(),
        "les poubelles à Touques [collecte.jours commune=Touques flux=emballages]",
        "le prix de l'eau [eau.prix]",
    )
    said = [reply.text.count("en démonstration") for reply in replies]
    assert said == [0, 1, 0]


def test_unconfirmed_fact_is_never_told_by_a_real_profile(folders: list[Path]) -> None:
    edit(folders[1] / "profile.toml", "demo = true", "demo = false")
    knowledge = load_knowledge(folders)
    unsure = [
        "collecte.jours commune=Touques flux=emballages",
        "collecte.jours commune=Touques",
        "decheterie.horaires commune=Touques",
        "decheterie.adresse commune=Touques",
        "decheterie.acces",
        "apport.localisation commune=Touques flux=verre",
        "commune.services commune=Touques",
        "eau.prix",
        "eau.coupure",
        "service.contact",
        "redevance.pro",
    ]
    for meaning in unsure:
        _, replies = converse(knowledge, f"question [{meaning}]")
        assert "un conseiller" in replies[-1].text.lower(), meaning
        assert "cœur côte fleurie point org" in replies[-1].text
        assert not any(sign in replies[-1].text for sign in ("mardi", "02 61", "9 h", "euros", "chemin du Roy")), (
            meaning
        )


def test_real_profile_hands_over_what_it_may_not_tell(folders: list[Path]) -> None:
    edit(folders[1] / "profile.toml", "demo = true", "demo = false")
    _, replies = converse(load_knowledge(folders), "le prix de l'eau [eau.prix]", "oui [oui]")
    assert [action.target for action in replies[-1].actions if isinstance(action, Transfer)] == ["conseillers"]


def test_real_profile_tells_what_is_confirmed(folders: list[Path]) -> None:
    edit(folders[1] / "profile.toml", "demo = true", "demo = false")
    _, replies = converse(load_knowledge(folders), "vos horaires [service.horaires]")
    assert "de 9 h à 17 h" in replies[-1].text


def test_closure_of_a_centre_is_heeded(folders: list[Path]) -> None:
    path = folders[1] / "decheteries.toml"
    closure = '[[site.fermeture]]\ndu = 2026-11-23\nau = 2026-11-25\nmotif = "travaux"\n'
    edit(path, '[[site]]\nid = "villers"', f'{closure}\n[[site]]\nid = "villers"')
    touques = load_knowledge(folders).centres[0]
    assert touques.intervals(date(2026, 11, 25)) == ()
    assert touques.next_open_day(date(2026, 11, 24)) == date(2026, 11, 26)


@pytest.fixture
def village(tmp_path: Path) -> Path:
    """Return another community: one commune, nothing confirmed, nothing but the obligatory files."""
    folder = tmp_path / "val-dore"
    folder.mkdir()
    facts = "".join(f'[{name}]\nvaleur = "à compléter"\n\n' for name in ("site", "telephone", "adresse", "email"))
    identity = 'service = "le service"\ncollectivite = "la communauté du Val Doré"\nassistante = "Camille"\n\n'
    (folder / "profile.toml").write_text(identity + facts, encoding="utf-8")
    (folder / "mairies.toml").write_text('["Le Val"]\nlatitude = 48.0\nlongitude = 2.0\n', encoding="utf-8")
    return folder


def test_another_community_needs_two_files_and_answers_every_request_safely(village: Path) -> None:
    from voicebot.dialog.knowledge.check import INTENTS

    knowledge = load_knowledge([BASE, village])
    for intent in INTENTS:
        for open_ in (True, False):
            _, replies = converse(
                knowledge,
                f"question [{intent}]",
                "le Val [=Le_Val]",
                "oui [oui]",
                f'question [{intent} commune="Le Val" flux=verre objet=pile date=2026-12-25]',
                at=context(open_=open_),
            )
            assert all(reply.text for reply in replies), intent
            assert not any("à compléter" in reply.text for reply in replies[1:]), intent
    assert "Camille" in replies[0].text


def test_community_without_advisers_offers_a_callback(village: Path) -> None:
    _, replies = converse(load_knowledge([BASE, village]), "un conseiller [conseiller]")
    assert "rappelé" in replies[-1].text


@pytest.mark.parametrize(
    ("thing", "answer"),
    [
        ("gravats", "Des gravats, ça se porte à la déchèterie."),
        ("pneu", "Un pneu, ça se laisse chez le garagiste ou à la déchèterie."),
        ("meuble", "Un meuble, ça se porte à la déchèterie, ou ça se donne si ça sert encore."),
        ("biodéchet", "Un biodéchet, ça va au compost."),
        ("parpaing", "Un parpaing, ça se porte à la déchèterie, avec les gravats."),
    ],
)
def test_an_object_is_not_said_to_go_with_itself(thing: str, answer: str) -> None:
    _, replies = converse(coast(), f"où jeter ça [tri.objet objet={thing}]")
    assert any(answer in say.text for say in replies[-1].says)
