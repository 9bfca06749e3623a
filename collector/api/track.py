"""POST /v1/events/track and /v1/events/funnel: one event, answered when it is durable."""

from __future__ import annotations

from uuid import UUID

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from collector.api.answers import json_response
from collector.api.body import read_body
from collector.api.keys import CONTEXTS, ENRICHER, SETTINGS, VALIDATOR
from collector.api.put import http_status_of, put_event
from collector.contract.models import ConversionEventRequest, FunnelStageRequest
from collector.durable.outcome import PutResult
from collector.event_row import EventRow, make_row


class EventAnswer(Struct, omit_defaults=True):
    """The answer to an event that is durable."""

    success: bool
    event_id: UUID
    message: str
    duplicate: bool = False


async def track(request: web.Request) -> web.Response:
    """POST /v1/events/track: one event of a tracker."""
    row = await read_track(request)
    return event_response(row, await put_event(request.app, row))


async def funnel(request: web.Request) -> web.Response:
    """POST /v1/events/funnel: a stage that the caller states outright."""
    row = await read_funnel(request)
    return event_response(row, await put_event(request.app, row))


# The row is all that a request holds of its event while it waits for the disk.


async def read_track(request: web.Request) -> EventRow:
    """The event of a request, ready to be stored."""
    context = request.app[CONTEXTS].read(request)
    body = await read_body(request, request.app[SETTINGS].max_body_bytes)
    payload = request.app[VALIDATOR].validate_body(ConversionEventRequest, body, context)
    return make_row(request.app[ENRICHER].enrich(payload, context))


async def read_funnel(request: web.Request) -> EventRow:
    """The event that a stage stands for.

    Mostly a server states it, of a session whose visitor it knows. The caller's
    User-Agent is no visitor's then: it would make every stage a bot's.
    """
    context = replace(request.app[CONTEXTS].read(request), user_agent=None)
    body = await read_body(request, request.app[SETTINGS].max_body_bytes)
    payload = request.app[VALIDATOR].validate_body(FunnelStageRequest, body, context)
    return make_row(request.app[ENRICHER].enrich(payload.as_event(), context))


def event_response(row: EventRow, result: PutResult) -> web.Response:
    """The answer for an event that is durable."""
    message = f"Event '{row.event_name}' tracked successfully"
    answer = EventAnswer(True, row.id, message, result is PutResult.DUPLICATE)
    return json_response(answer, http_status_of(result))
