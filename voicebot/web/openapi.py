"""The OpenAPI 3.1 document of the APIs, made from the very models that check their requests.

Each API lists its operations as values beside its models; ``document`` puts them together. It is served at
``/api/openapi.json``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from voicebot.web.chat_models import Problem
from voicebot.web.problems import PROBLEM

PATH = "/api/openapi.json"
_REF = "#/components/schemas/{model}"
_IN_PATH = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query: its name, what it means, its JSON schema."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: what it takes and what it answers, by status; ``None`` is an answer without a JSON body.

    ``problems`` are the statuses answered with a problem document. ``scope`` is the token's scope it asks for.
    """

    method: Literal["get", "post", "put", "delete"]
    path: str
    id: str
    summary: str
    tag: str
    answers: Mapping[int, tuple[str, type[BaseModel] | None]]
    request: type[BaseModel] | None = None
    query: Sequence[Parameter] = ()
    problems: Sequence[int] = ()
    scope: str = ""
    description: str = ""


def document(operations: Iterable[Operation], title: str, version: str) -> dict[str, Any]:
    """Return the OpenAPI document of ``operations``."""
    operations = tuple(operations)
    models = {model for one in operations for model in _models(one)} | {Problem}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def openapi_route(document: Mapping[str, Any]) -> web.RouteDef:
    """Return the route that serves ``document``."""
    text = json.dumps(document, ensure_ascii=False, indent=1)

    async def serve(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-cache"})

    return web.get(PATH, serve)


def _models(operation: Operation) -> Iterable[type[BaseModel]]:
    if operation.request is not None:
        yield operation.request
    yield from (model for _, model in operation.answers.values() if model is not None)


def _operation(one: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, (meaning, model) in one.answers.items():
        responses[str(status)] = {"description": meaning}
        if model is not None:
            responses[str(status)]["content"] = {"application/json": {"schema": _ref(model)}}
    for status in one.problems:
        responses[str(status)] = {"description": "A problem.", "content": {PROBLEM: {"schema": _ref(Problem)}}}
    described: dict[str, Any] = {
        "operationId": one.id,
        "summary": one.summary,
        "tags": [one.tag],
        "parameters": [*(_path_parameter(name) for name in _IN_PATH.findall(one.path)), *map(_query, one.query)],
        "responses": responses,
    }
    if one.description:
        described["description"] = one.description
    if one.request is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(one.request)}}}
    if one.scope:
        described["security"] = [{"token": []}]
        described["description"] = (described.get("description", "") + f" Scope: `{one.scope}`.").strip()
    return described


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": False,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
