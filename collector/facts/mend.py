"""Mending orders and funnel after events were changed or erased, which no writer does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from collector.postgres.sessions import Connection
from collector.sql import load_query

# What one transaction mends; writers of these sessions and orders wait for it.
SLICE_CHANGES = 500


async def mend(connection: Connection) -> int:
    """Mend what some changed events leave wrong, within a transaction. Returns how many changes.

    Counts each of their orders by the event that counts now, and computes their sessions of the
    funnel anew, with those that lose an order or get one. But for what began before the events
    that retention has left (docs/privacy.md#retention): that stays as it is.

    It locks as a writer does, all its orders and then all its sessions, each in their order, so
    neither can wait for the other in a circle (db/queries/insert_events.sql). A writer whose
    event is not visible yet holds these rows until it is, or waits for them and then adds to
    what is mended: so each statement that computes follows the one that locks, and sees all that
    was stored before. Raises what asyncpg raises.
    """
    changes = await connection.fetch(load_query("take_changed_events"), SLICE_CHANGES)
    if not changes:
        return 0
    sessions = {change["session_id"] for change in changes}
    orders = {change["order_key"] for change in changes if change["order_key"]}
    orders -= {row["order_key"] for row in await fetch(connection, "kept_orders", orders)}
    sessions |= await sessions_of(connection, "lock_orders", orders)
    sessions |= await sessions_of(connection, "elect_orders", orders)
    ids = list(sessions - await sessions_of(connection, "kept_sessions", sessions))
    for query in ("lock_sessions", "rebuild_funnel", "note_mended_sessions"):
        await connection.execute(load_query(query), ids)
    return len(changes)


async def sessions_of(connection: Connection, query: str, keys: Collection[str]) -> set[str]:
    """The sessions that a query on orders or sessions returns."""
    return {row["session_id"] for row in await fetch(connection, query, keys)}


async def fetch(connection: Connection, query: str, keys: Collection[str]) -> list[Any]:
    """What a query on orders or sessions returns."""
    return list(await connection.fetch(load_query(query), list(keys)))
