"""What Postgres expects of orders, by the statistics of migration 0017."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg

from collector.event_row import make_row
from collector.postgres.store import open_store
from collector.sql import load_query
from tests.support import execute
from tests.unit.events import event

KEYS = [f"R{number}" for number in range(60)]


async def test_of_many_orders_postgres_expects_few_events_and_takes_the_index(
    database: str,
) -> None:
    events = [
        event(n, session_id=f"s{n}", order_id=f"R{n // 10}" if n % 10 < 2 else None)
        for n in range(5_000)
    ]
    async with open_store(database, 1, 30) as store:
        await store.insert_events([make_row(each) for each in events])
    await execute(database, "ANALYZE conversion_events")
    connection = await asyncpg.connect(database)
    [(written,)] = await connection.fetch(
        f"EXPLAIN (FORMAT JSON) {load_query('elect_orders')}", KEYS
    )
    await connection.close()
    [scan] = [node for node in nodes_of(json.loads(written)) if reads_events(node)]
    assert scan["Node Type"] in ("Bitmap Heap Scan", "Index Scan")
    # Without the statistics of migration 0017 it would be 30 % of all.
    assert scan["Plan Rows"] < 5_000 * 0.1


def nodes_of(plan: Any) -> Iterator[dict[str, Any]]:
    """Each node of a plan."""
    for item in plan if isinstance(plan, list) else plan.values():
        if isinstance(item, dict) and "Node Type" in item:
            yield item
        if isinstance(item, dict | list):
            yield from nodes_of(item)


def reads_events(node: dict[str, Any]) -> bool:
    """Whether a node reads the table of events."""
    return node.get("Relation Name") == "conversion_events"
