"""Messages to receive later: who is asked, what is kept of a yes, and how they are stopped by saying so."""

import pytest

from tests.calls.test_closing import KNOWLEDGE, SENTENCES, SERVED, ends
from tests.dialog.scripted import Scripted, context, guide, heard
from tests.journal.conftest import Base, base, cluster, kept_open, server  # noqa: F401 - the two databases
from tests.journal.samples import AT
from voicebot.calls.closing import ClosingDialogue, ClosingSetting
from voicebot.calls.keeping import JournalWitness
from voicebot.calls.news import DECLINED, NewsSetting, Way, asks_to_stop, way_of
from voicebot.calls.record import CallRecord, TurnRecord
from voicebot.dialog.brain import Brain
from voicebot.dialog.turns import Heard, Prefer, Record, Reply, Subscribe, Unsubscribe
from voicebot.journal.journal import Journal
from voicebot.journal.people import People

MOBILE, LANDLINE = "+33612345678", "+33231880000"
IN_TOUQUES = "quand passe le verre à Touques [collecte.jours flux=verre commune=Touques]"
LEAVING = "au revoir [au_revoir]"


class Caller:
    """Someone who may be asked whether they want news, and nothing else but that."""

    def __init__(self, caller: str = MOBILE, *, writing: bool = False, known: bool = False, mail: bool = True) -> None:
        self._understander = Scripted()
        at = context(caller=caller, channel="chat" if writing else "voice")
        brain = Brain(KNOWLEDGE, self._understander).open(at)
        news = NewsSetting(caller, by_sms=True, by_mail=mail, writing=writing, known=known)
        sentences = SENTENCES.in_writing() if writing else SENTENCES
        setting = ClosingSetting(sentences, KNOWLEDGE.marks, survey=False, remember=bool(caller), news=news)
        told = brain if writing else guide(brain, KNOWLEDGE, True)
        self.dialogue = ClosingDialogue(told, setting)
        self.dialogue.greet()

    def turns(self, *said: str) -> Reply:
        return [self.dialogue.respond(heard(one, self._understander)) for one in said][-1]


def agreed(reply: Reply) -> list[Subscribe | Unsubscribe]:
    return [one for one in reply.actions if isinstance(one, Subscribe | Unsubscribe)]


@pytest.mark.parametrize("answer", ["oui [oui]", "(touches 1)"], ids=["by voice", "by key"])
def test_whoever_was_served_may_agree_to_text_messages_for_their_commune(answer: str) -> None:
    caller = Caller()
    asked = caller.turns(IN_TOUQUES, LEAVING)
    assert asked.text == SENTENCES.nouvelles_sms
    assert not ends(asked)
    accepted = caller.turns(answer)
    assert agreed(accepted) == [Subscribe("sms", MOBILE, SENTENCES.nouvelles_sms, "Touques")]
    assert SENTENCES.nouvelles_oui in accepted.text
    assert ends(accepted)


@pytest.mark.parametrize("answer", ["non merci [non]", "(touches 2)"], ids=["by voice", "by key"])
def test_whoever_declines_is_not_asked_at_the_next_call(answer: str) -> None:
    caller = Caller()
    caller.turns(*SERVED)
    declined = caller.turns(answer)
    assert not agreed(declined)
    assert Prefer(DECLINED, "1") in declined.actions
    assert ends(declined)
    assert ends(Caller(known=True).turns(*SERVED))


@pytest.mark.parametrize(
    "turns",
    [
        ("au feu [urgence]",),
        (SERVED[0], "j'ai envie de mourir [?]"),
        ("c'est inadmissible [reclamation]", "(touches *)", SERVED[0]),
        (SERVED[0], "bande d’incapables [?]"),
    ],
    ids=["emergency", "despair", "complaint", "anger"],
)
def test_nothing_is_offered_after_an_emergency_or_a_complaint(turns: tuple[str, ...]) -> None:
    assert SENTENCES.nouvelles_sms not in Caller().turns(*turns, LEAVING).text


def test_nothing_is_offered_to_whoever_cannot_be_written_to_or_was_not_served() -> None:
    assert ends(Caller(LANDLINE).turns(*SERVED))
    assert ends(Caller("").turns(*SERVED))
    assert ends(Caller().turns(LEAVING))


def test_in_writing_an_address_is_asked_for_when_none_was_left() -> None:
    visitor = Caller("", writing=True)
    assert "par e-mail" in visitor.turns(IN_TOUQUES, LEAVING).text
    question = visitor.turns("oui [oui]")
    assert question.expect.slot == "email"
    assert "pas compris" in visitor.turns("heu [?]").text
    accepted = visitor.turns("marie.dupont@example.org [?]")
    [subscription] = agreed(accepted)
    assert isinstance(subscription, Subscribe)
    assert (subscription.address, subscription.commune) == ("marie.dupont@example.org", "Touques")
    assert accepted.entities == {"email": "marie.dupont@example.org"}  # masked wherever the turn is kept
    assert ends(accepted)


