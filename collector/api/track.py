"""POST /v1/events/track and /v1/events/funnel: one event, answered when it is durable."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from collector.api.answers import Reply, json_reply
from collector.api.asked import Asked
from collector.api.body import read_body
from collector.api.keys import CONTEXTS, ENRICHER, VALIDATOR, WRITER
from collector.contract.reader import EVENTS, STAGES, event_of
from collector.event_row import STORED_LATER, EventRow, EventStatus, make_row


class EventAnswer(Struct, omit_defaults=True):
    """The answer to an event that is durable."""

    success: bool
    event_id: UUID
    message: str
    duplicate: bool = False


async def track(request: Asked) -> Reply:
    """POST /v1/events/track: one event of a tracker."""
    row = await read_track(request)
    return event_reply(row, await request.app[WRITER].put(row))


async def funnel(request: Asked) -> Reply:
    """POST /v1/events/funnel: a stage that a session has reached, as its sender says."""
    row = await read_funnel(request)
    return event_reply(row, await request.app[WRITER].put(row))


# The row is all that a request holds of its event while it waits for the disk.


async def read_track(request: Asked) -> EventRow:
    """The event of a request, ready to be stored."""
    context = request.app[CONTEXTS].read(request)
    body = await read_body(request, context)
    payload = request.app[VALIDATOR].validate_body(EVENTS, body, context)
    return make_row(request.app[ENRICHER].enrich(payload, context))


async def read_funnel(request: Asked) -> EventRow:
    """The event that a stage stands for.

    Mostly a server sends it. Then the User-Agent is the server's and not the visitor's, and
    would make a bot of every session, so it is not kept.
    """
    context = replace(request.app[CONTEXTS].read(request), user_agent=None)
    body = await read_body(request, context)
    payload = request.app[VALIDATOR].validate_body(STAGES, body, context)
    return make_row(request.app[ENRICHER].enrich(event_of(payload), context))


def event_reply(row: EventRow, status: EventStatus) -> Reply:
    """The answer for an event that is durable."""
    message = f"Event '{row.event_name}' tracked successfully"
    answer = EventAnswer(True, row.id, message, status is EventStatus.DUPLICATE)
    return json_reply(answer, http_status_of(status))


def http_status_of(status: EventStatus) -> int:
    """200 for what is committed, 202 for what is safe on disks and written later."""
    return 202 if status in STORED_LATER else 200
