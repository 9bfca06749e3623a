"""What the doctor looks at: the gateway, the collector, the database, and the event it sends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import asyncpg

from collector.api.routes import POSTED
from collector.doctor.finding import Skipped
from collector.doctor.http import UNREACHABLE, Answer, Client, open_session
from collector.doctor.marked import MarkedEvent, forged_stamp
from collector.doctor.metrics_text import sample
from collector.doctor.once import Once
from collector.doctor.options import Options
from collector.postgres.hosts import Hosts
from collector.settings import Settings
from collector.sql import load_query

if TYPE_CHECKING:  # the client of NATS is loaded where there is a queue alone
    from collector.queue.look import QueueLook

TRACK, FUNNEL, BATCH = POSTED
DATABASE_SECONDS = 10.0
ROW_SECONDS = 3.0
ROW_PAUSE = 0.1
# Of how many days conversions to ad platforms are looked at.
LAST_DAYS = 7

CANNOT_CONNECT = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

UNBOUND_STAMPS = "ct_unbound_stamps_total"
UNSIGNED = "ct_unsigned_requests_total"


class Deployment:
    """The parts of a system, each looked for when a check first needs it."""

    def __init__(self, options: Options, session: aiohttp.ClientSession) -> None:
        self.options = options
        self.reach_gateway = Once(self._reach_gateway)
        self.reach_collector = Once(self._reach_collector)
        self.reach_database = Once(self._reach_database)
        self.sent_event = Once(self._send_event)
        self.stored_row = Once(self._find_row)
        self.look_at_queue = Once(self._look_at_queue)
        self.find_destinations = Once(self._find_destinations)
        self.event = MarkedEvent(uuid4())
        self.unbound_stamps_before: float | None = None
        self._session = session
        self._stack = AsyncExitStack()
        self._turns = asyncio.Lock()

    async def close(self) -> None:
        """Let go of what was opened."""
        await self._stack.aclose()

    async def gateway(self) -> Client:
        """A client of the gateway. Raises Skipped where nothing answers there."""
        try:
            await self.reach_gateway()
        except UNREACHABLE:
            raise Skipped("the gateway does not answer (gateway.answers)") from None
        return Client(self._session, self.options.gateway or "")

    async def collector(self) -> Client:
        """A client of the collector itself. Raises Skipped where nothing answers there."""
        try:
            await self.reach_collector()
        except UNREACHABLE as error:
            where = self.options.collector
            raise Skipped(f"nothing answers at {where} ({type(error).__name__})") from None
        return Client(self._session, self.options.collector or "")

    def client(self, url: str) -> Client:
        """A client of any server."""
        return Client(self._session, url)

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        """The rows of a query of db/queries, which can change nothing.

        Raises Skipped where the database cannot be reached, or what is asked for is not there or
        not for this role; and what else Postgres says of the query.
        """
        try:
            return await self.ask_database(query, *arguments)
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            raise Skipped("tables are not there: conversion-tracking migrate") from None
        except asyncpg.InsufficientPrivilegeError:
            raise Skipped("the role may not read what this asks for (database.rights)") from None

    async def ask_database(self, query: str, *arguments: object) -> list[Any]:
        """The same, for who knows what Postgres says.

        Raises Skipped where the database cannot be reached, and PostgresError.
        """
        try:
            connection = await self.reach_database()
        except CANNOT_CONNECT:
            raise Skipped("the database cannot be reached (database.answers)") from None
        async with self._turns, connection.transaction(readonly=True):
            rows: list[Any] = await connection.fetch(load_query(query), *arguments)
            return rows

    def origins(self) -> Sequence[str]:
        """Origins that may read answers. Raises Skipped where none is known."""
        if not self.options.origins:
            raise Skipped("no origin is known; name one with --origin, or the file with --file")
        return self.options.origins

    def settings(self) -> Settings:
        """The settings of a collector here. Raises Skipped where there are none, or wrong ones."""
        if self.options.settings_error:
            raise Skipped("the settings are wrong (settings.read)")
        if self.options.settings is None:
            raise Skipped("no settings of a collector are in the environment of the doctor")
        return self.options.settings

    def settings_with_queue(self) -> tuple[Settings, str]:
        """The settings, and the queue's address. Raises Skipped where there is none."""
        settings = self.settings()
        if settings.queue_url is None:
            raise Skipped("CT_QUEUE_URL is not set: events go to Postgres")
        return settings, settings.queue_url

    async def collector_metrics(self) -> str:
        """The collector's metrics. Raises Skipped where they cannot be had."""
        client = await self.collector()
        answer = await client.ask("GET", "/metrics")
        if answer.status != 200:  # noqa: PLR2004
            raise Skipped(f"{client.url}/metrics is answered with {answer.status}")
        return answer.body.decode()

    async def count_unsigned(self) -> float | None:
        """The requests that the collector got without a valid stamp; None where it does not say."""
        try:
            return sample(await self.collector_metrics(), UNSIGNED)
        except Skipped:
            return None

    async def _reach_gateway(self) -> Answer:
        if not self.options.gateway:
            raise Skipped("no gateway is known; name it with --gateway")
        return await Client(self._session, self.options.gateway).ask("GET", "/")

    async def _reach_collector(self) -> Answer:
        if not self.options.collector:
            raise Skipped("no collector is known; name it with --collector")
        return await Client(self._session, self.options.collector).ask("GET", "/healthz")

    async def _reach_database(self) -> Any:
        if not self.options.database:
            raise Skipped("no database is known; name it with --database")
        # Behind a pooler a statement that is prepared is not there for the next transaction.
        connection = await Hosts().connect(
            self.options.database,
            timeout=DATABASE_SECONDS,
            command_timeout=DATABASE_SECONDS,
            statement_cache_size=0,
        )
        self._stack.push_async_callback(connection.close)
        return connection

    async def _look_at_queue(self) -> QueueLook:
        from collector.queue.look import look_at_queue  # noqa: PLC0415

        settings, url = self.settings_with_queue()
        return await look_at_queue(url, settings.queue_timeout_seconds)

    async def _find_destinations(self) -> list[Any]:
        """Rows of doctor_destinations.sql. Raises Skipped where they cannot be read."""
        return await self.fetch("doctor_destinations", timedelta(days=LAST_DAYS))

    async def _send_event(self) -> Answer:
        """Send the event through the gateway, with a stamp that is forged."""
        client = await self.gateway()
        try:
            metrics = await self.collector_metrics()
            self.unbound_stamps_before = sample(metrics, UNBOUND_STAMPS)
        except Skipped:
            pass  # the check that compares says why
        headers = forged_stamp(time.time_ns() // 1_000_000)
        if self.options.origins:
            headers["Origin"] = self.options.origins[0]
        return await client.post(TRACK, self.event.fields, headers)

    async def _find_row(self) -> Any:
        """The event's row. Raises Skipped where the event was not taken, and LookupError where it
        is not there."""
        answer = await self.sent_event()
        if answer.status not in self.options.taken_statuses:
            raise Skipped("the event was not stored (event.taken)")
        deadline = time.monotonic() + ROW_SECONDS  # a replica may be behind, or a consumer
        while time.monotonic() < deadline:
            rows = await self.fetch("doctor_event", self.event.session_id, self.event.id)
            if rows:
                return rows[0]
            await asyncio.sleep(ROW_PAUSE)
        raise LookupError(self.event.session_id)


@asynccontextmanager
async def open_deployment(options: Options) -> AsyncIterator[Deployment]:
    """A deployment, for as long as the block runs. Raises OSError for a bad file of authorities."""
    async with open_session(options.ca_file) as session:
        deployment = Deployment(options, session)
        try:
            yield deployment
        finally:
            await deployment.close()
