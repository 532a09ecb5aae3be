"""Turns one by one: evidence, keys, danger, advisers, chat, and that nothing ever raises."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialog.scripted import Scripted, coast, context, converse
from voicebot.dialog.brain import Brain
from voicebot.dialog.nlu.base import Background, Understanding, Verdict
from voicebot.dialog.turns import (
    Ask,
    Candidate,
    Clarify,
    Dictation,
    HangUp,
    Heard,
    Record,
    Reply,
    Transfer,
)

KNOWLEDGE = coast()
COMMUNES = tuple(KNOWLEDGE.communes)


def last(*turns: str, open_: bool = True, channel: str = "voice", caller: str = "+33612345678") -> Reply:
    _, replies = converse(KNOWLEDGE, *turns, at=context(open_=open_, channel=channel, caller=caller))
    return replies[-1]


def test_greeting_says_it_is_an_automatic_assistant_and_that_keys_work() -> None:
    reply = last()
    assert "assistante automatique" in reply.text
    assert "touches" in reply.text


def test_closed_greeting_tells_when_the_advisers_are_back() -> None:
    assert "demain, mercredi, à neuf heures" in last(open_=False).text


def test_commune_question_is_closed_by_the_twelve_communes() -> None:
    reply = last("quand passent les poubelles [collecte.jours]")
    assert reply.expect.slot == "commune"
    assert [option.id for option in reply.expect.options] == list(COMMUNES)
    assert Ask("commune") in reply.actions
    villers = next(option for option in reply.expect.options if option.id == "Villers-sur-Mer")
    assert {"Villers", "à Villers"} <= set(villers.texts)


@pytest.mark.parametrize("score", ["0.6", "0.95"])
def test_likely_score_of_an_option_is_taken(score: str) -> None:
    reply = last("les poubelles [collecte.jours flux=emballages]", f"tout que (scores Touques {score}) [?]")
    assert "À Touques" in reply.text
    assert reply.intent is None
    assert reply.entities == {"commune": "Touques"}


@pytest.mark.parametrize("score", ["0.35", "0.59"])
def test_doubtful_score_is_confirmed(score: str) -> None:
    turns = ("les poubelles [collecte.jours flux=emballages]", f"tout que (scores Touques {score}) [?]")
    reply = last(*turns)
    assert "Touques" in reply.text
    assert reply.text.endswith("?")
    assert reply.expect.slot == "oui_non"
    assert "À Touques" in last(*turns, "oui [oui]").text
    assert "quelle commune" in last(*turns, "non [non]").text.lower()
    assert "À Deauville" in last(*turns, "non, Deauville [non commune=Deauville]").text


def test_low_score_leaves_the_words_to_decide() -> None:
    reply = last(
        "les poubelles [collecte.jours flux=emballages]", "villers (scores Touques 0.2) [commune=Villers-sur-Mer]"
    )
    assert "À Villers-sur-Mer" in reply.text


def test_words_that_contradict_a_high_score_are_confirmed() -> None:
    reply = last("les poubelles [collecte.jours flux=emballages]", "à Touques (scores Deauville 0.9) [?]")
    assert reply.expect.slot == "oui_non"


def test_commune_misheard_twice_is_typed_by_its_first_letters() -> None:
    turns = ("les poubelles [collecte.jours flux=emballages]", "hum [?]", "euh [?]")
    reply = last(*turns)
    assert reply.expect.dictation is Dictation.LETTERS
    assert "À Deauville" in last(*turns, "(touches 3)", "(touches 1)").text
    assert "À Deauville" in last(*turns, "(touches 332)", "oui (scores Deauville 0.9) [oui]").text
    listed = last(*turns, "(touches 724)")
    assert [option.id for option in listed.expect.options] == [name for name in COMMUNES if name.startswith("Saint")]
    assert [option.key for option in listed.expect.options] == ["1", "2", "3"]


def test_star_erases_what_was_typed() -> None:
    turns = ("les poubelles [collecte.jours flux=emballages]", "hum [?]", "euh [?]")
    assert "À Villerville" in last(*turns, "(touches 868*8455378455#)").text


def test_every_commune_can_be_typed() -> None:
    from voicebot.dialog.keypad import keys_of

    for name in COMMUNES:
        turns = ("les poubelles [collecte.jours flux=emballages]", "hum [?]", "euh [?]")
        assert f"À {name}" in last(*turns, f"(touches {keys_of(name)}#)").text


def test_commune_is_asked_once_and_remembered() -> None:
    _, replies = converse(
        KNOWLEDGE,
        "les poubelles à Touques [collecte.jours commune=Touques]",
        "la déchèterie [decheterie.horaires]",
        "la mairie [commune.services]",
    )
    assert not any(isinstance(action, Ask) for reply in replies for action in reply.actions)


def test_new_request_leaves_the_question_being_asked() -> None:
    reply = last(
        "les poubelles [collecte.jours flux=emballages]",
        "finalement quels sont vos horaires d'ouverture [service.horaires]",
    )
    assert reply.intent == "service.horaires"
    assert "de 9 h à 17 h" in reply.text


def test_clarification_puts_its_two_subjects_first_among_the_alternatives() -> None:
    reply = last("les horaires [service.horaires ou decheterie.horaires]")
    assert Clarify("service.horaires", "decheterie.horaires") in reply.actions
    assert [one.intent for one in reply.alternatives[:2]] == ["service.horaires", "decheterie.horaires"]
    assert [option.id for option in reply.expect.options] == ["service.horaires", "decheterie.horaires"]


def test_emergency_interrupts_a_form_and_is_heard_out() -> None:
    reply = last("je signale un dépôt [signalement.depot_sauvage]", "au secours il y a le feu [urgence]", open_=False)
    for number in ("15", "18", "112", "114", "0 800 47 33 33"):
        assert number in reply.text
    assert not any(say.barge_in for say in reply.says)
    assert [action.target for action in reply.actions if isinstance(action, Transfer)] == ["astreinte"]


def test_english_is_spoken_by_an_english_voice_then_an_adviser() -> None:
    reply = last("do you speak english [anglais]")
    assert [say.language for say in reply.says] == ["en"]
    assert [action.target for action in reply.actions if isinstance(action, Transfer)] == ["conseillers"]


def test_distress_is_met_with_the_number_that_listens() -> None:
    reply = last("je n'ai plus envie de vivre [hors_sujet]")
    assert "3114" in reply.text
    assert any(isinstance(action, Transfer) for action in reply.actions)


def test_insult_beside_a_clear_request_leaves_the_request() -> None:
    reply = last("bande d'incapables quand passent les poubelles à Touques [collecte.jours commune=Touques]")
    assert reply.intent == "collecte.jours"
    assert "À Touques" in reply.text or "à Touques" in reply.text


@pytest.mark.parametrize("result", ["busy", "no_answer", "reject", "failed"])
def test_transfer_that_came_back_offers_a_callback(result: str) -> None:
    dialogue, _ = converse(KNOWLEDGE, "un conseiller [conseiller]")
    reply = dialogue.returned(result)
    assert "rappelle" in reply.text
    assert [option.id for option in reply.expect.options] == ["oui", "non"]
    assert Ask("telephone", "rappel") in dialogue.respond(Heard(keys="1")).actions


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ("une fuite dans la rue [eau.fuite]", "02 61 91 00 01"),
        ("l'égout déborde [assainissement.probleme]", "02 61 91 00 03"),
        ("au feu [urgence]", "112"),
    ],
)
def test_whoever_could_not_reach_the_one_on_call_is_told_where_else_to_turn(request_: str, told: str) -> None:
    dialogue, _ = converse(KNOWLEDGE, request_, "oui [oui]", at=context(open_=False))
    reply = dialogue.returned("no_answer")
    assert "conseiller n’a pas répondu" not in reply.text
    assert told in reply.text
    assert Ask("telephone", "rappel") in dialogue.respond(Heard(keys="1")).actions


def test_direct_profile_transfers_at_once_when_open_and_not_when_closed() -> None:
    identity = KNOWLEDGE.identity
    direct = replace(KNOWLEDGE, identity=replace(identity, policy=replace(identity.policy, direct=True)))
    opened = Brain(direct, Scripted()).open(context()).greet()
    closed = Brain(direct, Scripted()).open(context(open_=False)).greet()
    assert any(isinstance(action, Transfer) for action in opened.actions)
    assert not closed.actions


def test_silence_after_an_answer_ends_the_call_at_the_second_time() -> None:
    turns = ("vos horaires [service.horaires]", "(silence)", "(silence)")
    assert HangUp() not in last(*turns[:2]).actions
    assert HangUp() in last(*turns).actions


def test_silence_is_forgotten_when_the_caller_speaks() -> None:
    reply = last("(silence)", "(silence)", "vos horaires [service.horaires]", "(silence)")
    assert HangUp() not in reply.actions


def test_same_question_again_is_worded_otherwise() -> None:
    _, replies = converse(KNOWLEDGE, *["l'adresse [service.contact]"] * 2)
    assert replies[1].says[-2].text != replies[2].says[-2].text


def test_openings_vary_within_a_call() -> None:
    _, replies = converse(
        KNOWLEDGE, "vos horaires [service.horaires]", "le contact [service.contact]", "les communes [interco.communes]"
    )
    assert len({reply.says[0].text for reply in replies[1:]}) == 3


def test_conversations_of_one_brain_vary_in_turn_and_identically_from_one_start_to_the_next() -> None:
    def run() -> list[str]:
        brain = Brain(KNOWLEDGE, Scripted({"horaires": "service.horaires"}))
        return [brain.open(context()).respond(Heard("horaires")).says[0].text for _ in range(4)]

    first = run()
    assert len(set(first)) > 1
    assert run() == first


def test_pace_slows_twice_at_most_and_holds() -> None:
    _, replies = converse(KNOWLEDGE, *["moins vite [plus_lentement]"] * 3, "vos horaires [service.horaires]")
    assert [reply.pace for reply in replies] == [0, 1, 2, 2, 2]


def test_chat_asks_nothing_more_and_takes_leave_in_writing() -> None:
    _, replies = converse(KNOWLEDGE, "vos horaires [service.horaires]", "non merci [non]", at=context(channel="chat"))
    assert HangUp() not in replies[-2].actions
    assert HangUp() in replies[-1].actions
    assert "autre question" not in replies[1].text
    assert replies[0].expect.options


def test_summary_tells_the_adviser_what_it_is_about() -> None:
    dialogue, _ = converse(
        KNOWLEDGE, "les poubelles à Touques [collecte.jours commune=Touques]", "un conseiller [conseiller]"
    )
    summary = dialogue.summary()
    assert summary["commune"] == "Touques"
    assert summary["phrase"] == "Appel sur les jours de collecte. Commune : Touques."


def test_menu_choice_can_be_pursued_from_outside() -> None:
    dialogue = Brain(KNOWLEDGE, Scripted()).open(context())
    assert "À Touques" in dialogue.pursue("collecte.jours", {"commune": "Touques", "flux": "emballages"}).text
    assert Ask("telephone", "rappel") in dialogue.fill("rappel").actions


def test_every_choice_of_every_answer_leads_to_a_reply() -> None:
    for answer in KNOWLEDGE.answers.values():
        for choice in answer.choices:
            kind, _, name = choice.goto.partition(":")
            dialogue = Brain(KNOWLEDGE, Scripted()).open(context())
            if kind == "intention":
                assert dialogue.pursue(name).says
            elif kind == "formulaire":
                assert dialogue.fill(name).says


def test_every_intent_gets_an_answer_or_a_question() -> None:
    from voicebot.dialog.knowledge.check import ACTS, INTENTS

    for intent in INTENTS:
        reply = last(f"question [{intent} commune=Touques]" if intent not in ACTS else f"question [{intent}]")
        assert reply.says, intent


def test_transfer_targets_are_only_those_of_the_profile() -> None:
    known = {target.id for target in KNOWLEDGE.identity.targets}
    for meaning in ("conseiller", "urgence", "eau.fuite", "assainissement.probleme", "anglais"):
        reply = last(f"sip:pirate@exemple.org [{meaning}]", "oui [oui]")
        assert {action.target for action in reply.actions if isinstance(action, Transfer)} <= known


_MEANINGS = st.sampled_from(
    [
        "?",
        "collecte.jours",
        "collecte.jours commune=Touques date=2026-12-25",
        "collecte.jours commune=Honfleur flux=verre",
        "collecte.jours flux=inconnu date=demain",
        "tri.objet objet=pile",
        "tri.objet",
        "decheterie.horaires date=pas-une-date",
        "encombrants.rdv date=2026-12-04",
        "signalement.depot_sauvage",
        "rappel telephone=+33639981234",
        "service.horaires ou eau.fuite",
        "hors_sujet ou eau.fuite",
        "oui",
        "non",
        "annuler",
        "repeter",
        "plus_lentement",
        "aide",
        "menu",
        "merci",
        "suivi reference=D472",
        "collecte.jours puis tri.objet",
        "=valeur",
    ]
)
_TURNS = st.one_of(
    st.builds(lambda text, meaning: (Heard(text), meaning), st.text(max_size=40), _MEANINGS),
    st.builds(lambda keys: (Heard(keys=keys), "?"), st.text("0123456789*#", min_size=1, max_size=12)),
    st.builds(lambda p: Heard(choices=(("Touques", p), ("oui", 1 - p))), st.floats(0, 1)).map(lambda h: (h, "?")),
    st.just((Heard(silent=True), "?")),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(_TURNS, max_size=12), st.booleans())
def test_no_sequence_of_turns_raises_or_leaves_the_caller_without_a_word(
    turns: list[tuple[Heard, str]], open_: bool
) -> None:
    understander = Scripted()
    dialogue = Brain(KNOWLEDGE, understander).open(context(open_=open_))
    dialogue.greet()
    for heard, meaning in turns:
        understander.meanings[heard.text] = meaning
        reply = dialogue.respond(heard)
        assert reply.text.strip() or (heard.keys and reply.expect.slot == "commune"), "only a letter goes unanswered"
        assert all("{" not in say.text for say in reply.says)
        assert len(reply.expect.options) <= 12
        for action in reply.actions:
            assert not isinstance(action, Record) or action.reference
    assert dialogue.summary()["phrase"]


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("la première [?]", "collecte.jours"),
        ("le second [?]", "decheterie.horaires"),
        ("(touches 2)", "decheterie.horaires"),
        ("la collecte [collecte.jours ou decheterie.horaires]", "collecte.jours"),
    ],
)
def test_clarification_is_settled_by_name_rank_or_key(said: str, intent: str) -> None:
    dialogue, _ = converse(
        KNOWLEDGE, "les horaires à Touques [collecte.jours ou decheterie.horaires commune=Touques]", said
    )
    assert dialogue.summary()["intent"] == intent


def test_clarification_answered_by_neither_is_not_asked_for_ever() -> None:
    turns = ["les horaires [collecte.jours ou decheterie.horaires]", *["ben euh [?]"] * 3]
    _, replies = converse(KNOWLEDGE, *turns)
    assert any("menu" in reply.text for reply in replies[1:])
    assert any(isinstance(action, Transfer) for action in replies[-1].actions)


def test_digits_being_dictated_are_never_taken_for_an_emergency() -> None:
    turns = ("rappelez-moi [rappel]", "non [non]")
    number = last(*turns, "06 39 98 12 34 [urgence]")
    spoken = last(*turns, "zéro six trente-neuf quatre-vingt-dix-huit douze [urgence telephone=+33639981234]")
    for reply in (number, spoken):
        assert "06, 39, 98, 12, 34" in reply.text
    assert "112" in last(*turns, "au feu [urgence]").text


def test_chat_never_transfers_nor_speaks_of_keys() -> None:
    from voicebot.dialog.knowledge.check import INTENTS

    for intent in INTENTS:
        reply = last(f"question [{intent} commune=Touques]", channel="chat")
        seen = " ".join(say.written or say.text for say in reply.says).lower()
        assert not any(isinstance(action, Transfer) for action in reply.actions), intent
        assert (HangUp() in reply.actions) is (intent == "au_revoir"), intent
        assert "tapez" not in seen, intent


def test_chat_gives_the_number_of_advisers_and_when_they_are_back() -> None:
    here = last("un conseiller [conseiller]", channel="chat")
    away = last("un conseiller [conseiller]", channel="chat", open_=False)
    assert "en ce moment au 02 31 88 54 49" in here.text
    assert "reprennent demain, mercredi, à neuf heures" in away.text
    assert all(reply.expect.options[0].label == "Oui" for reply in (here, away))


def test_slower_pace_asked_for_earlier_holds_from_the_first_word() -> None:
    dialogue = Brain(KNOWLEDGE, Scripted()).open(replace(context(), pace=2))
    assert dialogue.greet().pace == 2


def test_caller_looking_for_words_is_waited_for() -> None:
    _, replies = converse(KNOWLEDGE, *["euh [?]"] * 4, "vos horaires [service.horaires]")
    assert all(reply.text in ("Prenez votre temps.", "Je vous attends.") for reply in replies[1:5])
    assert replies[5].answered


def test_doubtful_goodbye_is_asked_again_before_hanging_up() -> None:
    reply = last("bon ben voilà [au_revoir ou urgence]")
    assert HangUp() not in reply.actions
    assert "?" in reply.text


def test_despair_is_answered_before_any_other_danger() -> None:
    reply = converse(KNOWLEDGE, "j’ai envie de mourir [urgence]")[1][-1]
    assert "3114" in reply.text


def test_a_doubtful_goodbye_does_not_end_the_call() -> None:
    class Hesitant(Scripted):
        def understand(self, text: str, alternatives: tuple[str, ...], background: Background) -> Understanding:
            return Understanding(Verdict.SURE, (Candidate("au_revoir", 0.67),))

    dialogue = Brain(KNOWLEDGE, Hesitant()).open(context())
    dialogue.greet()
    reply = dialogue.respond(Heard("les autres"))
    assert not any(isinstance(action, HangUp) for action in reply.actions)
