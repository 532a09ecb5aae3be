"""The e-mails to the service: words from a file that is checked, addresses from the profile."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from voicebot.calls.letters import VOICE, letter_values, load_letter_words, mailbox, voice_values
from voicebot.clock import PARIS
from voicebot.journal.voicemail import StoredVoice
from voicebot.profile import Profile
from voicebot.words import WordsError

ROOT = Path(__file__).parents[2]
WORDS = ROOT / "prompts" / "courriels.toml"


def test_a_callback_tells_the_number_and_when_in_the_words_of_its_form(profile: Profile) -> None:
    slots = {"telephone": "+33612345678", "heure": "matin"}
    at = datetime(2026, 11, 24, 10, 5, tzinfo=PARIS)
    subject, text = load_letter_words(WORDS).write(
        "callback", letter_values(profile, "rappel", "D-0472", slots, at, "https://s.example.fr/contacts/c1")
    )
    assert subject == "Rappel demandé D-0472"
    assert "le 24/11/2026 à 10:05." in text
    assert "Numéro : +33612345678\nHeure : matin\n" in text
    assert text.endswith("https://s.example.fr/contacts/c1\n")


def test_a_spoken_message_is_told_with_its_length_and_what_it_says_but_no_number(profile: Profile) -> None:
    at = datetime(2026, 11, 24, 20, 5, tzinfo=PARIS)
    said = "Ici Paul, rappelez-moi au 06 12 34 56 78."
    voice = StoredVoice("c1:2", "demo", "20261124-0", at, 72.0, "pause", "done", said)
    values = letter_values(profile, "message", "M-471", {}, at, "https://s.example.fr/demandes/c1:2")
    subject, text = load_letter_words(WORDS).write(VOICE, values | voice_values(voice, attached=True))
    assert subject == "Message vocal M-471"
    assert "1 minute 12 secondes" in text.replace(" et ", " ")
    assert "Ici Paul, rappelez-moi au" in text
    assert "34 56" not in text
    assert text.endswith("Pour l’écouter :\nhttps://s.example.fr/demandes/c1:2\n")


def test_what_a_message_says_stays_out_of_the_e_mail_unless_its_sound_is_joined() -> None:
    voice = StoredVoice("c1:2", "demo", "20261124-0", datetime.now(PARIS), 72.0, "pause", "done", "Ici Paul.")
    assert "Paul" in voice_values(voice, attached=True)["transcription"]
    assert "Paul" not in voice_values(voice, attached=False)["transcription"]


@pytest.mark.parametrize(
    ("form", "called"),
    [("oubli", "Collecte oubliée"), ("collecte.oubli", "une collecte oubliée"), ("inconnu", "inconnu")],
)
def test_a_request_is_called_by_the_title_of_its_form_or_by_its_subject(
    profile: Profile, form: str, called: str
) -> None:
    assert letter_values(profile, form, "D-1", {}, datetime.now(PARIS), "")["demande"] == called


def test_days_and_streams_are_written_as_people_read_them(profile: Profile) -> None:
    slots = {"date": "2026-11-23", "flux": "verre", "commune": "Touques"}
    details = letter_values(profile, "oubli", "D-1", slots, datetime.now(PARIS), "")["details"]
    assert details.splitlines()[0].endswith(" : 23/11/2026")
    assert details.splitlines()[1:] == ["Déchets : le verre", "Commune : Touques"]


def test_what_a_caller_said_is_never_taken_for_a_variable(profile: Profile) -> None:
    values = letter_values(profile, "reclamation", "D-1", {"description": "{lien} {0}"}, datetime.now(PARIS), "")
    assert "{lien} {0}" in load_letter_words(WORDS).write("ticket", values)[1]


def test_a_target_may_have_its_own_address_for_its_subjects(profile: Profile) -> None:
    identity = profile.knowledge.identity
    water = replace(identity.targets[0], id="eau", subjects=("signalement",), email="voirie@example.fr")
    changed = replace(identity, targets=(*identity.targets, water), mailbox="accueil@example.fr")
    own = replace(profile, knowledge=replace(profile.knowledge, identity=changed))
    assert mailbox(own, "depot_sauvage") == "voirie@example.fr"
    assert mailbox(own, "rappel") == "accueil@example.fr"
    assert mailbox(profile, "rappel") == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("[ticket]\nsujet = 'x'\n", "ticket.texte: must be a text"),
        (WORDS.read_text(encoding="utf-8").replace("{demande}", "{demnade}"), "{demnade} is unknown"),
        (WORDS.read_text(encoding="utf-8") + "\n[autre]\n", "autre: unknown"),
        ("sujet", "cannot be read"),
    ],
)
def test_a_mistake_in_the_words_is_told_with_its_place(tmp_path: Path, words: str, told: str) -> None:
    path = tmp_path / "courriels.toml"
    path.write_text(words, encoding="utf-8")
    with pytest.raises(WordsError, match=told.replace("{", r"\{").replace("}", r"\}")):
        load_letter_words(path)
