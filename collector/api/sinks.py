"""Where events go, as the settings want it: to Postgres, or into the queue before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from collector.metrics import Metrics
from collector.outage import Outage
from collector.postgres.store import open_store
from collector.settings import Settings
from collector.sink import Sink


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where live events and those of the spool go, and whether that is away."""

    live: Sink
    replays: Sink
    outage: Outage


@asynccontextmanager
async def open_sinks(settings: Settings, metrics: Metrics) -> AsyncIterator[Sinks]:
    """The sinks, with their gauges on the page of metrics. Raises as open_store does."""
    if settings.queue_url is None:
        async with open_postgres(settings, metrics) as sinks:
            yield sinks
    else:
        async with open_queued(settings.queue_url, settings, metrics) as sinks:
            yield sinks


@asynccontextmanager
async def open_postgres(settings: Settings, metrics: Metrics) -> AsyncIterator[Sinks]:
    """Postgres takes both. Raises as open_store does."""
    outage = Outage("Postgres")
    async with open_store(
        settings.database_url, settings.database_pool_size, settings.database_timeout_seconds
    ) as store:
        metrics.watch("ct_database_connections", store.connections)
        metrics.watch("ct_database_connections_idle", store.idle_connections)
        metrics.watch("ct_postgres_away", lambda: outage.is_away)
        yield Sinks(store, store, outage)


@asynccontextmanager
async def open_queued(url: str, settings: Settings, metrics: Metrics) -> AsyncIterator[Sinks]:
    """The queue has a lane for each, so that old events do not delay live ones."""
    # The client of NATS is loaded where there is a queue alone.
    from collector.queue.sink import open_queue  # noqa: PLC0415

    outage = Outage("the queue")
    async with open_queue(url, settings.queue_timeout_seconds) as queue:
        metrics.watch("ct_queue_away", lambda: outage.is_away)
        yield Sinks(queue.live, queue.replays, outage)
