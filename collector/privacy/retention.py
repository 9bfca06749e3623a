"""Taking away what is too old, in transactions that are short and that wait for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from collector.facts.refresh import STATEMENT_MILLISECONDS, alone_with_facts
from collector.facts.sums import sum_day
from collector.postgres.sessions import Connection, transaction_on
from collector.settings import Settings
from collector.sql import load_privacy

# What one transaction takes away: some hundredths of a second.
SLICE_ROWS = 2_000
# The share of the time of one Postgres backend that it takes while it is at it.
BUSY_SHARE = 0.25

# No ad platform takes a conversion that is older (LinkedIn, 90 days). For so long at most the
# outbox keeps who a customer is.
WAITING_DAYS = 90

FROM_THE_FIRST = datetime.min.replace(tzinfo=UTC)

# Told how many rows were deleted, or had their addresses emptied, and where.
CountRows = Callable[[str, int], None]


class RetentionBusy(Exception):
    """Another process takes away what is too old now."""

    def __init__(self) -> None:
        super().__init__("another process takes away what is too old now")


@dataclass(frozen=True, slots=True)
class Ages:
    """How many days is kept what; None is for ever."""

    events: int | None
    sessions: int | None
    addresses: int | None
    rejects: int
    deliveries: int | None


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Before when is too old: a row of db/privacy/cutoffs.sql."""

    events: datetime | None
    sessions: datetime | None
    addresses: datetime | None
    rejects: datetime
    deliveries: datetime | None
    waiting: datetime
    sessions_midnight: datetime | None
    complete_until: datetime
    addresses_until: datetime
    ran_at: datetime
    is_due: bool


def ages_of(settings: Settings) -> Ages:
    """The ages of the settings: sessions and deliveries stay as long as events, where nothing else
    is said."""
    return Ages(
        events=settings.retention_events_days,
        sessions=settings.retention_sessions_days or settings.retention_events_days,
        addresses=settings.retention_addresses_days,
        rejects=settings.rejects_max_days,
        deliveries=settings.retention_deliveries_days or settings.retention_events_days,
    )


async def find_cutoffs(connection: Connection, ages: Ages) -> Cutoffs:
    """Before when is too old now. Raises what asyncpg raises."""
    days = (ages.events, ages.sessions, ages.addresses, ages.rejects, ages.deliveries)
    return Cutoffs(**await connection.fetchrow(load_privacy("cutoffs"), *days, WAITING_DAYS))


class Retention:
    """One run: what is too old at its begin.

    Its methods raise RetentionBusy where another process is at it, and what asyncpg raises.
    """

    def __init__(
        self, connection: Connection, cutoffs: Cutoffs, count: CountRows, *, has_facts: bool
    ) -> None:
        """`has_facts`: sessions get facts, which an event must be in before it goes."""
        self._connection = connection
        self._cutoffs = cutoffs
        self._count = count
        self._has_facts = has_facts

    async def run(self, addresses_from: datetime = FROM_THE_FIRST) -> None:
        """Take all away that is too old; addresses of what was stored from this time on."""
        await self._empty_addresses(addresses_from)
        await self._delete_events()
        await self._delete_sessions()
        await self.give_up_waiting()
        await self._delete_deliveries()
        await self._take("delete_rejects", "rejected_events", self._cutoffs.rejects)
        await self._note("note_run")

    async def give_up_waiting(self) -> None:
        """What waits for longer than any ad platform takes is sent to none, and names nobody."""
        await self._take("expire_deliveries", "deliveries_user_data", self._cutoffs.waiting)

    async def _delete_deliveries(self) -> None:
        """What became of conversions at ad platforms."""
        if self._cutoffs.deliveries is not None:
            await self._take("delete_deliveries", "deliveries", self._cutoffs.deliveries)

    async def _empty_addresses(self, begin: datetime) -> None:
        """Addresses and User-Agents, in the rows that stay."""
        until = self._cutoffs.addresses
        if until is None:
            return
        await self._take("empty_addresses", "conversion_events_addresses", until, begin)
        await self._take("empty_reject_addresses", "rejected_events_addresses", until, begin)
        await self._take("empty_fact_agents", "session_facts_addresses", until, begin)
        await self._note("note_addresses", until)

    async def _delete_events(self) -> None:
        """Events, after nothing is computed from them any more, and what waits to tell of them."""
        until, sessions = self._cutoffs.events, self._cutoffs.sessions
        if until is None or sessions is None:
            return
        if self._has_facts:
            until = min(until, self._cutoffs.complete_until)
        async with self._facts():
            await self._connection.execute(load_privacy("keep_events_until"), until)
        refunds_until = min(until, sessions)
        await self._take("delete_events", "conversion_events", until, FROM_THE_FIRST, refunds_until)
        await self._take("delete_orphans", "deliveries", until)

    async def _delete_sessions(self) -> None:
        """Sessions and orders; of their days the sums stay."""
        until, midnight = self._cutoffs.sessions, self._cutoffs.sessions_midnight
        if until is None or midnight is None:
            return
        begin = FROM_THE_FIRST
        while (ends_at := await self._finish_day(begin, midnight)) is not None:
            await self._take("delete_facts", "session_facts", ends_at, begin)
            begin = ends_at
        await self._take("delete_funnel", "conversion_funnel", until)
        await self._take("delete_orders", "counted_orders", until)

    async def _finish_day(self, begin: datetime, until: datetime) -> datetime | None:
        """Make the sums of the first day of these the last. Returns its end, None for no day."""
        async with self._facts():
            first = await self._connection.fetchrow(load_privacy("next_day"), begin, until)
            if first is None:
                return None
            if not first["is_final"]:
                if not first["is_summed"]:
                    await sum_day(self._connection, first["day"])
                await self._connection.execute(load_privacy("finish_day"), first["day"])
            ends_at: datetime = first["ends_at"]
            return ends_at

    async def _take(
        self,
        query: str,
        place: str,
        until: datetime,
        begin: datetime = FROM_THE_FIRST,
        *more: object,
    ) -> None:
        """Have a query take rows, slice by slice, with pauses for others.

        Rows that somebody has locked are passed over: the next run takes them.
        """
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            async with self._transaction():
                arguments = (begin, until, SLICE_ROWS, *more)
                rows = await self._connection.fetch(load_privacy(query), *arguments)
            self._count(place, len(rows))
            if len(rows) < SLICE_ROWS:
                return
            begin = max(row["stored_at"] for row in rows)
            await asyncio.sleep((loop.time() - started) * (1 / BUSY_SHARE - 1))

    async def _note(self, query: str, *arguments: object) -> None:
        async with self._transaction():
            await self._connection.execute(load_privacy(query), *arguments)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """A transaction that takes away what is too old."""
        async with transaction_on(self._connection):
            if await self._is_the_one():
                yield
                return
        raise RetentionBusy

    @asynccontextmanager
    async def _facts(self) -> AsyncIterator[None]:
        """One in which nobody computes facts or sums."""
        async with alone_with_facts(self._connection):
            if await self._is_the_one():
                yield
                return
        raise RetentionBusy

    async def _is_the_one(self) -> bool:
        """Whether no other takes away what is too old until the transaction ends."""
        locked: bool = await self._connection.fetchval(
            load_privacy("begin"), STATEMENT_MILLISECONDS
        )
        return locked