@pytest.mark.parametrize("yes", ["oui [oui]", "(touches 1)"])
def test_messages_are_stopped_by_saying_so_once_confirmed_and_the_call_goes_on(yes: str) -> None:
    caller = Caller(known=True)
    confirm = caller.turns(IN_TOUQUES, "ne m’envoyez plus de messages [?]")
    assert confirm.text == SENTENCES.retrait
    assert not agreed(confirm)
    done = caller.turns(yes)
    assert agreed(done) == [Unsubscribe()]
    assert SENTENCES.retrait_oui in done.text
    assert "9 h" in caller.turns("vos horaires [service.horaires]").text or not ends(done)
    assert ends(caller.turns(LEAVING))


def test_a_doubt_or_a_no_stops_nothing_and_takes_up_the_question_that_was_asked() -> None:
    caller = Caller(known=True)
    question = caller.turns("quand passe le verre [collecte.jours flux=verre]")
    again = caller.turns("arrêtez vos SMS [?]", "heu [?]", "non [non]")
    assert not agreed(again)
    assert question.says[-1].text in again.text
    assert "Touques" in caller.turns("à Touques [=Touques commune=Touques]").text


def test_whoever_cannot_be_known_is_told_how_to_stop_messages() -> None:
    told = Caller("", writing=True).turns("je ne veux plus de messages [?]")
    assert "lien" in told.text
    assert not agreed(told)


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("ne m'envoyez plus de messages", True),
        ("je voudrais ne plus recevoir de sms s'il vous plaît", True),
        ("je voudrais me désabonner", True),
        ("je n'ai plus de message sur mon téléphone fixe", False),
        ("on ne m'a pas ramassé ma poubelle", False),
        ("arrêtez de ramasser si tôt le matin", False),
    ],
)
def test_only_words_that_ask_for_no_more_messages_are_taken_so(text: str, stops: bool) -> None:
    assert asks_to_stop(Heard(text), KNOWLEDGE.marks) is stops


def kept_after(base: Base, *news: Subscribe | Unsubscribe, caller: str = MOBILE) -> tuple[list[object], dict[str, str]]:  # noqa: F811
    """Have a call with these words in the journal; return the consents and what is known at the next call."""

    async def work(journal: Journal) -> tuple[list[object], dict[str, str]]:
        call = CallRecord("sip-1", AT, "+33231000000", caller, "coeur-cote-fleurie")
        witness = JournalWitness(journal, "c1")
        for number, said in enumerate(news):
            call.news.append(said)
            call.turns.append(TurnRecord(float(number), "voice", "oui"))
            witness.turn(call, call.turns[-1])
        witness.ended(call)
        await journal.settled()
        people = People(journal.database, journal.seal)
        person = journal.seal.person(caller)
        assert person is not None
        return [*await people.consents(person)], await journal.preferences(caller)

    found: tuple[list[object], dict[str, str]] = kept_open(base, work)
    return found


def test_a_consent_is_kept_with_its_moment_its_words_and_its_commune(base: Base) -> None:  # noqa: F811
    [consent], known = kept_after(base, Subscribe("sms", MOBILE, "Voulez-vous ?", "Touques"))
    assert (consent.source, consent.wording, consent.commune) == ("phone", "Voulez-vous ?", "Touques")  # type: ignore[attr-defined]
    assert consent.consented_at == AT  # type: ignore[attr-defined]
    assert known == {"nouvelles": "Touques"}


def test_the_last_word_counts(base: Base) -> None:  # noqa: F811
    subscription = Subscribe("sms", MOBILE, "Voulez-vous ?", "Touques")
    assert kept_after(base, subscription, Unsubscribe()) == ([], {})
    consents, _ = kept_after(base, Unsubscribe(), subscription)
    assert len(consents) == 1


def test_a_record_left_with_a_mobile_number_offers_messages_to_that_number() -> None:
    kept = [Record("ticket", "D-1", "oubli", {"telephone": MOBILE, "email": "a@example.org"})]
    assert way_of(NewsSetting(LANDLINE, by_sms=True), kept) == Way("nouvelles_numero", "sms", MOBILE)
    assert way_of(NewsSetting(LANDLINE, by_mail=True), kept) == Way("nouvelles_adresse", "email", "a@example.org")
    assert way_of(NewsSetting(LANDLINE, by_sms=True), []) is None
