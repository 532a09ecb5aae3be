"""Conversations over HTTP and WebSocket: the real routes on a real port."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse, WSMsgType
from aiohttp.test_utils import make_mocked_request

from tests.web.visitors import ROOT, TEXTS, TUESDAY, Follower, Rote, Visit, reply, run, texts, visiting
from voicebot.app import new_dialogue
from voicebot.calls.closing import ClosingDialogue, ClosingSetting, load_closing
from voicebot.calls.keeping import JournalWitness
from voicebot.dialog.turns import HangUp, Link, Record, Reply, Say
from voicebot.journal.opening import open_journal
from voicebot.journal.settings import JournalSettings
from voicebot.profile import Profile
from voicebot.web.rates import RateLimit, client_address

OUR_ORIGIN = {"Origin": "https://www.mairie.example"}


def test_a_visitor_asks_and_is_answered_by_the_brain_of_the_telephone(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile) as visit:
            room = await visit.open()
            asked = await (await visit.say(room, "quand passe le camion des poubelles ?", after=1)).json()
            answered = await (await visit.say(room, choice="Touques", after=3)).json()
            return asked, answered, visit.follower.turns

    asked, answered, turns = run(work())
    assert texts(asked)[0] == "quand passe le camion des poubelles ?"
    assert "commune" in texts(asked)[1]
    assert "Touques" in [choice["id"] for choice in asked["messages"][1]["choices"]]
    assert "à Touques" in texts(answered)[1]
    assert [(turn.channel, turn.intent) for turn in turns] == [("text", "collecte.jours"), ("text", None)]
    assert turns[1].entities == {"commune": "Touques"}


def test_what_is_written_for_the_eye_is_shown_with_its_links_and_references(profile: Profile) -> None:
    written = Say("Le site est truc point fr", "Le site : truc.fr", links=(Link("Le site", "https://truc.fr"),))
    unsafe = Say("Clic", links=(Link("Clic", "javascript:alert(1)"),), barge_in=False)
    kept = Record("ticket", "D-0472", "oubli", {})
    rote = Rote([Reply((written, unsafe, Say("See you", language="en")), (kept,))])

    async def work() -> Any:
        async with visiting(profile, lambda: rote) as visit:
            return (await (await visit.say(await visit.open(), "le site ?", after=2)).json())["messages"][0]

    message = run(work())
    assert message["parts"] == [{"text": "Le site : truc.fr Clic", "lang": "fr"}, {"text": "See you", "lang": "en"}]
    assert message["links"] == [{"label": "Le site", "url": "https://truc.fr"}]
    assert message["references"] == ["D-0472"]
    assert message["important"]


def test_the_messages_of_the_day_come_first(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, notices=("Travaux rue Mozin.",)) as visit:
            room = await visit.open()
            return await (await visit.client.get(f"{room}/messages")).json()

    shown = run(work())
    assert [(message["kind"], message["seq"]) for message in shown["messages"]] == [("notice", 1), ("answer", 2)]


def test_a_message_sent_again_after_a_lost_answer_is_taken_once(profile: Profile) -> None:
    rote = Rote()

    async def work() -> Any:
        async with visiting(profile, lambda: rote) as visit:
            room = await visit.open()
            first = await (await visit.say(room, "oui", client_id="m1", after=1)).json()
            again = await (await visit.say(room, "oui", client_id="m1", after=1)).json()
            return first, again

    first, again = run(work())
    assert first == again
    assert len(rote.heard) == 1


def test_a_button_of_the_last_message_is_a_certain_answer(profile: Profile) -> None:
    rote = Rote()

    async def work() -> Any:
        async with visiting(profile, lambda: rote) as visit:
            room = await visit.open()
            taken = await visit.say(room, choice="oui", after=1)
            refused = await visit.say(room, choice="peut-être")
            return texts(await taken.json())[0], refused.status, (await refused.json())["code"]

    assert run(work()) == ("Oui", 409, "unknown_choice")
    assert rote.heard[0].choices == (("oui", 1.0),)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "x" * 51}, 413, "message_too_long"),
        ({"text": "  "}, 400, "message_empty"),
        ({"text": "x" * 40_000}, 413, "too_large"),
        ({"texte": "bonjour"}, 400, "invalid"),
        ({"text": 3}, 400, "invalid"),
        ({"text": "a", "client_id": "<b>"}, 400, "invalid"),
    ],
)
def test_a_message_that_cannot_be_taken_is_refused_with_its_reason(
    profile: Profile, body: dict[str, Any], status: int, code: str
) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, message_chars=50) as visit:
            room = await visit.open()
            refused = await visit.client.post(f"{room}/messages", json=body)
            return refused.status, refused.content_type, (await refused.json())["code"]

    assert run(work()) == (status, "application/problem+json", code)


@pytest.mark.parametrize("path", ["messages", "socket"])
def test_an_unknown_conversation_is_not_found(profile: Profile, path: str) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            answer = await visit.client.get(f"/api/chat/sessions/guess/{path}")
            return answer.status, (await answer.json())["code"]

    assert run(work()) == (404, "unknown_session")


def test_a_brain_that_fails_is_an_incident_told_to_the_visitor(profile: Profile) -> None:
    rote = Rote([RuntimeError("broken"), reply("De retour")])

    async def work() -> Any:
        async with visiting(profile, lambda: rote) as visit:
            room = await visit.open()
            failed = await (await visit.say(room, "bonjour", after=2)).json()
            after = await (await visit.say(room, "et maintenant ?", after=4)).json()
            return texts(failed)[0], texts(after)[0]

    failed, after = run(work())
    assert "incident technique" in failed
    assert after == "De retour"


def test_messages_are_answered_in_their_order(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            room = await visit.open()
            await asyncio.gather(*(visit.say(room, text) for text in ("un", "deux", "trois")))
            return await (await visit.client.get(f"{room}/messages", params={"after": 1})).json()

    shown = texts(run(work()))
    assert [shown[at + 1] for at in (0, 2, 4)] == [f"Vous dites : {shown[at]}" for at in (0, 2, 4)]


async def waited(visit: Visit, room: str) -> "asyncio.Task[ClientResponse]":
    """Ask for the next message, 20 s at most; return once the request has come and waits."""
    session = visit.rooms.find(room.rpartition("/")[2])
    assert session is not None
    visit.clock.advance(1)
    asked = visit.client.get(f"{room}/messages", params={"after": 1, "wait_s": 20})
    waiting = asyncio.create_task(asked)
    while session.seen_s < visit.clock.monotonic():  # noqa: ASYNC110 - nothing else tells that it has come
        await asyncio.sleep(0)
    return waiting


def test_waiting_for_a_message_returns_as_soon_as_there_is_one(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            room = await visit.open()
            waiting = await waited(visit, room)
            await visit.say(room, "bonjour")
            return texts(await (await waiting).json())[0]

    assert run(work()) == "bonjour"


async def frames(socket: Any, until: str) -> list[dict[str, Any]]:
    """Return the frames received up to the first of type ``until``."""
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["type"] != until:
        frame = await socket.receive(timeout=60)
        assert frame.type is WSMsgType.TEXT, frame
        seen.append(frame.json())
    return seen


def test_a_socket_gives_what_was_missed_then_what_comes(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            room = await visit.open()
            await visit.say(room, "un")
            async with visit.client.ws_connect(f"{room}/socket?after=1") as socket:
                missed = [await frames(socket, "message") for _ in range(2)]
                await socket.send_json({"type": "message", "text": "deux", "client_id": "d"})
                live = [await frames(socket, "message") for _ in range(2)]
            async with visit.client.ws_connect(f"{room}/socket?after=4") as socket:
                again = await frames(socket, "message")
            return [[frame[-1]["message"] for frame in part] for part in (missed, live, [again])]

    missed, live, again = run(work())
    assert [message["seq"] for message in missed + live] == [2, 3, 4, 5]
    assert live[0]["client_id"] == "d"
    assert again == [live[1]]


@pytest.mark.parametrize("text", ["{", "[]", '{"type":"dance"}', '{"type":"message","text":""}', "[" * 10_000])
def test_a_bad_frame_is_told_and_the_socket_goes_on(profile: Profile, text: str) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            room = await visit.open()
            async with visit.client.ws_connect(f"{room}/socket?after=1") as socket:
                await socket.send_str(text)
                error = (await frames(socket, "error"))[-1]
                await socket.send_json({"type": "message", "text": "bonjour"})
                return error["code"], (await frames(socket, "message"))[-1]["message"]["from"]

    code, sender = run(work())
    assert code in ("invalid", "message_empty")
    assert sender == "visitor"


def test_leaving_ends_the_contact_once_and_closes_the_socket(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            room = await visit.open()
            await visit.say(room, "bonjour")
            async with visit.client.ws_connect(f"{room}/socket?after=3") as socket:
                left = await (await visit.client.post(f"{room}/end", json={"now": True, "after": 3})).json()
                ended = await frames(socket, "ended")
            refused = await visit.say(room, "encore")
            return left["ended"], ended[-1]["type"], refused.status, len(visit.follower.records)

    assert run(work()) == (True, "ended", 409, 1)


def test_a_silent_visitor_is_forgotten_and_the_contact_ended(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, idle_s=600) as visit:
            silent, active = await visit.open(), await visit.open()
            await visit.say(silent, "bonjour")
            visit.clock.advance(599)
            await visit.say(active, "je suis là")
            kept = await visit.rooms.sweep()
            visit.clock.advance(2)
            gone = await visit.rooms.sweep()
            after = await visit.say(silent, "et moi ?")
            return kept, gone, after.status, visit.rooms.live, len(visit.follower.records)

    assert run(work()) == (0, 1, 404, 1, 1)


def test_a_window_opened_without_a_word_is_no_contact(profile: Profile) -> None:
    async def work() -> Follower:
        async with visiting(profile, Rote) as visit:
            await visit.open()
        return visit.follower

    assert run(work()) == Follower()


def test_stopping_the_service_ends_the_conversations(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            await visit.say(await visit.open(), "bonjour")
        return [record.outcome for record in visit.follower.records]

    assert run(work()) == ["hung_up"]


def test_stopping_the_service_waits_for_no_visitor(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            room = await visit.open()
            await visit.client.ws_connect(f"{room}/socket?after=1")
            waiting = await waited(visit, room)
            runner = visit.client.server.runner
            assert runner is not None
            await asyncio.wait_for(runner.cleanup(), 15)
            return (await (await waiting).json())["ended"]

    assert run(work())


def test_a_conversation_without_end_is_ended(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, max_messages=2) as visit:
            room = await visit.open()
            await visit.say(room, "un")
            last = await (await visit.say(room, "deux")).json()
            return last["ended"], last["messages"][-1]["kind"]

    assert run(work()) == (True, "end")


@pytest.mark.parametrize("bounds", [(2, 20), (400, 2)], ids=["in all", "for one address"])
def test_too_many_conversations_are_refused_in_french(profile: Profile, bounds: tuple[int, int]) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, max_sessions=bounds[0], sessions_per_address=bounds[1]) as visit:
            answers = []
            for _ in range(3):
                visit.clock.advance(60)
                answers.append(await visit.client.post("/api/chat/sessions"))
            return [answer.status for answer in answers], (await answers[-1].json())["detail"]

    statuses, detail = run(work())
    assert statuses == [201, 201, 503]
    assert "02 31 88 54 49" in detail


def test_messages_that_come_too_fast_are_refused_until_later(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, messages_per_minute=6) as visit:
            room = await visit.open()
            at_once = [await visit.say(room, "bonjour") for _ in range(4)]
            visit.clock.advance(10)
            later = await visit.say(room, "bonjour")
            return [answer.status for answer in at_once], at_once[-1].headers["Retry-After"], later.status

    assert run(work()) == ([200, 200, 200, 429], "10", 200)


@pytest.mark.parametrize(
    ("origins", "status", "told"),
    [
        ((), 403, None),
        (("https://www.mairie.example",), 201, OUR_ORIGIN["Origin"]),
        (("*",), 201, OUR_ORIGIN["Origin"]),
    ],
)
def test_pages_of_other_sites_need_to_be_allowed(
    profile: Profile, origins: tuple[str, ...], status: int, told: str | None
) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, origins=origins) as visit:
            answer = await visit.client.post("/api/chat/sessions", headers=OUR_ORIGIN)
            return answer.status, answer.headers.get("Access-Control-Allow-Origin")

    assert run(work()) == (status, told)


def test_a_preflight_allows_json_and_no_cookie(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote, origins=(OUR_ORIGIN["Origin"],)) as visit:
            headers = OUR_ORIGIN | {"Access-Control-Request-Method": "POST"}
            answer = await visit.client.options("/api/chat/sessions", headers=headers)
            return answer.status, answer.headers

    status, headers = run(work())
    assert status == 204
    assert headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert "Access-Control-Allow-Credentials" not in headers


def test_a_socket_from_another_site_is_refused(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            return (await visit.client.get(f"{await visit.open()}/socket", headers=OUR_ORIGIN)).status

    assert run(work()) == 403


def test_our_own_pages_need_no_permission(profile: Profile) -> None:
    async def work() -> Any:
        async with visiting(profile, Rote) as visit:
            origin = str(visit.client.make_url("/")).rstrip("/")
            return (await visit.client.post("/api/chat/sessions", headers={"Origin": origin})).status

    assert run(work()) == 201


def test_a_chat_is_a_contact_of_the_journal_with_its_turns_and_requests(profile: Profile, tmp_path: Any) -> None:
    said = ("je veux être rappelé", "06 39 98 12 34", "oui", "le matin")

    async def work() -> Any:
        journal = await open_journal(JournalSettings().within(tmp_path), {})
        try:
            async with visiting(profile, witnesses=lambda one: (JournalWitness(journal, one, "chat"),)) as visit:
                room = await visit.open()
                answers = [await (await visit.say(room, text)).json() for text in said]
                await visit.client.post(f"{room}/end", json={"now": True})
            person = journal.pseudonym("+33639981234")
            assert person is not None
            return answers[-1]["messages"][-1], await journal.export_person(person)
        finally:
            await journal.close()

    last, kept = run(work())
    [contact], [record] = kept["contacts"], kept["records"]
    assert (contact["channel"], contact["outcome"]) == ("chat", "callback")
    assert [record["reference"]] == last["references"]
    assert record["coordinates"]["telephone"] == "+33639981234"
    assert [turn["channel"] for turn in kept["turns"]] == ["text"] * 4
    assert kept["turns"][0]["understood"]
    assert not any("39 98 12" in turn["heard"] + turn["said"] for turn in kept["turns"])


CLOSING = load_closing(ROOT / "prompts" / "closing.toml").in_writing()


def opinions(profile: Profile, *said: str, leave: bool = False) -> Any:
    """Be served, take leave, then answer the last questions; return what was asked, and the contact."""

    async def work() -> Any:
        async with visiting(
            profile,
            lambda: ClosingDialogue(
                new_dialogue(profile, lambda: TUESDAY, seed="opinion", channel="chat"),
                ClosingSetting(CLOSING, profile.knowledge.marks),
            ),
        ) as visit:
            room = await visit.open()
            await visit.say(room, "quand passe le camion à Touques ?")
            if leave:
                await visit.client.post(f"{room}/end", json={})
            for text in said:
                await visit.say(room, text)
            shown = await (await visit.client.get(f"{room}/messages", params={"after": 3})).json()
            return shown, visit.follower.records

    return run(work())


def test_whoever_says_goodbye_is_asked_for_an_opinion_in_writing(profile: Profile) -> None:
    shown, [record] = opinions(profile, "au revoir", "oui", "oui", "non", "4", "très bien, merci")
    asked = [message for message in shown["messages"] if message["kind"] == "survey"]
    assert [len(message["choices"]) for message in asked] == [2, 2, 2, 5, 0]
    assert not any("tapez" in text for text in texts(shown))
    assert record.survey == {"facile": 1, "resolu": 0, "global": 4, "commentaire": "très bien, merci"}
    assert shown["ended"]
    assert shown["messages"][-1]["kind"] == "answer"


def test_closing_the_window_asks_for_an_opinion_and_a_refusal_ends(profile: Profile) -> None:
    shown, [record] = opinions(profile, "non", leave=True)
    assert texts(shown)[:2] == ["Au revoir", CLOSING.accord]
    assert shown["ended"]
    assert record.survey == {}


def test_closing_it_again_ends_at_once(profile: Profile) -> None:
    async def work() -> Any:
        rote = Rote([reply("Le mardi", answered=True), reply("Au revoir", actions=(HangUp(),))])
        closing = ClosingDialogue(rote, ClosingSetting(CLOSING, profile.knowledge.marks))
        async with visiting(profile, lambda: closing) as visit:
            room = await visit.open()
            await visit.say(room, "quand ?")
            left = [await (await visit.client.post(f"{room}/end", json={})).json() for _ in range(2)]
            return [one["ended"] for one in left], texts(left[-1])[-2:]

    assert run(work()) == ([False, True], [CLOSING.accord, TEXTS.words.fin])


def test_a_bucket_fills_again_with_time() -> None:
    now = [0.0]
    limit = RateLimit(60, 2, lambda: now[0])
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 1]
    assert limit.wait_s("b") == 0
    now[0] = 0.5
    assert limit.wait_s("a") == 0.5
    now[0] = 1.0
    assert limit.wait_s("a") == 0


@pytest.mark.parametrize(
    ("remote", "forwarded", "found"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "nonsense", "unknown"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ],
)
def test_the_address_behind_a_proxy_is_believed_only_from_it(remote: str, forwarded: str, found: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded}).clone(remote=remote)
    assert client_address(request, ("10.0.0.1", "10.0.0.2")) == found
