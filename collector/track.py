"""POST /v1/events/track and /v1/events/funnel: one event, answered when it is durable."""

from __future__ import annotations

from aiohttp import web
from msgspec.structs import replace

from collector.answers import json_response
from collector.body import read_body
from collector.event import Event
from collector.keys import CONTEXTS, ENRICHER, SETTINGS, VALIDATOR
from collector.payload import FunnelPayload, TrackPayload
from collector.put import http_status_of, put_event
from collector.put_result import PutResult


async def track(request: web.Request) -> web.Response:
    """POST /v1/events/track: one event of a tracker."""
    context = request.app[CONTEXTS].read(request)
    body = await read_body(request, request.app[SETTINGS].max_body_bytes)
    payload = request.app[VALIDATOR].validate_body(TrackPayload, body, context)
    event = request.app[ENRICHER].enrich(payload, context)
    return event_response(event, await put_event(request.app, event))


async def funnel(request: web.Request) -> web.Response:
    """POST /v1/events/funnel: a stage that the caller states outright.

    Mostly a server states it, of a session whose visitor it knows. The caller's
    User-Agent is no visitor's then: it would make every stage a bot's.
    """
    context = replace(request.app[CONTEXTS].read(request), user_agent=None)
    body = await read_body(request, request.app[SETTINGS].max_body_bytes)
    payload = request.app[VALIDATOR].validate_body(FunnelPayload, body, context)
    event = request.app[ENRICHER].enrich(payload.as_event(), context)
    return event_response(event, await put_event(request.app, event))


def event_response(event: Event, result: PutResult) -> web.Response:
    """The answer for an event that is durable."""
    answer = {
        "success": True,
        "event_id": str(event.id),
        "message": f"Event '{event.event_name}' tracked successfully",
    }
    if result is PutResult.DUPLICATE:
        answer["duplicate"] = True
    return json_response(answer, http_status_of(result))
