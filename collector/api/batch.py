"""POST /v1/events/batch: up to 500 events, each answered by itself (docs/api.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import TypeVar
from uuid import UUID

from aiohttp import web
from msgspec import Struct

from collector.api.answers import Reply, json_reply
from collector.api.asked import Asked
from collector.api.body import read_body, refuse_gone
from collector.api.errors import error_body
from collector.api.keys import CONTEXTS, ENRICHER, METRICS, VALIDATOR, WRITER
from collector.contract.models import ConversionEventRequest
from collector.contract.validation import Validator, sent_event_id
from collector.enrich import Enricher
from collector.errors import CollectorError, InvalidEvent
from collector.event import RequestContext
from collector.event_row import DURABLE, STORED_LATER, EventRow, EventStatus, make_row, status_of

# 500 events take some 15 ms of the one thread; the worst that were found, 50 to 150. Other
# requests get their turn in between.
SECONDS_OF_A_TURN = 0.004
# So many are read, then made rows: to go from one to the other and back for each event takes
# up to a fifth more time, it seems since the processor's caches are too small for both.
EVENTS_TOGETHER = 64


S = TypeVar("S")
T = TypeVar("T")


class Answer(Struct, frozen=True, omit_defaults=True):
    """The answer to one event: its id where it has one, and why it was not taken."""

    event_id: UUID | None
    status: EventStatus
    error: CollectorError | None = None

    def as_json(self) -> object:
        """An entry of the answer's `results`: JSON, or itself, which is the same written."""
        if self.error is None:
            return self
        return {"event_id": self.event_id, "status": self.status} | error_body(self.error)


async def batch(request: Asked) -> Reply:
    """Take what can be taken; an event that cannot does not hold up the others."""
    items = await read_items(request)
    put = iter(await put_items(request.app, items))
    answers = [item if isinstance(item, Answer) else next(put) for item in items]
    unavailable = first_unavailable(answers)
    if unavailable is not None:
        request.app[METRICS].count_refused(unavailable.code)
    return batch_reply(answers, unavailable)


async def read_items(request: Asked) -> list[EventRow | Answer]:
    """Each event of the body, ready to be stored; in the place of an invalid one, its answer."""
    context = request.app[CONTEXTS].read(request)
    body = await read_body(request, context)
    refuse_gone(request)
    events = request.app[VALIDATOR].validate_batch(body, context).events
    read = partial(read_event, request.app[VALIDATOR], context)
    as_item = partial(item_of, request.app[ENRICHER], context)
    turns = Turns(request)
    items: list[EventRow | Answer] = []
    for start in range(0, len(events), EVENTS_TOGETHER):
        payloads = await turns.do_each(read, events[start : start + EVENTS_TOGETHER])
        items += await turns.do_each(as_item, payloads)
    return items


def read_event(
    validator: Validator, context: RequestContext, event: object
) -> ConversionEventRequest | Answer:
    """An event as it was sent, or the answer to an invalid one."""
    try:
        return validator.validate_event(event, context)
    except InvalidEvent as error:
        # Not the error that was raised: it holds the frames of its way here, and their body.
        fault = type(error)(error.message, error.errors)
        return Answer(sent_event_id(event), EventStatus.INVALID, fault)


def item_of(
    enricher: Enricher, context: RequestContext, payload: ConversionEventRequest | Answer
) -> EventRow | Answer:
    """What is stored of an event, or the answer to an invalid one."""
    return payload if isinstance(payload, Answer) else make_row(enricher.enrich(payload, context))


class Turns:
    """The work for a batch, in turns between which other requests are worked for."""

    def __init__(self, request: Asked) -> None:
        self._request = request
        self._ends = monotonic() + SECONDS_OF_A_TURN

    async def do_each(self, do: Callable[[S], T], things: Iterable[S]) -> list[T]:
        """What comes of each. Raises ClientGone where nobody waits for the answer any more."""
        done = []
        for thing in things:
            done.append(do(thing))
            if monotonic() > self._ends:
                await asyncio.sleep(0)
                refuse_gone(self._request)
                self._ends = monotonic() + SECONDS_OF_A_TURN
        return done


async def put_items(app: web.Application, items: Sequence[EventRow | Answer]) -> list[Answer]:
    """What became of each event among the items, once all that were taken are durable."""
    rows = [item for item in items if isinstance(item, EventRow)]
    outcomes = await app[WRITER].put_all(rows)
    return [
        Answer(row.id, status_of(outcome), outcome if isinstance(outcome, Exception) else None)
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


def first_unavailable(answers: Sequence[Answer]) -> CollectorError | None:
    """Why an event cannot be taken now; the first stands for all of the batch."""
    return next((o.error for o in answers if o.status is EventStatus.UNAVAILABLE), None)


def batch_reply(answers: Sequence[Answer], unavailable: CollectorError | None) -> Reply:
    """200; 202 where an event is written later; 503 where one must be sent again."""
    results = [answer.as_json() for answer in answers]
    if unavailable is not None:
        answer = {"success": False, **error_body(unavailable), "results": results}
        return json_reply(answer, unavailable.status, unavailable.headers)
    statuses = {answer.status for answer in answers}
    answer = {"success": statuses <= DURABLE, "results": results}
    return json_reply(answer, 202 if statuses & STORED_LATER else 200)
