"""The OpenAPI 3.1 document of every endpoint: what it takes, and each answer that it gives. Pure.

Bodies come out of the contract's models, statuses and codes out of the errors' classes: what
stands here is only which endpoint may answer with which.
"""

from __future__ import annotations

import json

from collector.api.endpoints import (
    BATCH_PATH,
    FUNNEL_PATH,
    HEALTHZ_PATH,
    METRICS_PATH,
    OPENAPI_PATH,
    PIXEL_METHODS,
    PIXEL_PATH,
    READYZ_PATH,
    TRACK_PATH,
)
from collector.api.errors import (
    HTTP_ERRORS,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    HttpError,
)
from collector.api.openapi_parts import (
    OF_EVERY_REQUEST,
    ON_DISK,
    body,
    error_header,
    errors_of,
    event_answers,
    gif,
    gif_errors,
    header,
    header_parameter,
    json_answer,
    operating,
    options_operation,
    posted,
    tracking,
    with_head,
)
from collector.api.openapi_schemas import (
    JSON,
    TEXT,
    AnyError,
    Json,
    component_schemas,
    object_of,
    query_parameters,
    reference,
    results_schema,
)
from collector.api.pixel import ERROR_HEADER, EVENT_ID_HEADER, RESULT_HEADER
from collector.api.script import SCRIPT_METHODS, part_path
from collector.errors import (
    BatchTooLarge,
    BodiesFull,
    BodyTimeout,
    BodyTooLarge,
    ClientGone,
    CollectorError,
    EventRefused,
    EventTooLarge,
    InvalidBatch,
    InvalidEvent,
    InvalidJson,
    QueueFull,
    SpoolFull,
    SpoolUnavailable,
    StoreUnavailable,
    TooManyBytes,
    UnsignedRequest,
    UnsupportedBody,
)
from collector.event_row import EventStatus
from collector.version import VERSION

# Which errors an endpoint can answer with, by what it does.
OF_READING: tuple[AnyError, ...] = (
    UnsignedRequest,
    UnsupportedBody,
    BodyTooLarge,
    BodyTimeout,
    BodiesFull,
    TooManyBytes,
    InvalidJson,
)
OF_AN_EVENT: tuple[AnyError, ...] = (InvalidEvent, EventTooLarge)
OF_STORING: tuple[AnyError, ...] = (StoreUnavailable, SpoolUnavailable, SpoolFull, QueueFull)
OF_ONE_ROW: tuple[AnyError, ...] = (EventRefused, *OF_STORING)
OF_A_BATCH: tuple[AnyError, ...] = (InvalidBatch, BatchTooLarge, InvalidEvent, ClientGone)
OF_A_RESULT: tuple[AnyError, ...] = (CollectorError, *OF_AN_EVENT, *OF_ONE_ROW)
ALL_ERRORS: tuple[AnyError, ...] = tuple(
    dict.fromkeys(
        (
            *HTTP_ERRORS,
            *OF_EVERY_REQUEST,
            *OF_READING,
            *OF_AN_EVENT,
            *OF_A_BATCH,
            *OF_ONE_ROW,
        )
    )
)

# A batch of which something must be sent again is answered with one of these, and its results.
WITH_RESULTS = (500, 503)

STORED, DUPLICATE = EventStatus.STORED.value, EventStatus.DUPLICATE.value
SPOOLED, QUEUED = EventStatus.SPOOLED.value, EventStatus.QUEUED.value
CACHED = ("ETag", "Cache-Control", "Vary")


def openapi_text(script_path: str) -> str:
    """The document as JSON, for people too."""
    return json.dumps(openapi_document(script_path), indent=2, ensure_ascii=False) + "\n"


