"""What an operation of the OpenAPI document is made of: bodies, answers, errors, headers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from collector.api.endpoints import POSTED_METHODS
from collector.api.errors import EXPECTATION_FAILED, HEADERS_TOO_LARGE, MALFORMED_REQUEST
from collector.api.openapi_schemas import (
    JSON,
    TEXT,
    AnyError,
    Json,
    codes_of,
    error_schema,
    meaning_of,
    object_of,
    reference,
)
from collector.api.pixel import ERROR_HEADER
from collector.errors import CollectorError

# What any request may be answered with, whatever it asks for.
OF_EVERY_REQUEST: tuple[AnyError, ...] = (
    MALFORMED_REQUEST,
    EXPECTATION_FAILED,
    HEADERS_TOO_LARGE,
    CollectorError,
)

WITH_RETRY_AFTER = (429, 503)
RETRY_AFTER: Json = {
    "Retry-After": {
        "required": True,
        "description": "After how many seconds to send it again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
COMMITTED = "Committed in Postgres; or stored before."
ON_DISK = "Safe in the queue, or on the collector's disk; it is written to Postgres later."


def tracking(
    name: str,
    summary: str,
    answers: Mapping[int, Json],
    errors: Mapping[int, Json],
    **more: Any,
) -> Json:
    """An endpoint that pages, trackers and servers call."""
    return operation(name, "tracking", summary, {**answers, **errors}, more)


def operating(
    name: str, summary: str, answers: Mapping[int, Json], errors: Mapping[int, Json]
) -> Json:
    """An endpoint that operators call."""
    return operation(name, "operations", summary, {**answers, **errors}, {})


def operation(name: str, tag: str, summary: str, responses: Mapping[int, Json], more: Json) -> Json:
    """An operation, its answers by status."""
    ordered = {str(status): responses[status] for status in sorted(responses)}
    about = {"operationId": name, "tags": [tag], "summary": summary}
    return {**about, **more, "responses": ordered}


def options_operation(name: str, methods: str) -> Json:
    """OPTIONS on an endpoint."""
    answer = json_answer("", object_of({"allow": {"const": methods}}, "The endpoint's methods."))
    answer["description"] = "A preflight or not; Kong answers preflights before this."
    answer["headers"] = {"Allow": header("", {"const": methods}, required=True)}
    name = f"options{name[0].upper()}{name[1:]}"
    return tracking(name, "What the endpoint takes", {200: answer}, errors_of())


def posted(post: Json, name: str) -> Json:
    """The path of an endpoint that takes a body."""
    return {"post": post, "options": options_operation(name, POSTED_METHODS)}


def with_head(get: Json) -> Json:
    """The path of an endpoint that is read; its HEAD answers alike, without a body."""
    name = get["operationId"]
    responses = {
        status: {key: value for key, value in answer.items() if key != "content"}
        for status, answer in get["responses"].items()
    }
    head = {**get, "operationId": f"head{name[0].upper()}{name[1:]}", "responses": responses}
    return {"get": get, "head": head}


def body(schema: str) -> Json:
    """A body that is JSON, under either of its types."""
    as_text = {"type": "string", "contentMediaType": JSON, "contentSchema": reference(schema)}
    return {
        "required": True,
        "description": "JSON in UTF-8, plain or with `Content-Encoding: gzip`. Without a "
        "Content-Type it is read too.",
        "content": {JSON: {"schema": reference(schema)}, "text/plain": {"schema": as_text}},
    }


def json_answer(meaning: str, schema: Json) -> Json:
    """An answer in JSON."""
    return {"description": meaning, "content": {JSON: {"schema": schema}}}


def event_answers() -> dict[int, Json]:
    """What is answered to one event that is durable."""
    answer = reference("EventAnswer")
    return {200: json_answer(COMMITTED, answer), 202: json_answer(ON_DISK, answer)}


def header(meaning: str, schema: Mapping[str, Any], *, required: bool = False) -> Json:
    """A header of an answer."""
    described = {"description": meaning} if meaning else {}
    return {"required": required, **described, "schema": dict(schema)}


def header_parameter(name: str) -> Json:
    """A header that a request may have."""
    return {"name": name, "in": "header", "schema": TEXT}


def gif(meaning: str, headers: Json) -> Json:
    """The pixel."""
    image = {"type": "string", "contentMediaType": "image/gif"}
    return {"description": meaning, "headers": headers, "content": {"image/gif": {"schema": image}}}


def error_header(errors: Collection[AnyError]) -> Json:
    """The header in which the pixel says what went wrong."""
    codes = "|".join(codes_of(errors))
    meaning = "The code, and the fields where some are at fault."
    return header(meaning, {**TEXT, "pattern": f"^(?:{codes})(?:; .+)?$"})


def errors_of(*errors: AnyError) -> dict[int, Json]:
    """The errors that an endpoint can answer with, beside those of every request, by status."""
    answers = {}
    for status, those in by_status((*OF_EVERY_REQUEST, *errors)):
        answers[status] = json_answer(meanings_of(those), error_schema(those))
        if status in WITH_RETRY_AFTER:
            answers[status]["headers"] = RETRY_AFTER
    return answers


def gif_errors(*errors: AnyError) -> Iterator[tuple[int, Json]]:
    """The same for the pixel, whose errors stand in a header."""
    for status, those in by_status(errors):
        headers = {ERROR_HEADER: {**error_header(those), "required": True}}
        headers |= RETRY_AFTER if status in WITH_RETRY_AFTER else {}
        yield status, gif(meanings_of(those), headers)


def by_status(errors: Collection[AnyError]) -> Iterator[tuple[int, list[AnyError]]]:
    """The errors of each status."""
    for status in sorted({error.status for error in errors}):
        yield status, [error for error in errors if error.status == status]


def meanings_of(errors: Collection[AnyError]) -> str:
    """What each of some errors means."""
    return "\n\n".join(f"`{error.code}`: {meaning_of(error)}" for error in errors)
