"""What is dictated: phone numbers, addresses, e-mail, references, names, volumes, yes and no."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from voicebot.dialog.nlu.entities.addresses import find_address
from voicebot.dialog.nlu.entities.consent import find_consent
from voicebot.dialog.nlu.entities.emails import find_email
from voicebot.dialog.nlu.entities.names import find_name
from voicebot.dialog.nlu.entities.phones import find_phone
from voicebot.dialog.nlu.entities.references import find_reference
from voicebot.dialog.nlu.entities.volumes import find_volume


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("zéro six douze trente-quatre cinquante-six soixante-dix-huit", "+33612345678"),
        ("0612345678", "+33612345678"),
        ("06 123 456 78", "+33612345678"),
        ("6 12 34 56 78", "+33612345678"),
        ("zéro six, un deux, trois quatre, cinq six, sept huit", "+33612345678"),
        ("zéro six douze, non treize, trente-quatre cinquante-six soixante-dix-huit", "+33613345678"),
        ("06 12 34 56 79, pardon, 78", "+33612345678"),
        ("06 12 34 euh je recommence 06 22 33 44 55", "+33622334455"),
        ("zéro six double zéro douze trente-quatre cinquante-six", "+33600123456"),
        ("plus trente-trois six douze trente-quatre cinquante-six soixante-dix-huit", "+33612345678"),
        ("+44 20 7946 0958", "+442079460958"),
        ("zéro deux trente et un quatre-vingt-huit cinquante-quatre quarante-neuf", "+33231885449"),
        ("061234567", None),
        ("je ne sais pas", None),
    ],
)
def test_phone_numbers_in_any_grouping_with_corrections(said: str, number: str | None) -> None:
    assert find_phone(said) == number


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 99_999_999), st.sampled_from(["06", "07", "02"]), st.randoms(use_true_random=False))
def test_numbers_read_out_by_pairs_or_digits_come_back(rest: int, prefix: str, chance: random.Random) -> None:
    digits = prefix + f"{rest:08d}"
    expected = find_phone(digits)
    pairs = [digits[i : i + 2] for i in range(0, 10, 2)]
    groups = [
        "zéro " + num2words(int(pair[1]), lang="fr") if pair[0] == "0" else num2words(int(pair), lang="fr")
        for pair in pairs
    ]
    singles = " ".join(num2words(int(digit), lang="fr") for digit in digits)
    assert find_phone(chance.choice([", ", " ... "]).join(groups)) == expected
    assert find_phone(singles) == expected


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("12 rue des Bains à Touques", "12 rue des Bains"),
        ("j'habite au douze bis rue du Général de Gaulle", "12 bis rue du Général de Gaulle"),
        ("3, avenue de la République, Deauville", "3 avenue de la République"),
        ("je suis rue de la Mer et il y a une fuite", "rue de la Mer"),
        ("chemin du Marais s'il vous plaît", "chemin du Marais"),
        ("rue du Moulin au numéro 12", "12 rue du Moulin"),
        ("13 rue de l église", "13 rue de l'Église"),
        ("j'habite avenue de la Mer numéro 5", "5 avenue de la Mer"),
        ("dans ma rue", None),
        ("au bout de la rue", None),
    ],
)
def test_addresses(said: str, address: str | None) -> None:
    assert find_address(said) == address


@pytest.mark.parametrize(
    ("said", "email"),
    [
        ("jean point dupont arobase orange point fr", "jean.dupont@orange.fr"),
        ("c'est m a r i e arobase free point fr", "marie@free.fr"),
        ("j dupont tiret 14 arobase g mail point com", "jdupont-14@gmail.com"),
        ("marie underscore martin arobase hotmail point fr", "marie_martin@hotmail.fr"),
        ("lucie arobase la poste point net", "lucie@laposte.net"),
        ("Jean.Dupont@orange.fr", "jean.dupont@orange.fr"),
        ("morel tout attaché arobase sfr point fr", "morel@sfr.fr"),
        ("je n'en ai pas", None),
    ],
)
def test_email_by_spelling(said: str, email: str | None) -> None:
    assert find_email(said) == email


@pytest.mark.parametrize(
    ("said", "reference"),
    [
        ("B douze trente-quatre", "B1234"),
        ("D comme Denis 45", "D45"),
        ("ma référence c'est A quatre cent douze", "A412"),
        ("mon numéro de demande est le C 1845", "C1845"),
        ("dé quatre sept deux", "D472"),
        ("B-012", "B012"),
        ("c'est le D tiret quatre cent soixante-douze", "D472"),
        ("j'ai appelé à 10 heures", None),
        ("au 12 rue des Bains", None),
    ],
)
def test_ticket_references(said: str, reference: str | None) -> None:
    assert find_reference(said) == reference


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("je m'appelle Jean Dupont", "Jean Dupont"),
        ("madame Lefèvre", "Lefèvre"),
        ("Dupon D U P O N T", "Dupont"),
        ("dé u pé o enne té", "Dupont"),
        ("D comme Denis, U comme Ursule, P comme Pierre", "Dup"),
        ("oui c'est madame Durand à l'appareil", "Durand"),
        ("Huet avec un H, H U E T", "Huet"),
        ("non", None),
    ],
)
def test_names_said_or_spelled(said: str, name: str | None) -> None:
    assert find_name(said) == name


@pytest.mark.parametrize(
    ("said", "volume"),
    [
        ("deux mètres cubes", "2 m3"),
        ("environ 2,5 m3", "2.5 m3"),
        ("un canapé et deux fauteuils", "3 objets"),
        ("une armoire", "1 objet"),
        ("je ne sais pas", None),
    ],
)
def test_volumes(said: str, volume: str | None) -> None:
    assert find_volume(said) == volume


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("oui oui c'est bien ça", "oui"),
        ("ben ouais", "oui"),
        ("tout à fait", "oui"),
        ("pas de problème", "oui"),
        ("c'est pas ça", "non"),
        ("bien sûr que non", "non"),
        ("non, le 12", "non"),
        ("peut-être", None),
        ("à Touques", None),
    ],
)
def test_yes_no_or_neither(said: str, answer: str | None) -> None:
    assert find_consent(said) == answer
