"""Callers who answer in their own order, ask something else meanwhile, dictate in pieces, or have not what is asked."""

from datetime import date

import pytest

from tests.dialog.scripted import Scripted, coast, context, converse
from tests.dialog.test_forms import kept, last, replies
from voicebot.dialog.brain import Brain
from voicebot.dialog.nlu.base import Background, Understanding, Verdict
from voicebot.dialog.nlu.entities.phones import digits_said, find_phone
from voicebot.dialog.policy.acts import clarification
from voicebot.dialog.policy.doubts import other
from voicebot.dialog.policy.questions import ClarifyQuestion
from voicebot.dialog.policy.talk import Talk
from voicebot.dialog.turns import Ask, Candidate, Clarify, Dictation, Heard, Reply, Transfer

KNOWLEDGE = coast()
COLLECTED = (
    "j’ai un matelas à faire enlever [encombrants.rdv objet=matelas]",
    "un seul [?]",
    "à Touques [commune=Touques]",
    "12 rue des Lilas [=12_rue_des_Lilas]",
)


class Listening(Scripted):
    """An understander that reads the numbers dictated as the real one does."""

    def slot_value(self, slot: str, text: str, alternatives: tuple[str, ...], background: Background) -> str | None:
        return find_phone(text) if slot == "telephone" else digits_said(text) if slot == "chiffres" else None


def at_night(*turns: str) -> Reply:
    return last(*turns, at=context(open_=False))


def asked(reply: Reply) -> str:
    return next(action.slot for action in reversed(reply.actions) if isinstance(action, Ask))


def test_question_aside_does_not_offer_the_form_being_filled_and_nothing_is_lost() -> None:
    reply = last(*COLLECTED, "c’est combien ? [encombrants.info]")
    assert "gratuitement" in reply.text
    assert "Voulez-vous prendre rendez-vous" not in reply.text
    assert reply.text.endswith("12_rue_des_Lilas ?")
    assert asked(last(*COLLECTED, "c’est combien ? [encombrants.info]", "oui [oui]")) == "creneau"


def test_form_asked_for_again_is_taken_up_where_it_was_left() -> None:
    dialogue, _ = converse(KNOWLEDGE, *COLLECTED)
    again = dialogue.fill("encombrants")
    assert again.text.startswith("Je reprends votre rendez-vous")
    assert asked(again) == "adresse"


@pytest.mark.parametrize("said", ["merci [merci]", "vous pouvez me donner le numéro de la police ? [hors_sujet]"])
def test_thanks_and_questions_are_not_taken_for_an_address(said: str) -> None:
    reply = last(*COLLECTED[:3], said)
    assert asked(reply) == "adresse"
    assert "L’adresse est bien" not in reply.text


def test_another_services_question_is_answered_by_saying_so_and_the_form_goes_on() -> None:
    reply = last(*COLLECTED[:3], "vous pouvez me donner le numéro de la police ? [hors_sujet]")
    assert "conseiller" not in reply.text
    assert "à quelle adresse" in reply.text


def test_number_dictated_over_several_turns_is_put_together() -> None:
    dialogue = Brain(KNOWLEDGE, Listening(), 0).open(context(caller=""))
    dialogue.pursue("rappel")
    first = dialogue.respond(Heard("zéro six douze"))
    assert "06, 12" in first.text
    assert asked(first) == "telephone"
    assert "56" in dialogue.respond(Heard("trente-quatre cinquante-six")).text
    assert "06, 12, 34, 56, 78" in dialogue.respond(Heard("soixante-dix-huit")).text


def test_number_said_again_from_its_beginning_replaces_what_was_begun() -> None:
    dialogue = Brain(KNOWLEDGE, Listening(), 0).open(context(caller=""))
    dialogue.pursue("rappel")
    dialogue.respond(Heard("zéro six douze"))
    assert "06, 98, 76, 54, 32" in dialogue.respond(Heard("06 98 76 54 32")).text


