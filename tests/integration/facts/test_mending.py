"""What a changed or erased event leaves wrong in orders and funnel is mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from collector.event import Event, FunnelStage
from collector.event_row import join_rows, make_row
from collector.facts.refresh import refresh
from collector.postgres.sessions import Connection
from collector.sql import load_query
from tests.integration.facts.following import (
    assert_all_follows,
    open_connection,
    refresh_until_now,
)
from tests.support import Rows, fetch
from tests.unit.events import event
from tests.waiting import until


@pytest.fixture
async def writer(database: str) -> AsyncIterator[Connection]:
    """The connection of a writer, which a test may leave in a transaction."""
    connection = await open_connection(database)
    yield connection
    await connection.close()


def purchase(number: int, minute: int, session: str, value: int, **fields: Any) -> Event:
    bought = {"funnel_stage": FunnelStage.COMPLETED_CHECKOUT, "converted": True, "order_id": "R1"}
    return event(
        number,
        minute,
        **{**bought, "session_id": session, "conversion_value": Decimal(value), **fields},
    )


async def store(connection: Connection, *events: Event) -> None:
    """Store events with the statement of a writer, in whatever transaction there is."""
    rows = [make_row(one) for one in events]
    await connection.fetch(load_query("insert_events"), join_rows(rows).decode())


async def orders(database: str) -> Rows:
    return await fetch(
        database,
        "SELECT order_key, session_id, conversion_value FROM counted_orders ORDER BY order_key",
    )


async def worth(database: str) -> dict[str, Any]:
    """What each session of the funnel is worth."""
    rows = await fetch(database, "SELECT session_id, conversion_value FROM conversion_funnel")
    return {row["session_id"]: row["conversion_value"] for row in rows}


async def settle(connection: Connection) -> None:
    await refresh_until_now(connection)
    await assert_all_follows(connection)


async def test_an_erased_session_leaves_nothing_behind(
    database: str, connection: Connection
) -> None:
    await store(connection, purchase(1, 0, "a", 10), event(2, session_id="b"))
    await store(connection, purchase(3, 5, "a", 9, order_id="R2"))
    await store(connection, purchase(4, 0, "b", 9, order_id="R2"))  # which takes R2 from it
    await refresh_until_now(connection)
    await connection.execute("DELETE FROM conversion_events WHERE session_id = 'a'")
    await settle(connection)
    assert await worth(database) == {"b": 9}
    for table in ("session_facts", "conversion_funnel", "counted_orders"):
        found = await fetch(
            database, f"SELECT * FROM {table} AS t WHERE to_jsonb(t)::text LIKE '%\"a\"%'"
        )
        assert found == []


async def test_an_order_whose_event_is_erased_counts_by_the_next(
    database: str, connection: Connection
) -> None:
    await store(connection, purchase(1, 0, "a", 10), event(2, session_id="a"))
    await store(connection, purchase(3, 5, "b", 20), purchase(4, 9, "c", 30))
    await refresh_until_now(connection)
    await connection.execute(
        "DELETE FROM conversion_events WHERE order_id = 'R1' AND session_id = 'a'"
    )
    await settle(connection)
    assert [row["session_id"] for row in await orders(database)] == ["b"]
    assert await worth(database) == {"a": None, "b": 20, "c": None}


async def test_a_session_loses_its_order_to_an_event_that_is_changed(
    database: str, connection: Connection
) -> None:
    await store(connection, purchase(1, 5, "a", 10), purchase(2, 9, "b", 20))
    await refresh_until_now(connection)
    await connection.execute(
        "UPDATE conversion_events SET received_at = received_at - interval '1 hour' "
        "WHERE session_id = 'b'"
    )
    await settle(connection)
    assert await worth(database) == {"a": None, "b": 20}


async def test_a_bot_that_was_none_and_back(database: str, connection: Connection) -> None:
    await store(connection, purchase(1, 0, "a", 10), purchase(2, 1, "b", 20))
    before = await worth(database)
    await connection.execute("UPDATE conversion_events SET is_bot = TRUE WHERE session_id = 'a'")
    await settle(connection)
    assert await worth(database) == {"b": 20}
    await connection.execute("UPDATE conversion_events SET is_bot = FALSE WHERE session_id = 'a'")
    await settle(connection)
    assert await worth(database) == before == {"a": 10, "b": None}


@pytest.mark.parametrize(
    "case",
    [
        (  # the session is in the funnel
            [event(1, 0, session_id="a"), event(2, 1, session_id="a")],
            "DELETE FROM conversion_events WHERE event_name = 'Page' AND id::text LIKE '%1'",
            event(3, 2, session_id="a", funnel_stage=FunnelStage.VISITED_PRICING),
        ),
        (  # it is not, since it is a bot's
            [event(1, 0, session_id="a", is_bot=True)],
            "UPDATE conversion_events SET is_bot = FALSE",
            event(3, 2, session_id="a", funnel_stage=FunnelStage.VISITED_PRICING),
        ),
        (  # it is taken out of it
            [event(1, 0, session_id="a")],
            "DELETE FROM conversion_events",
            event(3, 2, session_id="a", funnel_stage=FunnelStage.VISITED_PRICING),
        ),
        (  # the order counts for another session
            [purchase(1, 5, "a", 10)],
            "UPDATE conversion_events SET conversion_value = 11",
            purchase(3, 0, "b", 20),
        ),
        (  # it counts for nobody
            [purchase(1, 5, "a", 10, is_bot=True)],
            "UPDATE conversion_events SET is_bot = FALSE",
            purchase(3, 0, "b", 20),
        ),
        (  # the event is erased for which it counts
            [purchase(1, 0, "a", 10)],
            "DELETE FROM conversion_events",
            purchase(3, 5, "b", 20),
        ),
    ],
    ids=["session", "bot", "taken out", "order", "uncounted order", "erased order"],
)
async def test_what_a_writer_stores_meanwhile_is_not_lost(
    database: str,
    connection: Connection,
    writer: Connection,
    case: tuple[list[Event], str, Event],
) -> None:
    before, change, meanwhile = case
    await store(connection, *before)
    await connection.execute(change)
    await writer.execute("BEGIN")
    await store(writer, meanwhile)
    mending = asyncio.create_task(refresh(connection))
    await until(lambda: waits(database))
    await writer.execute("COMMIT")
    await mending
    await settle(connection)


@pytest.mark.parametrize("is_bot", [False, True])
async def test_a_writer_that_comes_while_a_session_is_mended_adds_to_it(
    database: str, connection: Connection, writer: Connection, is_bot: bool
) -> None:
    await store(connection, purchase(1, 5, "a", 10, is_bot=is_bot))
    await connection.execute("UPDATE conversion_events SET is_bot = NOT is_bot")
    mender = connection.transaction()
    await mender.start()
    for query, keys in [
        ("lock_orders", ["R1"]),
        ("elect_orders", ["R1"]),
        ("lock_sessions", ["a"]),
        ("rebuild_funnel", ["a"]),
    ]:
        await connection.fetch(load_query(query), keys)
    storing = asyncio.create_task(store(writer, purchase(3, 0, "a", 20)))
    await until(lambda: waits(database))
    await mender.commit()
    await storing
    await settle(connection)


async def waits(database: str) -> bool:
    """Whether somebody waits for another's row."""
    return bool(
        await fetch(
            database,
            "SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
    )
