"""The OpenAPI document: valid, and true of real responses."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from openapi_spec_validator import validate

from tests.web.visitors import Rote, run, visiting
from voicebot.profile import Profile
from voicebot.web.api_operations import API_OPERATIONS
from voicebot.web.chat_operations import CHAT_OPERATIONS
from voicebot.web.openapi import document

DOCUMENT = document((*CHAT_OPERATIONS, *API_OPERATIONS), "voicebot", "1")


def check(method: str, path: str, status: int, content_type: str, body: Any) -> None:
    """Check a real response against the document."""
    described = next(
        operations[method]
        for pattern, operations in DOCUMENT["paths"].items()
        if method in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path)
    )
    schema = described["responses"][str(status)]["content"][content_type]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(body)


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_real_responses_of_the_chat_are_what_the_document_says(profile: Profile) -> None:
    async def work() -> list[Any]:
        calls: list[Any] = []
        async with visiting(profile, Rote) as visit:

            async def call(method: str, path: str, **more: Any) -> Any:
                answer = await visit.client.request(method, path, **more)
                body = await answer.json()
                calls.append((method, path, answer.status, answer.content_type, body))
                return body

            await call("get", "/api/chat/look")
            opened = await call("post", "/api/chat/sessions")
            room = f"/api/chat/sessions/{opened['session']}"
            await call("post", f"{room}/messages", json={"text": "bonjour", "client_id": "a"})
            await call("post", f"{room}/messages", json={"text": ""})
            await call("post", f"{room}/messages", data=b"text=bonjour")
            await call("get", f"{room}/messages", params={"after": "x"})
            await call("get", f"{room}/messages", params={"after": "1"})
            await call("post", f"{room}/end", json={"now": True})
            await call("post", f"{room}/messages", json={"text": "encore"})
            await call("get", "/api/chat/sessions/guess/messages")
            await call("post", "/api/chat/sessions", headers={"Origin": "https://elsewhere.example"})
        return calls

    calls = run(work())
    for call in calls:
        check(*call)
    assert [status for _, _, status, _, _ in calls] == [200, 201, 200, 400, 415, 400, 200, 200, 409, 404, 403]


def test_every_problem_an_operation_answers_is_described_once() -> None:
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            assert len(operation["responses"]) >= 2


@pytest.mark.parametrize("wrong", [{"seq": 0}, {"from": "nobody"}, {"surprise": 1}])
def test_the_check_of_responses_can_fail(wrong: dict[str, Any]) -> None:
    message = {"seq": 1, "at": "2026-11-24T10:00:00+01:00", "from": "assistant", "kind": "answer", "entry": "text"}
    message |= {"parts": [], "links": [], "choices": [], "important": False, "references": [], "client_id": ""} | wrong
    body = {"ended": False, "messages": [message]}
    with pytest.raises(Exception, match=r"is not valid|less than|not one of|unexpected"):
        check("get", "/api/chat/sessions/x/messages", 200, "application/json", body)
