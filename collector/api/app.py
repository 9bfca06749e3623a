"""The collector as an application: routes, error middleware, resources in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from aiohttp import web
from uuid_utils.compat import uuid7

from collector.api.body import LIMITS, BodyBudget, BodyLimits
from collector.api.endpoints import PIXEL_PATH
from collector.api.errors import error_response, make_error_middleware
from collector.api.keys import (
    BACKGROUND,
    CONTEXTS,
    ENRICHER,
    FAILOVER,
    METRICS,
    METRICS_PAGE,
    REJECT_KEEPER,
    SETTINGS,
    SINK,
    SPOOL,
    STOPPING,
    TRACING,
    VALIDATOR,
    WRITER,
)
from collector.api.openapi import ALL_ERRORS
from collector.api.pixel import pixel_error_response
from collector.api.request_context import REFUSED_STAMPS, ContextReader, bind_request_id
from collector.api.routes import add_routes
from collector.api.shutdown import close_while_stopping
from collector.api.sinks import open_sinks
from collector.background import Supervisor
from collector.contract.validation import Validator
from collector.cookieless import Salts
from collector.durable.failover import Failover
from collector.durable.writer import Writer, open_writer, writer_limits
from collector.enrich import make_enricher
from collector.errors import CollectorError
from collector.event_row import EventStatus
from collector.facts.keeper import Freshness, run_facts
from collector.metrics import Metrics
from collector.privacy.keeper import RetentionState, run_retention
from collector.privacy.salts import run_salts
from collector.rejects.keeper import RejectKeeper, RejectLimits, run_reject_keeper
from collector.settings import Settings
from collector.spool.running import run_spool
from collector.spool.spool import Spool
from collector.tracing.start import start_tracing

# Not which versions of which libraries.
SERVER_NAME = "conversion-tracking"

# At the end of the process, after all else: a part of what CT_SHUTDOWN_TIMEOUT_SECONDS leaves.
LAST_SPANS_SECONDS = 0.5


def make_app(settings: Settings) -> web.Application:
    """The application. It must be served with auto_decompress=False (see body.py).

    Raises TracingError where tracing is wanted and cannot be had.
    """
    metrics = Metrics()
    answer_errors = make_error_middleware(metrics.count_refused, answer_error)
    app = web.Application(middlewares=[bind_request_id, answer_errors])
    app[SETTINGS] = settings
    app[METRICS] = metrics
    app[CONTEXTS] = ContextReader(settings, metrics)
    app[LIMITS] = body_limits(settings)
    metrics.watch("ct_body_bytes", lambda: app[LIMITS].budget.held)
    keeper = RejectKeeper(reject_limits(settings), metrics, new_id=uuid7)
    app[VALIDATOR] = Validator(metrics, keeper.keep, settings.event_limits)
    app[REJECT_KEEPER] = keeper
    salts = Salts() if settings.cookieless else None
    app[ENRICHER] = make_enricher(settings, salts)
    app[STOPPING] = asyncio.Event()
    app[METRICS_PAGE] = metrics.page
    app[BACKGROUND] = Supervisor(metrics.count_restart)
    app[TRACING] = start_tracing(settings, metrics.count_spans)
    show_zeros(metrics)
    app.on_response_prepare.extend((name_server, close_while_stopping))
    app.cleanup_ctx.append(send_spans)
    app.cleanup_ctx.append(keep_rejects)
    app.cleanup_ctx.append(provide_writer)
    app.cleanup_ctx.append(keep_facts_fresh)
    app.cleanup_ctx.append(take_away_what_is_too_old)
    app.cleanup_ctx.append(keep_salts_of_days)
    app.on_startup.append(show_tasks)  # after those above, which begin the tasks
    add_routes(app)
    return app


def show_zeros(metrics: Metrics) -> None:
    """Show what alerts look at before it is counted for the first time.

    Of a series that begins with a 1, Prometheus sees no increase.
    """
    for status in EventStatus:
        metrics.count_event(status, 0)
    for error in ALL_ERRORS:
        metrics.refused.labels(error.code)
    for why in REFUSED_STAMPS:
        metrics.refused_stamps.labels(why)


async def show_tasks(app: web.Application) -> None:
    """The same for the background tasks."""
    for task in app[BACKGROUND].is_running:
        app[METRICS].background_restarts.labels(task)


def answer_error(request: web.Request, error: CollectorError) -> web.Response:
    """An error in the form that its endpoint answers in."""
    if request.path == PIXEL_PATH:
        return pixel_error_response(error)
    return error_response(error)


async def send_spans(app: web.Application) -> AsyncIterator[None]:
    """Spans go out until all else has ended, where tracing is on."""
    yield
    if (tracing := app[TRACING]) is not None:
        await tracing.stop(LAST_SPANS_SECONDS)


async def keep_rejects(app: web.Application) -> AsyncIterator[None]:
    """What broke the contract is written for as long as the application runs."""
    url, timeout = app[SETTINGS].database_url, app[SETTINGS].database_timeout_seconds
    async with run_reject_keeper(app[REJECT_KEEPER], url, timeout, app[BACKGROUND]):
        yield


async def keep_facts_fresh(app: web.Application) -> AsyncIterator[None]:
    """The facts that reports read follow the events for as long as the application runs."""
    url, seconds = app[SETTINGS].database_url, app[SETTINGS].facts_seconds
    freshness = Freshness(datetime.now(UTC))
    if seconds:
        app[METRICS].watch("ct_facts_age_seconds", lambda: freshness.age_seconds(datetime.now(UTC)))
    async with run_facts(url, seconds, app[BACKGROUND], freshness):
        yield


async def take_away_what_is_too_old(app: web.Application) -> AsyncIterator[None]:
    """Retention, for as long as the application runs, where the settings want it."""
    settings, metrics = app[SETTINGS], app[METRICS]
    state = RetentionState(datetime.now(UTC))
    if settings.has_retention:
        metrics.watch("ct_retention_age_seconds", lambda: state.age_seconds(datetime.now(UTC)))
        metrics.watch("ct_retention_oldest_seconds", lambda: state.oldest_seconds)
    async with run_retention(settings, app[BACKGROUND], state, metrics.count_retained):
        yield


async def keep_salts_of_days(app: web.Application) -> AsyncIterator[None]:
    """The salts of visitor ids, for as long as the application runs."""
    url, salts = app[SETTINGS].database_url, app[ENRICHER].salts
    async with run_salts(url, salts, app[BACKGROUND]):
        yield


def body_limits(settings: Settings) -> BodyLimits:
    """What bounds the bodies that are read."""
    return BodyLimits(
        max_bytes=settings.max_body_bytes,
        timeout_seconds=settings.body_timeout_seconds,
        budget=BodyBudget(settings.bodies_max_bytes),
        bytes_per_minute=settings.bytes_per_minute_per_address,
    )


def reject_limits(settings: Settings) -> RejectLimits:
    """The keeper's share of the settings."""
    return RejectLimits(
        per_minute=settings.rejects_per_minute,
        per_address_per_minute=settings.rejects_per_minute_per_address,
        repeat_seconds=settings.rejects_repeat_seconds,
        max_bytes=settings.rejects_max_megabytes * 1_048_576,
        days=settings.rejects_max_days,
    )


