"""Errors of the HTTP APIs, as problem documents (RFC 9457)."""

import json
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)

PROBLEM = "application/problem+json"
_LARGEST_BODY = 32_768


class Refusal(Exception):
    """A request that is refused: an HTTP status, a code for programs, a sentence for people, a delay to try again."""

    def __init__(self, status: int, code: str, detail: str, retry_s: float = 0.0) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_s = retry_s

    def response(self) -> web.Response:
        """Return it as a response."""
        document = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        headers = {"Cache-Control": "no-store"}
        if self.retry_s:
            headers["Retry-After"] = str(max(1, round(self.retry_s)))
        text = json.dumps(document, ensure_ascii=False)
        return web.Response(text=text, status=self.status, content_type=PROBLEM, headers=headers)


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """Return the JSON body of ``request`` as a checked model.

    Raises:
        Refusal: it is not JSON, is too large, or is not what the model describes.
    """
    if request.content_type != "application/json":
        raise Refusal(415, "not_json", "Send application/json.")
    body = await request.content.read(_LARGEST_BODY + 1)
    while len(body) <= _LARGEST_BODY and (more := await request.content.read(_LARGEST_BODY + 1 - len(body))):
        body += more
    if len(body) > _LARGEST_BODY:
        raise Refusal(413, "too_large", "The body is too large.")
    return parse(body, model)


def parse(body: bytes | str, model: type[Model]) -> Model:
    """Return a JSON text as a checked model.

    Raises:
        Refusal: it is not JSON, or not what the model describes; the detail names the fields.
    """
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        faults = "; ".join(
            ".".join(map(str, fault["loc"])) + (": " if fault["loc"] else "") + fault["msg"] for fault in error.errors()
        )
        raise Refusal(400, "invalid", faults[:500]) from error
