"""French as it is written becomes French as it is said."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.tts.clauses import NO_BREAK
from voicebot.tts.normalise import Normaliser, load_lexicon, normalise
from voicebot.tts.normalise.words import french_words

HOURS = {
    "9h30": "neuf heures trente",
    "9 h": "neuf heures",
    "9 h 30": "neuf heures trente",
    "9h05": "neuf heures cinq",
    "16 h 00": "seize heures",
    "09:30": "neuf heures trente",
    "1 heure": "une heure",
    "21 h": "vingt et une heures",
    "0h30": "minuit trente",
    "de 9h à 12h": "de neuf heures à midi",
    "entre 12h et 14h": "entre midi et quatorze heures",
    "pendant 12 h par jour": "pendant douze heures par jour",
    "à 12 h 30": "à douze heures trente",
    "9h-12h30": "neuf heures à douze heures trente",
    "9-17h": "neuf heures à dix-sept heures",
    "24h/24 et 7j/7": "vingt-quatre heures sur vingt-quatre et sept jours sur sept",
    "lun.-ven. 9h/12h": "lundi à vendredi neuf heures à midi",
    "une durée de 1 h 30": "une durée d'une heure trente",
    "toutes les 2h": "toutes les deux heures",
}
DATES = {
    "le 1er mai": "le premier mai",
    "le 1 mai 2026": "le premier mai deux mille vingt-six",
    "lundi 24/11/2026": "lundi vingt-quatre novembre deux mille vingt-six",
    "lundi 24/11": "lundi vingt-quatre novembre",
    "sauf les 25/12 et 01/01": "sauf les vingt-cinq décembre et premier janvier",
    "2026-11-24": "vingt-quatre novembre deux mille vingt-six",
    "2026-11-24T10:30:00+01:00": "vingt-quatre novembre deux mille vingt-six à dix heures trente",
    "du 3 au 5 mai": "du trois au cinq mai",
    "2024-2025": "deux mille vingt-quatre, deux mille vingt-cinq",
    "en 1999": "en mille neuf cent quatre-vingt-dix-neuf",
}
DICTATED = {
    "02 31 14 65 00": "zéro deux, trente et un, quatorze, soixante-cinq, zéro zéro",
    "+33 2 31 14 65 00": "zéro deux, trente et un, quatorze, soixante-cinq, zéro zéro",
    "+33 (0)2.31.14.65.00": "zéro deux, trente et un, quatorze, soixante-cinq, zéro zéro",
    "0231146500": "zéro deux, trente et un, quatorze, soixante-cinq, zéro zéro",
    "0 800 123 456": "zéro huit cents, cent vingt-trois, quatre cent cinquante-six",
    "15, 18, 112": "quinze, dix-huit, cent douze",
    "le 3919": "le trente-neuf dix-neuf",
    "appelez le 36 46": "appelez le trente-six quarante-six",
    "le 116 117": "le cent seize, cent dix-sept",
    "+44 20 7946 0958": "plus quarante-quatre, vingt, soixante-dix-neuf, quarante-six, zéro neuf, cinquante-huit",
    "D-472": "D, quatre, sept, deux",
    "référence 48213": "référence quatre, huit, deux, un, trois",
    "TK-2026-0042": "T, K, deux, zéro, deux, six, zéro, zéro, quatre, deux",
    "l'A13 et la D513": "l'A treize et la D cinq cent treize",
    "accueil@coeurcotefleurie.org": "accueil arobase cœur côte fleurie point org",
    "www.coeurcotefleurie.org": "cœur côte fleurie point org",
    "https://www.calvados.fr/dechets": "calvados point F R slash déchets",
}
COUNTED = {
    "12,50 €": "douze euros cinquante",
    "12€50": "douze euros cinquante",
    "12,05 €": "douze euros et cinq centimes",
    "0,50 €": "cinquante centimes",
    "1 €": "un euro",
    "1 234,56 €": "mille deux cent trente-quatre euros cinquante-six",
    "2 000 000 €": "deux millions d'euros",
    "4,20 €/m3": "quatre euros vingt le mètre cube",
    "120 € TTC par an": "cent vingt euros toutes taxes comprises par an",
    "12,5 %": "douze virgule cinq pour cent",
    "3 m³": "trois mètres cubes",
    "1 m2": "un mètre carré",
    "15 kg": "quinze kilos",
    "1,5 km": "un virgule cinq kilomètre",
    "120L": "cent vingt litres",
    "21 t": "vingt et une tonnes",
    "30 min": "trente minutes",
    "21 communes": "vingt et une communes",
    "21 bacs": "vingt et un bacs",
    "1er étage, 2e rue, 1re fois": "premier étage, deuxième rue, première fois",
    "au XXIe siècle": "au vingt et unième siècle",
    "rue Louis XIV": "rue Louis quatorze",
    "1/2 journée": "une demi-journée",
    "9-17": "neuf à dix-sept",
    "-5 °C": "moins cinq degrés",
    "14800 Deauville": "quatorze mille huit cents Deauville",
    "2 x par semaine": "deux fois par semaine",
    "10 x 15 cm": "dix par quinze centimètres",
}
WRITTEN = {
    "12 bd Fauvel": "douze boulevard Fauvel",
    "av. de la République": "avenue de la République",
    "rte de Paris": "route de Paris",
    "St-Arnoult, Ste Anne": "Saint-Arnoult, Sainte Anne",
    "M. Dupont et Mme Durand": "monsieur Dupont et madame Durand",
    "n° 12, n°3 bis": "numéro douze, numéro trois bis",
    "votre RDV par SMS": "votre rendez-vous par S M S",
    "la CNI": "la C N I",
    "l'AMO": "l'A M O",
    "les DEEE": "les D trois E",
    "LA DÉCHÈTERIE D'ICI EST OUVERTE": "La déchèterie d'ici est ouverte",
    "L'EAU et D'ACCORD": "l'eau et d'accord",
    "papier & carton": "papier et carton",
    "le verre, etc.": "le verre, et cetera.",
    "tapez # ou *": "tapez dièse ou étoile",
    "l’eau – « bonjour »": "l'eau, bonjour",
    "🙂 Bonjour !": "Bonjour!",
    "LE LUNDI MATIN SEULEMENT": "Le lundi matin seulement",
    "papier/carton": "papier, carton",
    "Première ligne\nDeuxième ligne": "Première ligne. Deuxième ligne.",
}
ALL = {**HOURS, **DATES, **DICTATED, **COUNTED, **WRITTEN}

PIECES = st.sampled_from(
    [*ALL, " ", ",", ".", "-", "/", "€", "%", "h", "n°", "12", "0", "1er", "m3", "IV", "Le", "et", "(", ")", "'", "@"]
)


@pytest.mark.parametrize(("written", "spoken"), ALL.items(), ids=list(ALL))
def test_a_usual_writing_is_said_as_one_says_it(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


def only_words(text: str) -> bool:
    """Whether an engine pronounces every sign of ``text``."""
    return re.fullmatch(rf"(?:[^\W\d_]|[ .,;:!?'{NO_BREAK}-])*", text) is not None


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_becomes_words_and_punctuation_only(text: str) -> None:
    spoken = normalise(text)
    assert only_words(spoken)
    assert all("LATIN" in unicodedata.name(character) for character in spoken if character.isalpha())


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=8).map("".join))
def test_any_mixture_of_usual_writings_becomes_words(text: str) -> None:
    assert only_words(normalise(text))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=8).map(" ".join))
def test_what_is_normalised_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once).replace(",", "") == once.replace(",", "")


@given(st.integers(min_value=0, max_value=10**14))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_number_is_said_in_words(value: int) -> None:
    assert normalise(str(value))
    assert only_words(normalise(str(value)))


@pytest.mark.parametrize(
    "piece", ["1", "1.234 ", "1 234", "9,", "1/", "A1-", "12 h ", "IV ", "a.b@", "M.", "€1", "(", "\n"]
)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_endless_repetition_is_still_said(piece: str, language: str) -> None:
    assert only_words(normalise(piece * 2500, language))


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_any_english_becomes_words(text: str) -> None:
    assert only_words(normalise(text, "en"))


def test_dictated_figures_are_bound_in_one_breath() -> None:
    bound = Normaliser(load_lexicon()).bound("Appelez le 02 31 14 65 00.")
    assert bound.count(NO_BREAK) == 8


def test_the_word_lists_themselves_hold_words_only() -> None:
    words = french_words()
    said = [value for name, table in words.tables.items() if name != "symbols" for value in table.values()]
    said += [form for unit in words.units.values() for form in (unit.singular, unit.plural)]
    assert [value for value in said if not only_words(value)] == []