async def provide_writer(app: web.Application) -> AsyncIterator[None]:
    """The sink, the spool and the writer before them, for as long as the application runs.

    They end in the opposite order: what the writer holds is durable before its disks close.
    """
    settings, metrics, tracing = app[SETTINGS], app[METRICS], app[TRACING]
    async with (
        open_sinks(settings, metrics) as sinks,
        run_spool(
            settings, sinks.replays, sinks.outage, metrics.replayed.inc, app[BACKGROUND]
        ) as spool,
    ):
        keep_refused = app[REJECT_KEEPER].keep_refused
        failover = Failover(sinks.live, spool, sinks.outage, keep_refused)
        async with open_writer(
            failover,
            writer_limits(settings),
            metrics.observe_batch,
            metrics.count_event,
            tracing.trace_commit if tracing else None,
        ) as writer:
            watch_durability(metrics, writer, spool)
            app[SINK] = sinks.live
            app[FAILOVER] = failover
            app[WRITER] = writer
            app[SPOOL] = spool
            yield


def watch_durability(metrics: Metrics, writer: Writer, spool: Spool) -> None:
    """Show what waits for a disk, and how the disks are, read at each scrape."""
    metrics.watch("ct_queue_events", writer.held_events)
    metrics.watch("ct_queue_bytes", writer.held_bytes)
    metrics.watch("ct_spool_events", lambda: spool.depth)
    metrics.watch("ct_spool_bytes", lambda: spool.size_bytes)
    metrics.watch("ct_spool_refused_events", lambda: spool.refused)
    metrics.watch("ct_spool_damaged_events", lambda: spool.damaged)
    metrics.watch("ct_spool_usable", lambda: spool.is_usable)
    metrics.watch("ct_spool_age_seconds", lambda: spool.age_seconds(datetime.now(UTC)))


async def name_server(_request: web.Request, response: web.StreamResponse) -> None:
    """Say what answers."""
    response.headers["Server"] = SERVER_NAME