def test_number_begun_again_after_its_first_digits_is_not_doubled() -> None:
    dialogue = Brain(KNOWLEDGE, Listening(), 0).open(context(caller=""))
    dialogue.pursue("rappel")
    dialogue.respond(Heard("zéro six, euh, attendez"))
    assert "06, 12." in dialogue.respond(Heard("zéro six douze")).text
    assert "06, 12, 34, 56, 78" in dialogue.respond(Heard("trente-quatre cinquante-six soixante-dix-huit")).text


def test_number_whose_second_pair_is_its_first_is_taken_as_said() -> None:
    dialogue = Brain(KNOWLEDGE, Listening(), 0).open(context(caller=""))
    dialogue.pursue("rappel")
    dialogue.respond(Heard("zéro six"))
    assert "06, 06, 12, 34, 56" in dialogue.respond(Heard("06 12 34 56")).text


def test_choice_said_while_the_number_is_asked_is_not_asked_again() -> None:
    reply = last("rappelez-moi [rappel]", "non [non]", "demain matin vers dix heures [?]")
    assert asked(reply) == "telephone"
    done = last(
        "rappelez-moi [rappel]",
        "non [non]",
        "demain matin vers dix heures [?]",
        "06 12 34 56 78 [telephone=+33612345678]",
        "oui [oui]",
    )
    assert kept(done)["heure"] == "matin"


def test_bin_named_in_a_word_answers_the_question_to_come() -> None:
    turns = ("je veux une poubelle [bac.demande]", "les jaunes [=emballages]", "elle est cassée [?]")
    assert [asked(reply) for reply in replies(*turns)[1:]] == ["motif", "motif", "commune"]


def test_broken_bin_is_understood_from_the_request() -> None:
    assert asked(last("ma poubelle est fendue [bac.demande]")) == "flux"


def test_appointment_to_cancel_is_taken_whatever_the_request_resembled() -> None:
    reply = last("je veux annuler mon rendez-vous [hors_sujet]")
    assert asked(reply) == "reference"


def test_appointment_being_made_is_given_up_on_request() -> None:
    reply = last(*COLLECTED, "non je veux annuler le rendez-vous [hors_sujet]")
    assert "je n’enregistre rien" in reply.text


@pytest.mark.parametrize(
    ("said", "told"), [("une fuite dans la rue", "jour et nuit"), ("une fuite sous l’évier", "plombier")]
)
def test_place_of_a_leak_already_told_is_not_asked(said: str, told: str) -> None:
    reply = last(f"{said} [eau.fuite]")
    assert told in reply.text
    assert "La fuite est-elle" not in reply.text


def test_town_told_of_a_leak_in_the_street_leaves_it_there() -> None:
    reply = last("une fuite dans la rue [eau.fuite]", "à Touques [suite eau.fuite commune=Touques]")
    assert "jour et nuit" in reply.text


def test_agreeing_but_asking_something_else_is_no_yes() -> None:
    reply = last("la redevance [redevance.pro]", "d’accord, mais les huiles ? [tri.objet objet=huile]")
    assert not any(isinstance(action, Transfer) for action in reply.actions)
    assert "huile" in reply.text


def test_object_asked_about_at_the_recycling_centre_is_answered_for_itself() -> None:
    reply = last("ils prennent les pneus à la déchèterie ? [decheterie.acces objet=pneu]")
    assert "pneu" in reply.text


def test_general_question_on_access_keeps_the_general_answer() -> None:
    reply = last("c’est payant la déchèterie ? [decheterie.acces]")
    assert "gratuites" in reply.text


@pytest.mark.parametrize("said", ["je l’ai plus la référence [?]", "non [non]", "je ne sais pas [?]"])
def test_request_without_its_reference_is_found_by_an_adviser(said: str) -> None:
    reply = last("où en est ma demande [suivi]", said)
    assert any(isinstance(action, Transfer) for action in reply.actions)
    assert "rappelle" in at_night("où en est ma demande [suivi]", said).text


def test_refusal_that_resembles_a_call_for_help_chooses_the_refusal() -> None:
    reply = last(
        "les encombrants [encombrants.info]", "non non pas de rendez-vous juste savoir comment ça marche [aide]"
    )
    assert "étoile" not in reply.text


def test_doubted_answer_is_said_again() -> None:
    reply = last("quel jour à Touques [collecte.jours commune=Touques flux=verre]", "vous êtes sûre ? [?]")
    assert "je répète" in reply.text.lower() or "redis" in reply.text


