"""Whether what a collector answers stands in its OpenAPI document."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator

from collector.api.asked import Asked
from collector.api.openapi import openapi_document

# Headers that only some answers have: what is not documented of them is a fault.
TELLING = ("Allow", "Retry-After", "X-CT-Result", "X-CT-Event-Id", "X-CT-Error")


class Described:
    """Notes what an answer has and the document does not, or the reverse.

    An application tells it of each answer (`on_response_prepare`), so that every test of the
    collector is one of the document too.
    """

    def __init__(self, script_path: str) -> None:
        self.wrong: list[str] = []
        self._paths = paths_of(script_path)

    async def note(self, request: web.Request, response: web.StreamResponse) -> None:
        """An answer is about to be sent by an application."""
        self.note_answer(request, response)

    def note_answer(self, request: Asked, response: web.StreamResponse) -> None:
        """An answer is about to be sent."""
        operations = self._paths.get(request.path)
        if operations is None:
            return
        place = f"{request.method} {request.path}: {response.status}"
        operation = operations.get(request.method.lower())
        if operation is None:
            known = response.status == 405 and "Allow" in response.headers
            self.wrong += [] if known else [f"{place}: an operation that is not documented"]
            return
        answer = operation["responses"].get(str(response.status))
        faults = ["not documented"] if answer is None else faults_of(response, answer)
        self.wrong += [f"{place}: {fault}" for fault in faults]


@cache
def paths_of(script_path: str) -> dict[str, Any]:
    """The document's operations, made once for many collectors."""
    paths: dict[str, Any] = openapi_document(script_path)["paths"]
    return paths


def faults_of(response: web.StreamResponse, answer: dict[str, Any]) -> list[str]:
    """What is wrong with an answer of a documented status."""
    faults = faults_of_headers(response, answer.get("headers", {}))
    body = response.body if isinstance(response, web.Response) else None
    content = answer.get("content", {})
    if not content or not isinstance(body, bytes):
        return faults
    if response.content_type not in content:
        return [*faults, f"{response.content_type} is not documented"]
    if response.content_type == "application/json":
        schema = json.dumps(content["application/json"]["schema"], sort_keys=True)
        faults += [e.message for e in validator_of(schema).iter_errors(json.loads(body))]
    return faults


def faults_of_headers(response: web.StreamResponse, documented: dict[str, Any]) -> list[str]:
    """What is wrong with the headers of an answer."""
    faults = [
        f"{name} is missing"
        for name, header in documented.items()
        if header["required"] and name not in response.headers
    ]
    faults += [
        f"{name} is not documented"
        for name in TELLING
        if name in response.headers and name not in documented
    ]
    for name, header in documented.items():
        pattern = header["schema"].get("pattern", "")
        if not re.search(pattern, response.headers.get(name, "")) and name in response.headers:
            faults.append(f"{name} is {response.headers[name]!r}")
    return faults


@cache
def validator_of(schema: str) -> Draft202012Validator:
    """What checks an answer by a schema, in which it may have no field that is not named."""
    document = openapi_document("/t.js")
    schemas = document["components"]["schemas"]
    for name in ("FieldError", "BatchResult"):
        schemas[name]["additionalProperties"] = False
    closed = {"unevaluatedProperties": False, **json.loads(schema)}
    return Draft202012Validator({"components": {"schemas": schemas}, **closed})
