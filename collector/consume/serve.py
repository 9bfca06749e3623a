"""Running a consumer until it is told to stop, with its page of metrics."""

from __future__ import annotations

import asyncio
import logging
import socket
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from nats.aio.client import Client

from collector.consume.consumer import Consumer
from collector.consume.members import Members
from collector.consume.metrics import ConsumerMetrics
from collector.consume.storing import Commits, Storing
from collector.durable.writer import open_writer, writer_limits
from collector.logs import configure_logging
from collector.postgres.store import open_store
from collector.queue.connection import keep_connected
from collector.queue.errors import QueueError
from collector.rejects.store import open_reject_store
from collector.serving.listening import open_sockets
from collector.serving.page import make_page, showing
from collector.serving.serve import run_loop, stop_on_signals
from collector.settings import Settings

logger = logging.getLogger(__name__)


def consume(settings: Settings) -> None:
    """Consume until SIGTERM or SIGINT; then settle what was taken.

    Raises QueueError where there is no queue, ListenError where the page's address is taken, and
    UnfitDatabase.
    """
    if settings.queue_url is None:
        raise QueueError("CT_QUEUE_URL is not set: there is no queue to consume")
    configure_logging(settings)
    address = "CT_CONSUMER_HOST and CT_CONSUMER_PORT"
    sockets = open_sockets(settings.consumer_host, settings.consumer_port, address)
    run_loop(consume_until_stopped(settings, settings.queue_url, sockets))


async def consume_until_stopped(
    settings: Settings, queue_url: str, sockets: Sequence[socket.socket]
) -> None:
    """Take events from the queue, and answer on bound sockets, until a signal."""
    stopped = stop_on_signals()
    metrics = ConsumerMetrics()
    name = uuid.uuid4().hex
    async with (
        keep_connected(queue_url, f"conversion-tracking consumer {name}") as client,
        open_storing(settings, metrics) as storing,
    ):
        jetstream = client.jetstream(timeout=settings.queue_timeout_seconds)
        consumer = Consumer(
            jetstream, Members(jetstream, name), storing, metrics, settings.queue_takeover_seconds
        )
        async with showing(make_consumer_page(metrics, client, consumer), sockets):
            await wait_for_connection(client, stopped)
            logger.info("consumer %s begins", name)
            await consumer.run(stopped)
            logger.info("stopping")


@asynccontextmanager
async def open_storing(settings: Settings, metrics: ConsumerMetrics) -> AsyncIterator[Storing]:
    """Postgres, behind a writer that gathers the events of all partitions into transactions."""
    timeout = settings.database_timeout_seconds
    async with (
        open_reject_store(settings.database_url, timeout) as rejects,
        open_store(settings.database_url, settings.database_pool_size, timeout) as store,
        open_writer(Commits(store), writer_limits(settings), ignore, ignore) as writer,
    ):
        yield Storing(writer, store, rejects, metrics)


def ignore(*_figures: object) -> None:
    """The writer's own figures are a collector's; a consumer counts what it settles."""


async def wait_for_connection(client: Client, stopped: asyncio.Event) -> None:
    """Return when a server of the queue is reached, or the consumer is to stop."""
    while not client.is_connected and not stopped.is_set():  # noqa: ASYNC110  # the client has no event for it
        await asyncio.sleep(0.1)


def make_consumer_page(
    metrics: ConsumerMetrics, client: Client, consumer: Consumer
) -> web.Application:
    """What operators ask a consumer for."""
    return make_page(
        metrics.render,
        lambda: None if client.is_connected else "no server of the queue is reached",
        lambda: {"partitions": len(consumer.held)},
    )