def test_doubt_does_not_name_an_emergency_that_is_unlikely() -> None:
    understood = Understanding(
        Verdict.UNSURE, tuple(Candidate(*one) for one in (("urgence", 0.24), ("suivi", 0.2), ("tri.objet", 0.1)))
    )
    draft = clarification(Talk(KNOWLEDGE, Listening(), context()), understood)
    assert draft is not None
    assert draft.actions == [Clarify("suivi", "tri.objet")]


def test_every_object_of_the_request_reaches_the_service() -> None:
    turns = (
        'enlever un matelas et deux fauteuils [encombrants.rdv objet=matelas objets="un matelas et deux fauteuils"]',
        *COLLECTED[2:],
        *("oui [oui]", "le premier [?]", "oui [oui]"),
    )
    assert "un matelas et deux fauteuils" in last(*turns).text


def test_caller_looking_for_the_number_is_waited_for() -> None:
    reply = last("rappelez-moi [rappel]", "non [non]", "attendez [?]")
    assert reply.text == "Prenez votre temps."
    assert reply.expect.dictation is Dictation.DIGITS


def test_house_number_alone_corrects_the_address_read_back() -> None:
    dialogue, _ = converse(KNOWLEDGE, *COLLECTED[:3], "14 bis rue du Port [adresse='14 bis rue du Port']", at=context())
    assert "16 bis rue du Port" in dialogue.respond(Heard("non au 16 bis")).text


def test_sector_never_understood_ends_with_the_adviser_that_is_announced() -> None:
    asked_where = "quand passent les poubelles à Deauville [collecte.jours commune=Deauville]"
    reply = last(asked_where, "brr [?]", "brr [?]")
    assert "conseiller" in reply.text
    assert any(isinstance(action, Transfer) for action in reply.actions)
    assert "rappelle" in at_night(asked_where, "brr [?]", "brr [?]").text


def test_other_bin_named_instead_of_the_sector_is_kept() -> None:
    asked_where = "quand passent les poubelles à Deauville [collecte.jours commune=Deauville flux=ordures_menageres]"
    reply = last(asked_where, "et le recyclage ? [collecte.jours suite flux=emballages]")
    assert "emballages" in reply.text


def test_reception_is_closed_on_christmas_day() -> None:
    closed = context(hours_on=lambda day: () if day == date(2026, 12, 25) else ((540, 1020),))
    reply = last("vous êtes ouverts à Noël ? [service.horaires date=2026-12-25]", at=closed)
    assert "L’accueil est fermé le vendredi 25 décembre. Il rouvrira le samedi 26 décembre, à 9 h." in reply.text
    assert "9 h" in last("et le 23 ? [service.horaires date=2026-12-23]", at=closed).text


def test_second_question_out_of_scope_is_still_said_to_be_so() -> None:
    said = replies("la météo ? [hors_sujet]", "non [non]", "le médecin de garde ? [hors_sujet]")
    assert "menu" not in said[-1].text
    assert "conseiller" in said[-1].text


def test_third_time_of_the_same_answer_offers_an_adviser() -> None:
    asked_thrice = ["combien de temps ? [assainissement.conformite]"] * 3
    said = replies(*asked_thrice)
    assert "conseiller" not in said[2].text
    assert said[3].text.endswith("Voulez-vous parler à un conseiller ?")


def test_object_after_a_subject_without_objects_is_sorted() -> None:
    reply = last(
        "la redevance [redevance.pro]", "et l’huile de friture ? [redevance.pro suite objet='huile de friture']"
    )
    assert "huile" in reply.text.lower()


def test_doubt_between_an_object_and_the_rules_is_settled_by_the_object() -> None:
    reply = last("et les bouteilles ? [tri.objet ou tri.consignes objet='bouteille en verre']")
    assert "verre" in reply.text
    assert not any(isinstance(action, Clarify) for action in reply.actions)


def test_number_alone_is_never_an_alarm() -> None:
    reply = last(*COLLECTED[:3], "au 125 [urgence]")
    assert not any(isinstance(action, Transfer) for action in reply.actions)


