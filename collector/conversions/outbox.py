"""The outbox in Postgres: all that the sending of conversions asks of it (db/conversions)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from collector.conversions.claims import Claim, DeliveryKey, Settled, Wait, read_claim
from collector.conversions.conversion import Broken, Later
from collector.conversions.destination import Destination
from collector.postgres.sessions import Connection
from collector.sql import load_conversions

# Reasons are a platform's words: the first of them say enough.
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Hold:
    """A destination that this process sends to."""

    wait_seconds: float  # until something may be sent
    failures: int  # requests in a row that were not taken
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a destination."""

    name: str
    pending: int
    oldest_seconds: float  # of what is due
    is_paused: bool
    reason: str | None
    advice: str | None
    warning: str | None
    is_held: bool  # a process sends to it


class Outbox:
    """The deliveries of one destination, on a connection. All raise what asyncpg raises."""

    def __init__(
        self, connection: Connection, destination: str, holder: UUID, has_whole_addresses: bool
    ) -> None:
        self._connection = connection
        self._destination = destination
        self._holder = holder
        self._has_whole_addresses = has_whole_addresses

    async def hold(self, seconds: float, warning: str | None) -> Hold | None:
        """Be the one who sends to it for so long; None where another process is."""
        row = await self._connection.fetchrow(
            load_conversions("hold_destination"),
            self._destination,
            self._holder,
            timedelta(seconds=seconds),
            warning,
        )
        return row and Hold(*row)

    async def release(self) -> None:
        """Let another process send to it."""
        await self._execute("release_destination", self._holder)

    async def claim(self, most: int) -> list[Claim]:
        """So many of those that are due, at most."""
        rows = await self._connection.fetch(
            load_conversions("claim_deliveries"), self._destination, most
        )
        return [read_claim(row, self._has_whole_addresses) for row in rows]

    async def settle(self, settled: Sequence[Settled]) -> None:
        """Write down what became of them."""
        if settled:
            sessions, ids = columns_of([one.key for one in settled])
            states = [one.state.value for one in settled]
            reasons = [one.reason and one.reason[:MAX_REASON] for one in settled]
            remote_ids = [one.remote_id for one in settled]
            await self._execute("settle_deliveries", sessions, ids, states, reasons, remote_ids)

    async def postpone(self, waits: Sequence[Wait]) -> None:
        """Look at them again then."""
        if waits:
            sessions, ids = columns_of([wait.key for wait in waits])
            times = [wait.until for wait in waits]
            await self._execute("postpone_deliveries", sessions, ids, times)

    async def note_taken(self) -> None:
        """The platform has taken something."""
        await self._execute("note_taken")

    async def note_failure(self, failure: Later | Broken, seconds: float) -> None:
        """It has not, and nothing is sent for so long."""
        advice = failure.advice if isinstance(failure, Broken) else None
        await self._execute(
            "note_failure", failure.reason[:MAX_REASON], advice, timedelta(seconds=seconds)
        )

    async def _execute(self, name: str, *arguments: object) -> None:
        await self._connection.execute(load_conversions(name), self._destination, *arguments)


def columns_of(keys: Sequence[DeliveryKey]) -> tuple[list[str], list[UUID]]:
    """Their sessions and their ids."""
    return [key.session_id for key in keys], [key.event_id for key in keys]


async def save_destinations(
    connection: Connection, destinations: Mapping[str, Destination]
) -> None:
    """Let events be queued for these from now on, and for no others. Raises as asyncpg does."""
    rows = [destination_row(name, destination) for name, destination in destinations.items()]
    await connection.execute(load_conversions("save_destinations"), json.dumps(rows))


def destination_row(name: str, destination: Destination) -> dict[str, Any]:
    """What those who store events know of a destination: the columns of destinations."""
    return {
        "name": name,
        "platform": destination.platform,
        "events": destination.sent_events,
        "signal": destination.signal,
        "needs_consent": destination.consent == "required",
        "takes_unsigned": destination.unsigned == "send",
        "order_wait": f"{destination.order_wait_seconds} seconds",
    }


async def read_waiting(connection: Connection) -> list[Waiting]:
    """What waits for each destination. Raises as asyncpg does."""
    return [Waiting(*row) for row in await connection.fetch(load_conversions("waiting_deliveries"))]


async def count_deliveries(
    connection: Connection,
) -> list[tuple[str, str, str | None, int, datetime]]:
    """Destination, state, reason, count, and since when the oldest. Raises as asyncpg does."""
    rows = await connection.fetch(load_conversions("count_deliveries"))
    return [tuple(row) for row in rows]
