"""Reading menus: what lies over what, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.ivr_menus import DEFAULT_MENUS, Known, Menus, MenusRefused, load_menus

SENTENCES = """
[phrases]
silence = ["Je ne vous entends pas."]
incompris = ["Pardon ?"]
au_revoir = "Au revoir."
vers_conseiller = "Voyons autrement."
[touches]
choix = "Au clavier : {choix}."
commune = "Tapez les lettres."
numero = "Tapez les chiffres."
suite = "Pour autre chose, tapez 1."
a_dire = "Ou tapez 1."
[mots]
retour = ["retour"]
"""
GOOD = """
[menu.a]
titre = "A"
racine = true
annonce = "Dites ou tapez : {choix}."
[[menu.a.choix]]
id = "un"
touche = "1"
nom = "collecte"
dire = ["ramassage"]
faire = { intention = "collecte.jours", entites = { flux = "verre" } }
"""


def write(folder: Path, text: str, name: str = "menus.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def mistakes_of(folder: Path, text: str, known: Known | None = None) -> list[str]:
    with pytest.raises(MenusRefused) as refused:
        load_menus([write(folder, text)], known)
    assert str(refused.value).splitlines() == [str(mistake) for mistake in refused.value.mistakes]
    return [f"{mistake.key}: {mistake.message}" for mistake in refused.value.mistakes]


def menu(name: str, *actions: str, root: bool = False, announcement: str = "Tapez : {choix}.") -> str:
    """A menu with one choice for each action."""
    choices = [
        f'[[menu.{name}.choix]]\nid = "c{n}"\ntouche = "{n}"\n'
        f'nom = "{letter} {name}"\ndire = ["{letter}"]\nfaire = {do}\n'
        for n, (letter, do) in enumerate(zip("abcdefghi", actions, strict=False), start=1)
    ]
    head = f'[menu.{name}]\ntitre = "{name}"\nannonce = "{announcement}"\nracine = {str(root).lower()}\n'
    return head + "".join(choices)


ANSWER = '{ intention = "tri.objet" }'


def goes(name: str) -> str:
    return f'{{ menu = "{name}" }}'


def test_good_menus_are_read(tmp_path: Path) -> None:
    menus = load_menus([write(tmp_path, GOOD + SENTENCES)])
    assert list(menus.menus) == ["a"]
    assert menus.menu("a").choices[0].action.entities == {"flux": "verre"}


@pytest.mark.parametrize(
    ("old", "new", "key", "part"),
    [
        ('touche = "1"', 'touche = "0"', "menu.a.choix.1.touche", "une touche de 1 à 9"),
        ('touche = "1"', 'touche = "12"', "menu.a.choix.1.touche", "une touche de 1 à 9"),
        ('touche = "1"', "touche = 1", "menu.a.choix.1.touche", "un texte entre guillemets"),
        ('touche = "1"', "", "menu.a.choix.1.touche", "un texte entre guillemets"),
        ('id = "un"', 'id = "Un choix"', "menu.a.choix.1.id", "en minuscules sans accent"),
        ('dire = ["ramassage"]', "dire = []", "menu.a.choix.1.dire", "une liste de textes non vides"),
        (
            'dire = ["ramassage"]',
            'dires = ["ramassage"]',
            "menu.a.choix.1.dires",
            "clé inconnue ; clés possibles : dire",
        ),
        ('dire = ["ramassage"]', 'dire = ["trois"]', "menu.a.choix.1.dire", "« trois » ne peut pas nommer un choix"),
        ('dire = ["ramassage"]', 'dire = ["Retour"]', "menu.a.choix.1.dire", "« retour » ne peut pas nommer un choix"),
        ('dire = ["ramassage"]', 'dire = ["!"]', "menu.a.choix.1.dire", "ne peut pas nommer un choix"),
        ("faire = { intention", "faire = { intentoin", "menu.a.choix.1.faire", "choisir une action parmi"),
        ("faire = { intention", 'faire = { menu = "a", intention', "menu.a.choix.1.faire", "choisir une action parmi"),
        ("racine = true", "racine = 'oui'", "menu.a.racine", "true ou false"),
        ("racine = true", "", "racine", "aucun menu n’est au départ"),
        ("racine = true", "racine = true\nsilence_s = 90", "menu.a.silence_s", "entre 3 et 30"),
        ('titre = "A"', "titre = ''", "menu.a.titre", "un texte entre guillemets"),
        ("tapez : {choix}", "tapez", "menu.a.annonce", "la touche 1 n’est pas annoncée"),
        ("tapez : {choix}", "tapez : {choix} {meteo}", "menu.a.annonce", "la variable {meteo} n’existe pas"),
        ("tapez : {choix}", "tapez : {choix", "menu.a.annonce", "une accolade n’est pas à sa place"),
        ("tapez : {choix}", "tapez : {choix} " + "bla " * 70, "menu.a.annonce", "secondes : moins de 20 sont permises"),
        ('["Pardon ?"]', '["Pardon {nom} ?"]', "phrases.incompris", "la variable {nom} n’existe pas"),
        ('au_revoir = "Au revoir."', "", "phrases.au_revoir", "cette phrase manque"),
        ("[mots]", "[mots]\nencore = ['x']", "mots.encore", "clé inconnue"),
        ("[phrases]", "[phrases]\nbonjour = 'x'", "phrases.bonjour", "clé inconnue"),
        ("[menu.a]", "[menu.À]", "menu", "TOML"),
        ("[menu.a]", "[menu.A]\n[menu.a]", "menu.A", "en minuscules"),
        ("[phrases]", "[divers]\n[phrases]", "divers", "clé inconnue"),
        ('suite = "Pour autre chose, tapez 1."', "", "touches.suite", "cette phrase manque"),
        ("[touches]", "[touches]\nfin = 'x'", "touches.fin", "clé inconnue"),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path: Path, old: str, new: str, key: str, part: str) -> None:
    assert old in GOOD + SENTENCES
    found = mistakes_of(tmp_path, (GOOD + SENTENCES).replace(old, new, 1))
    assert any(part in mistake and (mistake.startswith(f"{key}: ") or part == "TOML") for mistake in found), found


@pytest.mark.parametrize(
    ("menus", "key", "part"),
    [
        (menu("a", *[ANSWER] * 6, root=True), "menu.a.choix", "6 choix : il en faut de 1 à 5"),
        (menu("a", goes("b"), root=True), "menu.a.choix.1.faire.menu", "« b » n’existe pas ; connus : a"),
        (menu("a", ANSWER, root=True) + menu("b", ANSWER), "menu.b", "aucun choix ne mène à ce menu"),
        (menu("a", ANSWER, '"retour"', root=True), "menu.a.choix.2.faire", "un menu de départ n’a pas de retour"),
        (menu("a", ANSWER, goes("b"), root=True) + menu("b", '"retour"', '"repeter"'), "menu.b", "est une impasse"),
        (
            menu("a", goes("b"), root=True) + menu("b", ANSWER, goes("a")),
            "menu.a",
            "ces menus tournent en rond : a → b → a",
        ),
        (
            menu("a", goes("b"), root=True) + menu("b", goes("c")) + menu("c", goes("d")) + menu("d", ANSWER),
            "menu.d",
            "trop profond : a → b → c → d ; 3 niveaux au plus",
        ),
        (menu("a", ANSWER, ANSWER, root=True).replace('"2"', '"1"'), "menu.a.choix.2.touche", "sert déjà à « a a »"),
        (menu("a", ANSWER, ANSWER, root=True).replace('"c2"', '"c1"'), "menu.a.choix.2.id", "sert déjà à « a a »"),
        (menu("a", ANSWER, ANSWER, root=True).replace('["b"]', '["À !"]'), "menu.a.choix.2.dire", "« a » se dit déjà"),
    ],
    ids=[
        "six choices",
        "unknown",
        "unreachable",
        "back",
        "dead end",
        "ring",
        "deep",
        "same key",
        "same id",
        "same label",
    ],
)
def test_menus_that_would_lose_a_caller_are_refused(tmp_path: Path, menus: str, key: str, part: str) -> None:
    found = mistakes_of(tmp_path, menus + SENTENCES)
    assert any(mistake.startswith(f"{key}: ") and part in mistake for mistake in found), found


def test_what_a_choice_names_must_exist_once_it_is_known_what_there_is(tmp_path: Path) -> None:
    text = (
        menu("a", ANSWER, '{ formulaire = "x" }', '{ transfert = "y" }', '{ langue = "english" }', root=True)
        + SENTENCES
    )
    known = Known(intents={"collecte.jours"}, forms={"rappel", "depot"}, targets=set())
    assert mistakes_of(tmp_path, text) == [
        "menu.a.choix.4.faire.langue: un code de langue de deux lettres est attendu, comme en"
    ]
    found = mistakes_of(tmp_path, text.replace("english", "en"), known)
    assert [mistake.partition(": ")[2] for mistake in found] == [
        "« tri.objet » n’existe pas ; connus : collecte.jours",
        "« x » n’existe pas ; connus : depot, rappel",
        "« y » n’existe pas ; connus : aucun",
    ]


def test_the_length_is_judged_by_the_given_ear_with_the_longest_values(tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD.replace("Dites", "{site} Dites") + SENTENCES)
    told: list[str] = []

    def seconds(text: str) -> float:
        told.append(text)
        return 21.0 if "point fr" in text else 1.0

    assert load_menus([folder], Known(variables={"site": "exemple"}), seconds).menu("a")
    assert "exemple Dites ou tapez : collecte, 1." in told
    with pytest.raises(MenusRefused, match=r"dure 21\.0 secondes"):
        load_menus([folder], Known(variables={"site": "exemple point fr"}), seconds)


def test_a_profile_replaces_menus_by_id_and_sentences_one_by_one(tmp_path: Path) -> None:
    above = menu("nuit", goes("decheteries"), '"message"', root=True) + '[phrases]\nau_revoir = "Bonne nuit."\n'
    menus = load_menus([DEFAULT_MENUS, tmp_path / "absent", write(tmp_path / "menus", above)])
    assert [choice.name for choice in menus.menu("nuit").choices] == ["a nuit", "b nuit"]
    assert menus.sentences.goodbye == "Bonne nuit."
    assert menus.sentences.silences[0] == "Je ne vous entends pas."
    assert "urgence_eau" not in menus.menus, "a default menu that is no longer used is not there, and is no mistake"
    assert "dechets" in menus.menus


def test_a_menu_written_twice_in_one_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "un.toml")
    found = mistakes_of(tmp_path, GOOD + SENTENCES, None)
    assert any("ce menu est déjà écrit dans" in mistake for mistake in found)


def test_every_mistake_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "[menu", "a.toml")
    (tmp_path / "b.toml").write_bytes("# été".encode("latin-1"))
    found = mistakes_of(tmp_path, GOOD.replace('"1"', '"0"') + SENTENCES)
    assert len(found) == 3
    with pytest.raises(MenusRefused, match=r"aucun fichier \.toml dans : vide"):
        load_menus([tmp_path / "vide"])


VALUES = st.sampled_from(
    [
        "true",
        "3",
        '""',
        '"a"',
        '"{x"',
        "[]",
        '["a"]',
        "[[]]",
        "{}",
        "[{}]",
        '[{ id = "a" }]',
        '{ menu = "a" }',
        '"rappel"',
    ]
)
KEYS = st.sampled_from(
    [
        "menu",
        "menu.a",
        "menu.a.titre",
        "menu.a.annonce",
        "menu.a.choix",
        "menu.a.racine",
        "phrases",
        "phrases.silence",
        "mots",
        "mots.menu",
        "clavier",
        "clavier.liste",
        "autre",
    ]
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_document_without_its_sentences_is_refused_with_reasons(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str]
) -> None:
    folder = write(tmp_path_factory.mktemp("menus"), "\n".join(f"{key} = {value}" for key, value in entries.items()))
    with pytest.raises(MenusRefused) as refused:
        load_menus([folder])
    assert all(mistake.message for mistake in refused.value.mistakes)


def test_the_default_menus_are_good(menus: Menus) -> None:
    assert {menu.id for menu in menus.roots()} == {"nuit", "jour"}
