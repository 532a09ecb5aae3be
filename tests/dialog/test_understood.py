"""Conversations with the real understanding: spoken French in, the right answer out."""

from collections.abc import Callable

import pytest

from tests.dialog.scripted import context
from voicebot.dialog.turns import Clarify, Heard, Record, Reply, Transfer
from voicebot.profile import Profile

Conversation = Callable[..., list[Reply]]


@pytest.fixture
def converse(profile: Profile) -> Conversation:
    def run(*lines: str, open_: bool = True) -> list[Reply]:
        dialogue = profile.brain.open(context(open_=open_))
        dialogue.greet()
        return [dialogue.respond(Heard(silent=not line, text=line)) for line in lines]

    return run


def test_collection_day_is_asked_followed_and_compared(converse: Conversation) -> None:
    replies = converse(
        "bonjour, c'est quel jour les poubelles jaunes",
        "j'habite à Touques",
        "et le verre ?",
        "et à Villers ?",
        "non merci, au revoir",
    )
    assert replies[0].expect.slot == "commune"
    assert "À Touques, les emballages" in replies[1].text
    assert "borne" in replies[2].text
    assert "Villers-sur-Mer" in replies[3].text
    assert [action.type for action in replies[4].actions] == ["hangup"]


def test_object_is_sorted_and_its_caution_told(converse: Conversation) -> None:
    (reply,) = converse("je voudrais savoir où je dois jeter des piles usagées")
    assert reply.intent == "tri.objet"
    assert "piles" in reply.text


def test_recycling_centre_on_christmas_day(converse: Conversation) -> None:
    replies = converse("la déchèterie de Touques elle est ouverte le jour de Noël ?")
    assert "fermée" in replies[0].text
    assert "25 décembre" in replies[0].text


def test_bulky_waste_is_booked_from_end_to_end(converse: Conversation) -> None:
    replies = converse(
        "je voudrais prendre rendez-vous pour les encombrants",
        "un vieux canapé et deux matelas",
        "à Villers-sur-Mer",
        "12 rue de la Mer",
        "oui",
        "au fait, à quelle heure vous ouvrez ?",
        "mercredi matin",
        "oui",
        "oui c'est ça",
    )
    assert replies[5].intent == "service.horaires"
    (record,) = [action for action in replies[-1].actions if isinstance(action, Record)]
    assert record.type == "appointment"
    assert record.slots["commune"] == "Villers-sur-Mer"
    assert record.slots["date"] == "2026-12-02"
    assert record.slots["telephone"] == "+33612345678"


def test_callback_is_taken_at_night(converse: Conversation) -> None:
    replies = converse(
        "je voudrais parler à quelqu'un", "oui", "non", "06 39 98 12 34", "oui", "plutôt le matin", open_=False
    )
    (record,) = [action for action in replies[-1].actions if isinstance(action, Record)]
    assert (record.type, record.slots["telephone"], record.slots["heure"]) == ("callback", "+33639981234", "matin")


def test_fire_gets_the_emergency_numbers_at_once(converse: Conversation) -> None:
    (reply,) = converse("au secours il y a le feu chez mon voisin")
    assert reply.intent == "urgence"
    assert not any(say.barge_in for say in reply.says)


def test_weather_is_not_answered_as_if_understood(converse: Conversation) -> None:
    (reply,) = converse("quel temps fera-t-il demain à Paris")
    assert not reply.answered
    assert not [action for action in reply.actions if not isinstance(action, Clarify)]


def test_leak_in_the_street_reaches_the_on_call_service(converse: Conversation) -> None:
    replies = converse("il y a une grosse fuite d'eau", "dans la rue devant chez moi", "oui", open_=False)
    assert [action.target for action in replies[-1].actions if isinstance(action, Transfer)] == ["astreinte"]


def test_neighbouring_town_is_not_given_our_days(converse: Conversation) -> None:
    replies = converse("quand passent les poubelles à Honfleur")
    assert "pas une commune de notre territoire" in replies[0].text


def test_two_requests_are_taken_in_turn(converse: Conversation) -> None:
    replies = converse("quels sont vos horaires et où est la déchèterie", "à Blonville")
    assert "de 9 h à 17 h" in replies[0].text
    assert "déchèterie de Villers" in replies[1].text


def test_a_professional_is_told_access_and_price_before_where_the_rubble_goes(converse: Conversation) -> None:
    (reply,) = converse("je suis artisan est-ce que je peux déposer mes gravats et combien ça coûte")
    assert "Les professionnels entrent en déchèterie avec une carte, et le dépôt est payant" in reply.text


def test_a_person_asked_for_about_a_subject_is_not_replaced_by_an_answer(converse: Conversation) -> None:
    (reply,) = converse("je voudrais parler à quelqu'un de la facturation de l'eau")
    assert [action.reason for action in reply.actions if isinstance(action, Transfer)] == ["eau.facture"]