def openapi_document(script_path: str) -> Json:
    """The document of a collector that has the tracker's script at a path."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Conversion tracking: the collector",
            "version": VERSION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
            "description": description(),
        },
        "servers": [{"url": "/", "description": "The collector, or Kong before it."}],
        "tags": [
            {"name": "tracking", "description": "What pages, trackers and servers call."},
            {"name": "operations", "description": "On the internal port: Kong has no route."},
        ],
        "paths": {
            TRACK_PATH: posted(track_operation(), "track"),
            FUNNEL_PATH: posted(funnel_operation(), "funnel"),
            BATCH_PATH: posted(batch_operation(), "batch"),
            PIXEL_PATH: {
                "get": pixel_operation(),
                "options": options_operation("pixel", PIXEL_METHODS),
            },
            script_path: script_operations("script", "The tracker's script, for pages"),
            part_path(script_path, "extra"): script_operations(
                "scriptExtra", "What the script loads where a page needs more than the usual"
            ),
            part_path(script_path, "auto"): script_operations(
                "scriptAuto", "What the script loads where a page wants automatic events"
            ),
            part_path(script_path, "pixels"): script_operations(
                "scriptPixels", "What the script loads on pages with pixels"
            ),
            part_path(script_path, "consent"): script_operations(
                "scriptConsent", "What the script loads where it follows who knows of consent"
            ),
            HEALTHZ_PATH: with_head(healthz_operation()),
            READYZ_PATH: with_head(readyz_operation()),
            METRICS_PATH: with_head(metrics_operation()),
            OPENAPI_PATH: with_head(openapi_operation()),
        },
        "components": {"schemas": component_schemas(ALL_ERRORS)},
    }


def description() -> str:
    """What holds for all endpoints."""
    return (
        "docs/api.md says what each answer promises, and what to send again.\n\n"
        f"A path that is not listed is answered {of_http(NOT_FOUND)}, a method that is not "
        f"listed {of_http(METHOD_NOT_ALLOWED)}. Through Kong, answers of Kong and of its plugin "
        "come beside these."
    )


def of_http(error: HttpError) -> str:
    """An error as a sentence names it."""
    return f"{error.status} `{error.code}`"


def track_operation() -> Json:
    """POST /v1/events/track."""
    return tracking(
        "track",
        "One event",
        event_answers(),
        errors_of(*OF_READING, *OF_AN_EVENT, *OF_ONE_ROW),
        requestBody=body("ConversionEventRequest"),
    )


def funnel_operation() -> Json:
    """POST /v1/events/funnel."""
    return tracking(
        "funnel",
        "A stage of the funnel that a session has reached",
        event_answers(),
        errors_of(*OF_READING, *OF_AN_EVENT, *OF_ONE_ROW),
        requestBody=body("FunnelStageRequest"),
    )


def batch_operation() -> Json:
    """POST /v1/events/batch."""
    taken = "Nothing needs to be sent again, even if some or all events are invalid."
    answer = reference("BatchAnswer")
    refused = errors_of(*OF_READING, *OF_A_BATCH, *OF_STORING)
    for status in WITH_RESULTS:
        schema = refused[status]["content"][JSON]["schema"]
        schema["properties"]["results"] = results_schema()
    return tracking(
        "batch",
        "Events, each of which is checked and answered by itself",
        {
            200: json_answer(taken, answer),
            202: json_answer(f"As 200, and at least one event is {QUEUED} or {SPOOLED}.", answer),
        },
        refused,
        requestBody=body("BatchRequest"),
    )


def pixel_operation() -> Json:
    """GET /v1/events/pixel.gif."""
    event_id = header("The event's id.", {**TEXT, "format": "uuid"})
    return tracking(
        "pixel",
        "One event as query parameters, for e-mails and noscript",
        {
            200: gif(
                "Taken; or it breaks the contract, as the error's header says.",
                {
                    RESULT_HEADER: header("", {"enum": [STORED, DUPLICATE]}),
                    EVENT_ID_HEADER: event_id,
                    ERROR_HEADER: error_header(OF_AN_EVENT),
                },
            ),
            202: gif(
                ON_DISK,
                {
                    RESULT_HEADER: header("", {"enum": [QUEUED, SPOOLED]}, required=True),
                    EVENT_ID_HEADER: {**event_id, "required": True},
                },
            ),
        },
        {**errors_of(), **dict(gif_errors(UnsignedRequest, CollectorError, *OF_ONE_ROW))},
        parameters=query_parameters(),
    )


def script_operations(name: str, summary: str) -> Json:
    """The path of a script."""
    options = options_operation(name, SCRIPT_METHODS)
    return {**with_head(script_operation(name, summary)), "options": options}


def script_operation(name: str, summary: str) -> Json:
    """GET CT_SCRIPT_PATH, or the script beside it."""
    headers = {name: header("", TEXT, required=True) for name in CACHED}
    sent = [header_parameter("If-None-Match"), header_parameter("Accept-Encoding")]
    return tracking(
        name,
        summary,
        {
            200: {
                "description": "The script.",
                "headers": headers,
                "content": {"text/javascript": {"schema": TEXT}},
            },
            304: {"description": "The sender has this script.", "headers": headers},
        },
        errors_of(),
        parameters=sent,
    )


def healthz_operation() -> Json:
    """GET /healthz."""
    answer = object_of({"status": {"const": "ok"}}, "The process is alive.")
    return operating(
        "healthz",
        "Whether the process is alive, whatever Postgres does",
        {200: json_answer("It is.", answer)},
        errors_of(),
    )


def readyz_operation() -> Json:
    """GET /readyz."""
    running = {"type": "string", "enum": ["running", "restarting"]}
    answer = object_of(
        {
            "status": {"const": "ready"},
            "warnings": {"type": "array", "items": TEXT},
            "background": {"type": "object", "additionalProperties": running},
        },
        "What an operator should look at, and how each background task is.",
    )
    return operating(
        "readyz",
        "Whether Postgres answers and the tables are there",
        {200: json_answer("They are.", answer)},
        errors_of(StoreUnavailable),
    )


def metrics_operation() -> Json:
    """GET /metrics."""
    page = {"description": "In Prometheus's format.", "content": {"text/plain": {"schema": TEXT}}}
    return operating("metrics", "What is counted and measured", {200: page}, errors_of())


def openapi_operation() -> Json:
    """GET /openapi.json."""
    document = {
        "type": "object",
        "required": ["openapi", "info", "paths"],
        "additionalProperties": True,
    }
    answer = json_answer("OpenAPI 3.1.", document)
    return operating("openapi", "This document", {200: answer}, errors_of())
