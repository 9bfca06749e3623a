"""POST /v1/events/batch: up to 500 events, each answered by itself (docs/api.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from collector.answers import json_response
from collector.body import read_body
from collector.errors import CollectorError, InvalidEvent, error_body
from collector.event import Event, RequestContext
from collector.fields import parse_uuid
from collector.keys import CONTEXTS, ENRICHER, METRICS, SETTINGS, VALIDATOR
from collector.put import TAKEN, Status, put_events, status_of

# 500 events take some 30 ms of the one thread. Other requests get their turn in between.
EVENTS_IN_A_TURN = 25


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one event: its id where it has one, and why it was not taken."""

    event_id: str | None
    status: Status
    error: CollectorError | None = None

    def as_json(self) -> dict[str, Any]:
        """An entry of the answer's `results`."""
        entry: dict[str, Any] = {"event_id": self.event_id, "status": self.status}
        return entry | error_body(self.error) if self.error else entry


async def batch(request: web.Request) -> web.Response:
    """Take what can be taken; an event that cannot does not hold up the others."""
    context = request.app[CONTEXTS].read(request)
    body = await read_body(request, request.app[SETTINGS].max_body_bytes)
    items = await read_items(request.app, body, context)
    put = iter(await put_items(request.app, items))
    answers = [item if isinstance(item, Answer) else next(put) for item in items]
    unavailable = first_unavailable(answers)
    if unavailable is not None:
        request.app[METRICS].count_refused(unavailable.code)
    return batch_response(answers, unavailable)


async def read_items(
    app: web.Application, body: bytes, context: RequestContext
) -> list[Event | Answer]:
    """Each event of a body, ready to be stored; in the place of an invalid one, its answer."""
    validator, enricher = app[VALIDATOR], app[ENRICHER]
    sent = validator.validate_batch(body, context)
    items: list[Event | Answer] = []
    for number, item in enumerate(sent.events, start=1):
        try:
            items.append(enricher.enrich(validator.validate_item(sent, item, context), context))
        except InvalidEvent as error:
            items.append(Answer(sent_event_id(item), Status.INVALID, error))
        if number % EVENTS_IN_A_TURN == 0:
            await asyncio.sleep(0)
    return items


def sent_event_id(item: object) -> str | None:
    """The id that an invalid event was sent with, if it is one."""
    event_id = item.get("event_id") if isinstance(item, dict) else None
    uuid = parse_uuid(event_id) if isinstance(event_id, str) else None
    return str(uuid) if uuid else None


async def put_items(app: web.Application, items: Sequence[Event | Answer]) -> list[Answer]:
    """What became of each event among the items, once all that were taken are durable."""
    events = [item for item in items if isinstance(item, Event)]
    results = await put_events(app, events)
    return [
        Answer(str(event.id), status_of(result), result if isinstance(result, Exception) else None)
        for event, result in zip(events, results, strict=True)
    ]


def first_unavailable(answers: Sequence[Answer]) -> CollectorError | None:
    """Why an event cannot be taken now; the first stands for all of the batch."""
    return next((o.error for o in answers if o.status is Status.UNAVAILABLE), None)


def batch_response(answers: Sequence[Answer], unavailable: CollectorError | None) -> web.Response:
    """200; 202 where an event waits on disk; 503 where one must be sent again."""
    results = [answer.as_json() for answer in answers]
    if unavailable is not None:
        answer = {"success": False, **error_body(unavailable), "results": results}
        return web.json_response(answer, status=unavailable.status, headers=unavailable.headers)
    success = all(answer.status in TAKEN for answer in answers)
    spooled = any(answer.status is Status.SPOOLED for answer in answers)
    return json_response({"success": success, "results": results}, 202 if spooled else 200)
