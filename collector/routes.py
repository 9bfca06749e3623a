"""The endpoints: read, call, answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aiohttp import web

from collector.body import read_body
from collector.enrich import Enricher
from collector.errors import UnsignedRequest
from collector.event import Event, RequestContext
from collector.metrics import Metrics
from collector.payload import EventPayload, FunnelPayload, TrackPayload, parse_payload
from collector.settings import Settings
from collector.stamp import verify_stamp
from collector.store import Store
from collector.wire import clean_text, parse_object
from collector.writer import PutResult, Writer

SETTINGS = web.AppKey("settings", Settings)
METRICS = web.AppKey("metrics", Metrics)
ENRICHER = web.AppKey("enricher", Enricher)
STORE = web.AppKey("store", Store)
WRITER = web.AppKey("writer", Writer)

P = TypeVar("P", bound=EventPayload)

ALLOWED = "POST, OPTIONS"
MAX_USER_AGENT = 1024
MAX_REQUEST_ID = 64


async def track(request: web.Request) -> web.Response:
    """POST /v1/events/track: one event of a tracker."""
    context = read_context(request)
    payload = await read_payload(request, TrackPayload)
    event = request.app[ENRICHER].enrich(payload, context)
    return await put_event(request, event)


async def funnel(request: web.Request) -> web.Response:
    """POST /v1/events/funnel: a stage that the caller states outright.

    Mostly a server states it, of a session whose visitor it knows. The caller's
    User-Agent is no visitor's then: it would make every stage a bot's.
    """
    context = replace(read_context(request), user_agent=None)
    payload = await read_payload(request, FunnelPayload)
    event = request.app[ENRICHER].enrich(payload.as_event(), context)
    return await put_event(request, event)


async def options(_request: web.Request) -> web.Response:
    """OPTIONS on either: what the gateway did not answer itself (spec: Explicit OPTIONS)."""
    return web.json_response({"allow": ALLOWED}, headers={"Allow": ALLOWED})


async def healthz(_request: web.Request) -> web.Response:
    """GET /healthz: the process is alive, whatever Postgres does."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: Postgres answers, and the tables are there; otherwise 503."""
    await request.app[STORE].ping()
    return web.json_response({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: the counters, as Prometheus reads them."""
    return web.Response(body=request.app[METRICS].render(), content_type="text/plain")


def add_routes(app: web.Application) -> None:
    """Every endpoint of the collector."""
    for path, handler in (("/v1/events/track", track), ("/v1/events/funnel", funnel)):
        app.router.add_post(path, handler)
        app.router.add_options(path, options)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def read_payload(request: web.Request, model: type[P]) -> P:
    """The body as a payload, and what it is counted for."""
    body = await read_body(request, request.app[SETTINGS].max_body_bytes)
    payload = parse_payload(model, parse_object(body))
    request.app[METRICS].unknown_fields.inc(payload.unknown)
    request.app[METRICS].truncated_fields.inc(len(payload.cut))
    return payload


async def put_event(request: web.Request, event: Event) -> web.Response:
    """Answer when the event is durable."""
    result = await request.app[WRITER].put(event)
    request.app[METRICS].events.labels(result).inc()
    answer = {
        "success": True,
        "event_id": str(event.id),
        "message": f"Event '{event.event_name}' tracked successfully",
    }
    if result is PutResult.DUPLICATE:
        answer["duplicate"] = True
    return web.json_response(answer)


def read_context(request: web.Request) -> RequestContext:
    """Who sent the request, and when: by the gateway's word where it is signed.

    Raises UnsignedRequest where it is not, and the settings want it to be.
    """
    settings = request.app[SETTINGS]
    now = datetime.now(UTC)
    max_age = timedelta(seconds=settings.stamp_max_age_seconds)
    stamp = verify_stamp(request.headers, settings.gateway_secrets, now, max_age)
    if stamp is None:
        request.app[METRICS].unsigned.inc()
        if settings.unsigned_requests == "refuse":
            raise UnsignedRequest("Only requests that came through the gateway are taken.")
    return RequestContext(
        client_ip=stamp.client_ip if stamp else request.remote,
        stamp_verified=stamp is not None,
        received_at=stamp.received_at if stamp else now,
        user_agent=read_header(request, "User-Agent", MAX_USER_AGENT),
        request_id=read_header(request, "X-Kong-Request-Id", MAX_REQUEST_ID),
    )


def read_header(request: web.Request, name: str, length: int) -> str | None:
    """A header as storable text, cut; a header in bytes that are not UTF-8 has surrogates."""
    return clean_text(request.headers.get(name, ""))[:length] or None
