"""What can be rendered ahead is what is said."""

from pathlib import Path

from tests.dialog.scripted import coast, context, converse
from voicebot.dialog.texts import likely_texts, static_texts

KNOWLEDGE = coast()
GOLDEN = Path(__file__).parent / "golden"


def test_fixed_sentences_have_no_variable_and_no_double() -> None:
    texts = list(static_texts(KNOWLEDGE))
    assert len(texts) == len(set(texts)) > 150
    assert not [text for text in texts if "{" in text or not text.strip()]


def test_greeting_and_small_talk_are_rendered_ahead() -> None:
    known = {*static_texts(KNOWLEDGE), *likely_texts(KNOWLEDGE, context())}
    _, replies = converse(
        KNOWLEDGE, "bonjour [saluer]", "de l'aide [aide]", "hum [?]", "(silence)", "(silence)", "au revoir [au_revoir]"
    )
    assert [say.text for reply in replies for say in reply.says if say.text not in known] == []


def test_todays_likely_answers_are_rendered_ahead() -> None:
    known = {*static_texts(KNOWLEDGE), *likely_texts(KNOWLEDGE, context())}
    for commune in ("Touques", "Villers-sur-Mer", "Saint-Gatien-des-Bois"):
        _, replies = converse(
            KNOWLEDGE,
            f"les emballages [collecte.jours flux=emballages commune={commune}]",
            "les horaires de la déchèterie [decheterie.horaires]",
            "la mairie [commune.services]",
            "les bornes à verre [apport.localisation flux=verre]",
        )
        assert [say.text for reply in replies for say in reply.says if say.text not in known] == []


def test_texts_of_no_day_name_no_day() -> None:
    texts = list(likely_texts(KNOWLEDGE))
    assert texts
    assert not [text for text in texts if "aujourd’hui" in text or "demain" in text]