def test_place_and_question_are_not_taken_for_the_object() -> None:
    begun = "un rendez-vous [encombrants.rdv]"
    where = last(begun, "je suis à Trouville [suite commune=Trouville-sur-Mer ou]")
    assert asked(where) == "objet"
    assert asked(last(begun, "plus tôt c’est possible ? [hors_sujet]")) == "objet"


def test_object_spoken_of_before_is_taken_up_by_a_pronoun() -> None:
    reply = last("jeter un matelas [tri.objet objet=matelas]", "vous pouvez venir le chercher ? [encombrants.rdv]")
    assert asked(reply) != "objet"


def test_week_asked_for_is_offered_when_it_has_room() -> None:
    dates = (*COLLECTED, "oui [oui]")
    (first, *_) = last(*dates).expect.options
    reply = last(*dates, "plutôt en décembre [=2026-12-07/2026-12-13]")
    assert asked(reply) == "creneau"
    assert first.label not in {option.label for option in reply.expect.options}
    assert "décembre" in reply.text


def test_address_spelled_while_something_else_is_asked_is_kept() -> None:
    email = "jean point dupont arobase orange point fr [email=jean.dupont@orange.fr]"
    reply = last("le calendrier [collecte.calendrier]", "par mail [?]", email)
    assert asked(reply) == "commune"
    done = last("le calendrier [collecte.calendrier]", "par mail [?]", email, "à Touques [commune=Touques]")
    assert "jean" in done.text.lower()


def test_answer_to_a_doubt_that_is_another_request_is_followed() -> None:
    doubt = "signaler un bac pas ramassé [bac.demande ou collecte.oubli]"
    understood = Understanding(Verdict.UNSURE, (Candidate("collecte.jours", 0.69), Candidate("hors_sujet", 0.1)))
    assert other(ClarifyQuestion("bac.demande", "collecte.oubli"), understood)
    assert last(doubt, "quel jour à Touques [collecte.jours commune=Touques]").text.startswith(("Je précise", "Bien"))


def test_report_whose_request_names_the_waste_does_not_ask_what_it_is() -> None:
    turns = (
        "un tas de gravats dans le chemin [signalement.depot_sauvage objet=gravats]",
        "à Touques [commune=Touques]",
    )
    reply = last(*turns, "chemin du Roy [adresse='chemin du Roy']", "oui [oui]")
    assert asked(reply) == "date"


def test_house_number_is_not_kept_as_a_day() -> None:
    turns = ("un tas de gravats [signalement.depot_sauvage objet=gravats]", "à Touques [commune=Touques]")
    where = "devant le 6 chemin des Mares [adresse='6 chemin des Mares' date=2026-12-06]"
    assert asked(last(*turns, where, "oui [oui]")) == "date"


def test_nothing_sooner_than_the_first_offers_is_said_so() -> None:
    dates = (*COLLECTED, "oui [oui]")
    reply = last(*dates, "plus tôt c’est pas possible ? [?]")
    assert reply.text.startswith("Je n’ai rien avant.")
    assert reply.expect.options == last(*dates).expect.options


@pytest.mark.parametrize(
    ("said", "day"), [("depuis le 4 [=2026-12-04]", "2026-11-04"), ("mardi [=2026-12-01]", "2026-11-24")]
)
def test_day_of_what_has_happened_is_past(said: str, day: str) -> None:
    turns = ("un tas de gravats [signalement.depot_sauvage objet=gravats]", "à Touques [commune=Touques]")
    reply = last(*turns, "chemin du Roy [adresse='chemin du Roy']", "oui [oui]", said)
    assert kept(reply)["date"] == day


def test_doubt_settled_by_the_bin_alone_is_answered_rather_than_put_in_a_form() -> None:
    doubt = "je voudrais savoir pour les poubelles à Touques [bac.demande ou collecte.jours commune=Touques]"
    unclear = "les jaunes [? flux=emballages]"
    assert "les emballages" in last(doubt, unclear).text


def test_a_rank_is_no_address() -> None:
    assert asked(last(*COLLECTED[:3], "le premier, s’il vous plaît [?]")) == "adresse"
