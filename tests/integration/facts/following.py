"""Whether the tables that are computed from the events are what the events say."""

from __future__ import annotations

from typing import Any

import asyncpg

from collector.facts.refresh import refresh
from collector.postgres.sessions import Connection
from collector.sql import load_query


async def refresh_until_now(connection: Connection) -> None:
    """Refresh until the facts hold all that is stored by now."""
    now = await connection.fetchval("SELECT clock_timestamp()")
    while True:
        step = await refresh(connection)
        assert step is not None
        if step.complete_until and step.complete_until > now:
            return


async def assert_all_follows(connection: Connection) -> None:
    """Facts, funnel and orders are what their events say, and nothing is left to do."""
    for table, key, expected in [
        ("session_facts", "session_id", load_query("facts_from_events")),
        ("conversion_funnel", "session_id", load_query("funnel_from_events")),
        ("counted_orders", "order_key", orders_from_events()),
    ]:
        assert await rows(connection, f"SELECT * FROM {table}", key) == await rows(
            connection, expected, key
        ), table
    for queue in ("stale_sessions", "changed_events"):
        assert await connection.fetchval(f"SELECT count(*) FROM {queue}") == 0


def orders_from_events() -> str:
    """The query for what counted_orders must be: the first half of the funnel's rules."""
    [before, _] = load_query("funnel_from_events").split("order_changes AS")
    return f"{before.rstrip().removesuffix(',')} SELECT * FROM counting"


# Columns that the events do not decide.
UNDECIDED = {"id", "created_at", "updated_at", "refreshed_at"}


async def rows(connection: Connection, query: str, key: str) -> dict[str, dict[str, Any]]:
    """What a query gives, by its key, without what the events do not decide."""
    return {
        record[key]: {
            name: cell
            for name, cell in record.items()
            if name not in UNDECIDED and not name.startswith("replaced_")
        }
        for record in await connection.fetch(query)
    }


async def open_connection(url: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection as the facts have theirs."""
    return await asyncpg.connect(url, statement_cache_size=0)
