"""Bringing session_facts up to the events, in transactions that are short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from collector.facts.mend import SLICE_CHANGES, mend
from collector.postgres.sessions import Connection, transaction_on
from collector.sql import load_query

# What one transaction looks at and computes: some tenths of a second.
SLICE_EVENTS = 10_000
SLICE_SESSIONS = 2_000

# Postgres gives a statement up before the collector stops waiting for it (keeper.py).
STATEMENT_MILLISECONDS = "100000"
# How long who wants to be alone with the facts waits before it asks again.
WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: sessions computed anew, until when events were looked at.

    `complete_until` is None as long as more is to be done; `is_far_behind` is whether that is old.
    """

    sessions: int
    noted_until: datetime
    complete_until: datetime | None
    is_far_behind: bool


async def refresh(connection: Connection) -> Step | None:
    """Take one step: mend what changed events leave wrong, note the sessions of some new events,
    and compute some stale ones anew.

    Two transactions, so that no writer waits for the second. Returns None where another process
    is at it. Raises what asyncpg raises.
    """
    async with facts_transaction(connection) as is_ours:
        if not is_ours:
            return None
        changes = await mend(connection)
    async with facts_transaction(connection) as is_ours:
        if not is_ours:
            return None
        noted = await connection.fetchrow(load_query("note_new_events"), SLICE_EVENTS)
        taken = await connection.fetch(load_query("take_stale_sessions"), SLICE_SESSIONS)
        sessions = {row["session_id"] for row in taken if not row["is_kept"]}
        if sessions:
            await connection.execute(load_query("delete_facts"), list(sessions))
            await connection.execute(load_query("store_facts"), list(sessions))
        is_done = noted["is_done"] and len(taken) < SLICE_SESSIONS and changes < SLICE_CHANGES
        until = await connection.fetchval(load_query("complete_facts")) if is_done else None
        return Step(len(sessions), noted["noted_until"], until, noted["is_far_behind"])


@asynccontextmanager
async def facts_transaction(connection: Connection) -> AsyncIterator[bool]:
    """A transaction, and whether it is the one that refreshes the facts now."""
    async with transaction_on(connection):
        yield await connection.fetchval(load_query("lock_facts"), STATEMENT_MILLISECONDS)


@asynccontextmanager
async def alone_with_facts(connection: Connection) -> AsyncIterator[None]:
    """A transaction in which nobody else computes facts or sums; waits for the step that does."""
    while True:
        async with facts_transaction(connection) as is_ours:
            if is_ours:
                yield
                return
        await asyncio.sleep(WAIT_SECONDS)


async def refresh_all(connection: Connection) -> int:
    """Take steps until the facts are complete. Returns how many sessions were computed.

    Returns early where another process is at it. Raises what asyncpg raises.
    """
    sessions = 0
    while step := await refresh(connection):
        sessions += step.sessions
        if step.complete_until:
            break
    return sessions


async def forget_facts(connection: Connection) -> None:
    """Have all events looked at again, and all facts computed. Raises what asyncpg raises.

    The facts stay until then, each until its session's turn.
    """
    await connection.execute(load_query("forget_facts"))
