"""Sending conversions to all destinations until the process is told to stop."""

from __future__ import annotations

import asyncio
import logging
import socket
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from collector.background import run_in_background
from collector.conversions.client import PlatformClient, TraceRequest, open_session
from collector.conversions.deliverer import Deliverer, wait
from collector.conversions.destination import Destination, DestinationError
from collector.conversions.destinations import load_destinations
from collector.conversions.metrics import DeliveryMetrics
from collector.conversions.outbox import Outbox, read_waiting, save_destinations
from collector.conversions.platform import Platform
from collector.logs import configure_logging
from collector.postgres.refusals import FAILURES, describe
from collector.postgres.sessions import own_connection
from collector.serving.listening import open_sockets
from collector.serving.page import make_page, showing
from collector.serving.serve import run_loop, stop_on_signals
from collector.settings import Settings
from collector.tracing.start import start_tracing

if TYPE_CHECKING:  # OpenTelemetry is loaded where it is wanted alone
    from collector.tracing.spans import Tracing

logger = logging.getLogger(__name__)

# How often what waits is counted, and how long a Postgres that is away is left alone.
COUNT_SECONDS = 10.0
AWAY_SECONDS = 2.0
# How long the last spans may take to be sent.
LAST_SPANS_SECONDS = 0.5


def deliver(settings: Settings) -> None:
    """Send until SIGTERM or SIGINT; then end the requests that are under way.

    Raises DestinationError where there are no destinations, or one cannot be used, ListenError
    where the page's address is taken, and TracingError where tracing is wanted and cannot be had.
    """
    configure_logging(settings)
    destinations = configured_destinations(settings)
    platforms = {name: destination.open() for name, destination in destinations.items()}
    address = "CT_DELIVER_HOST and CT_DELIVER_PORT"
    sockets = open_sockets(settings.deliver_host, settings.deliver_port, address)
    run_loop(deliver_until_stopped(settings, destinations, platforms, sockets))


def configured_destinations(settings: Settings) -> Mapping[str, Destination]:
    """Those of the file. Raises DestinationError."""
    if settings.destinations_file is None:
        raise DestinationError("CT_DESTINATIONS_FILE is not set: there is nowhere to send to")
    return load_destinations(settings.destinations_file)


async def deliver_until_stopped(
    settings: Settings,
    destinations: Mapping[str, Destination],
    platforms: Mapping[str, Platform],
    sockets: Sequence[socket.socket],
) -> None:
    """Send to each destination beside the others, and answer on bound sockets, until a signal."""
    stopped = stop_on_signals()
    metrics = DeliveryMetrics(destinations)
    tracing = start_tracing(settings, metrics.count_spans, "deliver")
    delivery = Delivery(settings, metrics, stopped, tracing)
    page = make_page(metrics.render, delivery.find_fault, lambda: {"destinations": len(platforms)})
    try:
        async with showing(page, sockets), delivery.running(destinations, platforms):
            logger.info("sending to %s", ", ".join(platforms))
            await stopped.wait()
            logger.info("stopping")
    finally:
        if tracing:
            await tracing.stop(LAST_SPANS_SECONDS)


class Delivery:
    """The work of all destinations, and the counting of what waits."""

    def __init__(
        self,
        settings: Settings,
        metrics: DeliveryMetrics,
        stopped: asyncio.Event,
        tracing: Tracing | None = None,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stopped = stopped
        self._tracing = tracing
        self._holder = uuid.uuid4()
        self._fault: str | None = "the outbox was not read yet"

    def find_fault(self) -> str | None:
        """Why it is not ready."""
        return self._fault

    @asynccontextmanager
    async def running(
        self, destinations: Mapping[str, Destination], platforms: Mapping[str, Platform]
    ) -> AsyncIterator[None]:
        """For as long as the block runs; what is under way at its end is ended."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(run_in_background(self._count(destinations)))
            session = await stack.enter_async_context(open_session())
            async with asyncio.TaskGroup() as tasks:
                for name, platform in platforms.items():
                    client = PlatformClient(name, platform, session, self._trace_of(name))
                    deliverer = Deliverer(name, platform, client, self._metrics, utc_now)
                    tasks.create_task(self._keep_sending(name, deliverer))
                yield

    def _trace_of(self, destination: str) -> TraceRequest | None:
        """What traces the requests to a destination."""
        return partial(self._tracing.trace_delivery, destination) if self._tracing else None

    async def _keep_sending(self, name: str, deliverer: Deliverer) -> None:
        """Send to one destination. While Postgres cannot be used, try again and again."""
        whole = self._settings.client_ip_storage == "full"
        while not self._stopped.is_set():
            try:
                async with own_connection(self._settings.database_url, "deliver") as connection:
                    outbox = Outbox(connection, name, self._holder, whole)
                    await deliverer.run(outbox, self._stopped)
            except FAILURES as error:
                logger.warning("the outbox of %s cannot be used: %s", name, describe(error))
                await wait(self._stopped, AWAY_SECONDS)

    async def _count(self, destinations: Mapping[str, Destination]) -> None:
        """Make the destinations known to who stores events, and count what waits for them."""
        while True:
            try:
                async with own_connection(self._settings.database_url, "deliver") as connection:
                    await save_destinations(connection, destinations)
                    while True:
                        self._metrics.note_waiting(await read_waiting(connection))
                        self._note(None)
                        await asyncio.sleep(COUNT_SECONDS)
            except FAILURES as error:
                self._note(f"the outbox cannot be read: {describe(error)}")
                await asyncio.sleep(AWAY_SECONDS)

    def _note(self, fault: str | None) -> None:
        """Whether the outbox can be read."""
        if fault and fault != self._fault:  # one line an outage
            logger.warning("%s", fault)
        self._fault = fault
        self._metrics.postgres_away.set(fault is not None)


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)
