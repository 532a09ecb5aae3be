"""Forms: what is asked, checked, corrected, given up, and kept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialog.scripted import PARIS, Scripted, coast, context, converse, parse_meaning
from voicebot.dialog.brain import Brain
from voicebot.dialog.forms.spec import Appointments
from voicebot.dialog.forms.values import Offer, latest, offers, telephone, valid
from voicebot.dialog.nlu.base import Background, Understanding
from voicebot.dialog.turns import Ask, Context, Dictation, Heard, Record, Reply, Transfer

KNOWLEDGE = coast()
TODAY = date(2026, 11, 24)
CALLBACK = ("rappelez-moi [rappel]", "non [non]")
BULKY = (
    "un rendez-vous encombrants à Villers [encombrants.rdv commune=Villers-sur-Mer]",
    "une armoire [=armoire]",
    "un seul [?]",
    "12 rue de la Mer [=12_rue_de_la_Mer]",
    "oui [oui]",
)


def replies(*turns: str, at: Context | None = None) -> list[Reply]:
    return converse(KNOWLEDGE, *turns, at=at)[1]


def last(*turns: str, at: Context | None = None) -> Reply:
    return replies(*turns, at=at)[-1]


def kept(reply: Reply) -> Mapping[str, str]:
    (record,) = [action for action in reply.actions if isinstance(action, Record)]
    return record.slots


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("0612345678", "+33612345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("+44 20 7946 0018", "+442079460018"),
        ("06 12 34 56", None),
        ("00 12 34 56 78", None),
        ("", None),
    ],
)
def test_telephone_is_kept_only_when_it_is_one(said: str, number: str | None) -> None:
    assert telephone(said) == number


@given(st.text())
def test_checking_a_value_never_raises(text: str) -> None:
    for kind in ("telephone", "email", "date", "reference", "adresse", "nom"):
        value = valid(kind, text, TODAY)
        assert value is None or value


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_past_day_keeps_its_weekday(day: date) -> None:
    found = date.fromisoformat(latest(day.isoformat(), TODAY))
    assert found.weekday() == day.weekday()
    assert found <= TODAY or (day - TODAY).days > 7


def test_callback_number_comes_from_the_caller_id() -> None:
    asked = last("rappelez-moi [rappel]")
    assert "se termine par 78" in asked.text
    reply = last("rappelez-moi [rappel]", "oui [oui]", "peu importe [?]")
    assert kept(reply) == {"telephone": "+33612345678", "heure": "peu importe"}


def test_withheld_caller_id_is_not_offered() -> None:
    reply = last("rappelez-moi [rappel]", at=context(caller=""))
    assert reply.expect.dictation is Dictation.DIGITS
    assert "termine" not in reply.text


def test_dictated_number_is_read_back_in_pairs_and_corrected() -> None:
    checked = last(*CALLBACK, "06 39 98 12 34 [telephone=+33639981234]")
    assert "06, 39, 98, 12, 34" in checked.text
    corrected = last(*CALLBACK, "06 39 98 12 34 [telephone=+33639981234]", "non [non]")
    assert corrected.expect.dictation is Dictation.DIGITS


@pytest.mark.parametrize("keys", ["0639981234", "0639981234#", "0612*0639981234"])
def test_typed_number_is_taken(keys: str) -> None:
    assert "06, 39, 98, 12, 34" in last(*CALLBACK, f"(touches {keys})").text


def test_zero_is_a_digit_while_a_number_is_typed() -> None:
    reply = last(*CALLBACK, "(touches 0)")
    assert not any(isinstance(action, Transfer) for action in reply.actions)


def test_number_never_understood_is_given_up_with_another_way() -> None:
    given_up = last(*CALLBACK, "brr [?]", "brr [?]", "brr [?]")
    assert any(isinstance(action, Transfer) for action in given_up.actions)


def test_number_never_understood_when_nobody_is_there_leaves_the_site() -> None:
    given_up = last(*CALLBACK, "brr [?]", "brr [?]", "brr [?]", at=context(open_=False))
    assert "cœur côte fleurie point org" in given_up.text


def test_request_never_understood_when_nobody_is_there_becomes_a_callback() -> None:
    given_up = last("où en est ma demande [suivi]", "brr [?]", "brr [?]", "brr [?]", at=context(open_=False))
    assert "vous rappelle" in given_up.text


@pytest.mark.parametrize("word", ["annuler", "au_revoir"])
def test_form_given_up_keeps_nothing(word: str) -> None:
    _, all_replies = converse(KNOWLEDGE, *BULKY, f"laissez [{word}]")
    assert not [a for reply in all_replies for a in reply.actions if isinstance(a, Record)]


def test_slots_said_at_once_are_not_asked() -> None:
    asked = [a.slot for reply in replies(*BULKY) for a in reply.actions if isinstance(a, Ask)]
    assert asked == ["objet", "volume", "adresse", "adresse", "creneau"]


def test_form_is_taken_up_again_after_a_question_apart() -> None:
    before, after = replies(*BULKY[:3], "au fait, c'est quand vos horaires ? [service.horaires]")[-2:]
    assert after.intent == "service.horaires"
    assert after.expect.slot == before.expect.slot == "adresse"
    assert "votre rendez-vous" in after.text


def test_description_that_sounds_like_a_request_is_kept_as_description() -> None:
    turns = (
        "un dépôt sauvage à Touques [signalement.depot_sauvage commune=Touques]",
        "rue du Stade [=rue_du_Stade]",
        "oui [oui]",
        "des encombrants devant la déchèterie [encombrants.info]",
        "je ne sais pas [?]",
    )
    assert kept(last(*turns))["description"] == "des encombrants devant la déchèterie"


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("vendredi après-midi [?]", "2026-11-27"),
        ("le 2 [?]", "2026-12-02"),
        ("mercredi [?]", "2026-12-02"),
        ("le 9 décembre [date=2026-12-09]", "2026-12-09"),
        ("le 9 décembre l’après-midi [date=2026-12-09]", "2026-12-09"),
        ("(touches 3)", "2026-12-02"),
    ],
)
def test_appointment_is_chosen_by_day_number_or_key(said: str, day: str) -> None:
    assert kept(last(*BULKY, said, "oui [oui]", "oui [oui]"))["date"] == day


def test_day_without_place_is_refused_and_others_offered() -> None:
    reply = last(*BULKY, "le 5 décembre [date=2026-12-05]")
    assert "pas de place" in reply.text
    assert reply.expect.slot == "creneau"


def test_other_dates_can_be_asked_for() -> None:
    first, second = replies(*BULKY, "une autre date [?]")[-2:]
    assert not {o.id for o in first.expect.options} & {o.id for o in second.expect.options}


@pytest.mark.parametrize(
    ("said", "slot", "value"),
    [
        ("non, plutôt le 11 décembre [non date=2026-12-11]", "date", "2026-12-11"),
        ("non, c'est à Deauville [non commune=Deauville]", "commune", "Deauville"),
    ],
)
def test_summary_can_be_corrected_before_it_is_kept(said: str, slot: str, value: str) -> None:
    turns = (*BULKY, "(touches 1)", "oui [oui]")
    assert kept(last(*turns, said, "oui [oui]"))[slot] == value


def test_earlier_value_can_be_corrected_while_another_is_asked() -> None:
    turns = (*BULKY, "non, pardon, c'est à Deauville [non commune=Deauville]")
    reply = last(*turns)
    assert "Deauville" in reply.text
    assert reply.expect.slot == "creneau"


def test_summary_refused_asks_what_to_change() -> None:
    turns = (*BULKY, "(touches 1)", "oui [oui]", "non [non]")
    assert "Que faut-il changer" in last(*turns).text
    assert last(*turns, "l'adresse [?]").expect.slot == "adresse"


@pytest.mark.parametrize("word", ["annuler", "déplacer"])
def test_appointment_can_be_cancelled_or_moved(word: str) -> None:
    turns = (
        f"je veux {word} mon rendez-vous [encombrants.rdv commune=Touques]",
        "D 472 [reference=D472]",
        "3 rue du Port [=3_rue_du_Port]",
        "oui [oui]",
        *(["(touches 1)"] if word == "déplacer" else []),
        "oui [oui]",
        "oui [oui]",
    )
    slots = kept(last(*turns))
    assert slots["demarche"] == word.replace("é", "e")
    assert slots["reference"] == "D472"


def test_full_days_are_not_offered() -> None:
    turns = (*BULKY, "hum [?]")
    at = context(taken=lambda form, day, moment: 6 if day < date(2026, 12, 9) else 0)
    offered = [option.id[:10] for option in last(*turns, at=at).expect.options]
    assert offered == ["2026-12-09", "2026-12-09", "2026-12-11"]


def test_no_place_left_offers_a_callback() -> None:
    reply = last(*BULKY, at=context(taken=lambda form, day, moment: 99))
    assert "rappelle" in reply.text
    assert [option.id for option in reply.expect.options] == ["oui", "non"]


def test_offers_skip_public_holidays() -> None:
    rule = Appointments("FREQ=DAILY", ("le matin",), notice_days=1, horizon_days=10)
    days = [offer.day for offer in offers(rule, date(2026, 12, 20), lambda day, moment: 0)]
    assert date(2026, 12, 25) not in days
    assert date(2026, 12, 26) in days


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.sampled_from(["le matin", "l’après-midi, de 14 h à 17 h"]))
def test_offer_survives_being_kept(day: date, moment: str) -> None:
    assert Offer.parse(Offer(day, moment).value) == Offer(day, moment)


def test_request_followed_up_tells_its_state() -> None:
    at = context(find_request=lambda reference: "elle est en cours." if reference == "D472" else None)
    assert "elle est en cours" in last("ma demande [suivi reference=D472]", at=at).text
    unknown = last("ma demande [suivi]", "D 999 [reference=D999]", at=at)
    assert "D, 9, 9, 9" in unknown.text
    assert [option.id for option in unknown.expect.options] == ["oui", "non"]


def test_reference_is_spoken_back_and_kept() -> None:
    reply = last("rappelez-moi [rappel]", "oui [oui]", "(touches 1)")
    assert "D, 4, 7, 2" in reply.text
    (record,) = [a for a in reply.actions if isinstance(a, Record)]
    assert (record.type, record.reference) == ("callback", "D472")


def test_optional_slot_not_understood_does_not_stop_the_form() -> None:
    turns = (*BULKY[:2], "blabla [?]", "blabla [?]")
    assert last(*turns).expect.slot == "adresse"


def test_a_key_chooses_an_answer_of_an_optional_slot_too() -> None:
    reply = last("rappelez-moi [rappel]", "oui [oui]", "(touches 1)")
    assert kept(reply)["heure"] == "matin"


def test_a_callback_is_kept_for_a_caller_who_takes_leave_before_saying_when() -> None:
    reply = last("rappelez-moi [rappel]", "oui [oui]", "au revoir [au_revoir]")
    assert kept(reply) == {"telephone": "+33612345678"}
    assert "Votre référence" in reply.text


def test_a_caller_who_takes_leave_too_early_is_told_that_nothing_is_kept() -> None:
    reply = last(*BULKY[:2], "au revoir [au_revoir]")
    assert "je n’ai pas pu enregistrer votre rendez-vous" in reply.text
    assert not any(isinstance(action, Record) for action in reply.actions)


@pytest.mark.parametrize(("said", "count"), [("oui [oui]", 1), ("non [non]", 0)])
def test_a_callback_is_kept_for_a_caller_who_hangs_up_once_the_number_is_confirmed(said: str, count: int) -> None:
    dialogue, _ = converse(KNOWLEDGE, "rappelez-moi [rappel]", said)
    assert len(dialogue.left()) == count
    assert dialogue.left() == ()


def test_the_object_of_the_first_request_is_that_of_the_second_which_takes_it_up() -> None:
    said = "j’ai un vieux frigo, vous pouvez venir le chercher ?"
    dialogue = Brain(KNOWLEDGE, _TwoRequests(), 0).open(context())
    dialogue.greet()
    reply = dialogue.respond(Heard(text=said))
    assert reply.expect.slot == "volume"


class _TwoRequests(Scripted):
    """Understands where to throw a refrigerator, then an appointment for it."""

    def understand(self, text: str, alternatives: tuple[str, ...], background: Background) -> Understanding:
        first, second = (parse_meaning(one) for one in ("tri.objet objet=réfrigérateur", "encombrants.rdv"))
        return replace(first, next=second)


def test_every_form_can_be_finished_by_a_caller_who_answers_everything() -> None:
    answers = {
        "commune": "Touques [commune=Touques]",
        "flux": "le verre [flux=verre]",
        "telephone": "06 39 98 12 34 [telephone=+33639981234]",
        "email": "a arobase b point fr [email=a@b.fr]",
        "reference": "D 472 [reference=D472]",
        "date": "hier [date=2026-11-23]",
        "oui_non": "oui [oui]",
    }
    for form in KNOWLEDGE.forms.values():
        from tests.dialog.scripted import Scripted, heard
        from voicebot.dialog.brain import Brain

        script = Scripted()
        dialogue = Brain(KNOWLEDGE, script).open(context(datetime(2026, 11, 24, 10, tzinfo=PARIS), caller=""))
        reply = dialogue.fill(form.id)
        for _ in range(20):
            if reply.answered or not reply.expect.slot:
                break
            key = next((option.key for option in reply.expect.options if option.key), "")
            turn = answers.get(reply.expect.slot) or (f"(touches {key})" if key else "quelque chose [?]")
            reply = dialogue.respond(heard(turn, script))
        assert reply.answered or form.record == "lookup", form.id


def test_moment_said_with_a_date_is_kept() -> None:
    turns = (*BULKY, "le 9 décembre, l’après-midi [date=2026-12-09]", "oui [oui]", "oui [oui]")
    assert kept(last(*turns))["heure"].startswith("l’après-midi")


def test_number_and_day_said_in_the_request_are_kept() -> None:
    turns = ("rappelez-moi au 06 39 98 12 34 demain matin [rappel date=2026-11-25]", "oui [oui]")
    assert kept(last(*turns)) == {"date": "2026-11-25", "telephone": "+33639981234", "heure": "matin"}


def test_bulky_object_brings_the_offer_of_an_appointment_with_the_object_known() -> None:
    turns = ("où jeter un canapé [tri.objet objet=canapé]", "oui [oui]")
    reply = last(*turns)
    assert reply.expect.slot == "volume"


REPORT = "un dépôt sauvage à Villers [signalement.depot_sauvage commune=Villers-sur-Mer]"


def test_a_commune_said_instead_of_the_place_moves_the_report_and_the_place_is_asked_again() -> None:
    reply = last(REPORT, "non, à Touques [collecte.jours suite commune=Touques]")
    assert "Touques" in reply.text
    assert Ask("adresse", "depot_sauvage") in reply.actions


def test_a_day_said_instead_of_the_place_is_kept_and_never_taken_for_a_street() -> None:
    kept_slots = kept(
        last(
            REPORT,
            "depuis hier [? date=2026-11-23]",
            "derrière le cimetière [commune.services]",
            "oui [oui]",
            "des gravats [tri.objet objet=gravats]",
        )
    )
    assert kept_slots["date"] == "2026-11-23"
    assert kept_slots["adresse"] == "derrière le cimetière"


def test_another_street_said_where_a_yes_was_expected_replaces_the_first() -> None:
    reply = last(
        REPORT,
        "rue des Bains [? adresse='rue des Bains']",
        "3 rue de la Mer [collecte.jours adresse='3 rue de la Mer']",
    )
    assert "Je corrige : 3 rue de la Mer." in reply.text
    assert reply.entities == {"adresse": "3 rue de la Mer"}


def test_a_landmark_makes_a_numbered_address_more_precise() -> None:
    reply = last(REPORT, "12 rue de la Mer [=12_rue_de_la_Mer]", "devant l’école [commune.services =devant_l’école]")
    assert "12_rue_de_la_Mer, devant_l’école" in reply.text


def test_a_street_corrected_after_the_next_question_is_put() -> None:
    reply = last(
        REPORT,
        "12 rue de la Mer [=12_rue_de_la_Mer]",
        "oui [oui]",
        "pardon, c’est le 14 rue de la Mer [collecte.jours adresse='14 rue de la Mer']",
    )
    assert "Je corrige : 14 rue de la Mer." in reply.text
    assert Ask("description", "depot_sauvage") in reply.actions


def test_an_insult_in_a_form_is_met_calmly_once_then_handed_over() -> None:
    first, second = replies(REPORT, "t’es nul [?]", "t’es nul [?]")[-2:]
    assert Ask("adresse", "depot_sauvage") in first.actions
    assert any(isinstance(action, Transfer) for action in second.actions)


def test_a_telephone_number_said_unasked_is_kept_with_the_report() -> None:
    kept_slots = kept(
        last(
            REPORT,
            "0612345678 [urgence telephone=+33612345678]",
            "derrière le cimetière [?]",
            "oui [oui]",
            "des gravats [?]",
            "hier [=2026-11-23]",
        )
    )
    assert kept_slots["telephone"] == "+33612345678"


@pytest.mark.parametrize("said", ["le premier", "le plus tôt possible", "ça m’est égal"])
def test_the_first_offer_is_taken_by_its_rank_or_by_indifference(said: str) -> None:
    offered, taken = replies(*BULKY, f"{said} [?]")[-2:]
    assert offered.expect.slot == "creneau"
    assert taken.expect.slot != "creneau"


def test_a_day_said_with_the_time_of_a_callback_is_kept() -> None:
    kept_slots = kept(last("rappelez-moi [rappel]", "oui [oui]", "demain matin [? date=2026-11-25]"))
    assert kept_slots["date"] == "2026-11-25"


def test_what_was_asked_first_answers_the_first_question_of_the_form_it_leads_to() -> None:
    reply = last("effacez mes données [rgpd]", "oui [oui]")
    assert Ask("nom", "rgpd") in reply.actions


def test_a_form_without_an_intent_hands_over_when_it_cannot_be_filled() -> None:
    reply = last("mes données [rgpd]", "oui [oui]", *("bla bla [?]",) * 3)
    assert any(isinstance(action, Transfer) for action in reply.actions)


def test_a_number_refused_is_not_read_back_again_when_another_was_heard() -> None:
    meanings = {"06 12": "=+33639981234", "06 13": "=+33639985678", "non": "non"}
    brain = Brain(KNOWLEDGE, Scripted({"rappelez-moi": "rappel", **meanings}))
    dialogue = brain.open(context(caller=""), 0)
    for text in ("rappelez-moi", "06 12", "non"):
        dialogue.respond(Heard(text=text))
    reply = dialogue.respond(Heard(text="06 12", alternatives=("06 13",)))
    assert "56" in reply.text
    assert "12 34" not in reply.text
