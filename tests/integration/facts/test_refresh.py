"""What a refresh finds, whenever and however it was stored, and what it leaves for later."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import asyncpg
import pytest

from collector.event_row import EventRow
from collector.facts.refresh import facts_transaction, forget_facts, refresh, refresh_all
from collector.postgres.sessions import Connection
from collector.postgres.store import open_store
from collector.sql import load_query
from tests.integration.facts.following import (
    assert_all_follows,
    refresh_until_now,
)
from tests.unit.events import event_row

STORE = """
INSERT INTO conversion_events (session_id, event_type, event_name, received_at, created_at)
VALUES ($1, 'page_view', 'Page', now(), {created_at}) RETURNING created_at
"""


async def store_event(connection: Connection, session: str, created_at: str = "now()") -> datetime:
    """Store a page view as an operator does. Returns its created_at."""
    stored = await connection.fetchval(STORE.format(created_at=created_at), session)
    assert isinstance(stored, datetime)
    return stored


async def sessions(connection: Connection) -> dict[str, int]:
    """How many events the facts of each session have."""
    records = await connection.fetch("SELECT session_id, events FROM session_facts ORDER BY 1")
    return {record["session_id"]: record["events"] for record in records}


async def test_an_event_that_commits_late_is_not_passed_over(
    database: str, connection: Connection
) -> None:
    writer = await asyncpg.connect(database)
    await writer.execute("BEGIN")
    late = await store_event(writer, "late")
    await store_event(connection, "early")
    for _ in range(2):
        step = await refresh(connection)
        assert step is not None
        assert step.complete_until is None or step.complete_until <= late
    await writer.execute("COMMIT")
    await writer.close()
    await refresh_until_now(connection)
    assert await sessions(connection) == {"early": 1, "late": 1}


async def test_what_is_stored_after_the_clock_was_set_back_is_found(
    connection: Connection,
) -> None:
    await refresh_until_now(connection)
    await store_event(connection, "before", "now() - interval '9 seconds'")
    await refresh_until_now(connection)
    assert await sessions(connection) == {"before": 1}


async def test_a_session_of_very_many_events_waits_its_turn(connection: Connection) -> None:
    await store_event(connection, "server")
    await refresh_until_now(connection)
    await connection.execute("UPDATE session_facts SET events = 1000000")
    held = await store_event(connection, "server")
    await store_event(connection, "person")
    while "person" not in await sessions(connection):
        await refresh_all(connection)
    assert (await sessions(connection))["server"] == 1_000_000
    assert await connection.fetchval(load_query("facts_as_of")) <= held
    await connection.execute("UPDATE session_facts SET refreshed_at = now() - interval '5 minutes'")
    await refresh_until_now(connection)
    assert await sessions(connection) == {"person": 1, "server": 2}


async def plan_of_facts(connection: Connection) -> str:
    """How Postgres would compute those of two sessions."""
    rows = await connection.fetch(f"EXPLAIN {load_query('store_facts')}", ["a", "b"])
    return "\n".join(row[0] for row in rows)


async def test_in_a_database_that_was_never_analyzed_no_loop_stands_in_a_loop(
    connection: Connection,
) -> None:
    await connection.execute("ALTER TABLE conversion_events SET (autovacuum_enabled = off)")
    await store_event(connection, "a")
    assert "Nested Loop" in await plan_of_facts(connection)
    async with facts_transaction(connection):
        assert "Nested Loop" not in await plan_of_facts(connection)

    await connection.execute("ANALYZE conversion_events")
    async with facts_transaction(connection):
        assert await connection.fetchval("SHOW enable_nestloop") == "on"


async def test_a_rebuild_finds_what_was_loaded_with_an_old_time(connection: Connection) -> None:
    await store_event(connection, "old", "'2020-01-01'")
    await refresh_until_now(connection)
    await store_event(connection, "older", "'2019-01-01'")
    await refresh_until_now(connection)
    assert await sessions(connection) == {"old": 1}
    await forget_facts(connection)
    await refresh_until_now(connection)
    assert await sessions(connection) == {"old": 1, "older": 1}


async def test_a_rebuild_takes_away_facts_of_which_no_event_is_left(
    connection: Connection,
) -> None:
    await store_event(connection, "gone")
    await refresh_until_now(connection)
    await connection.execute("TRUNCATE conversion_events")  # which no trigger notices
    await forget_facts(connection)
    await refresh_until_now(connection)
    assert await sessions(connection) == {}


async def test_many_events_of_one_moment_are_looked_at_together(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.facts.refresh.SLICE_EVENTS", 2)
    monkeypatch.setattr("collector.facts.refresh.SLICE_SESSIONS", 2)
    for moment in ("now()", "now() - interval '1 hour'"):
        async with connection.transaction():
            for session in "abcde":
                await store_event(connection, session, moment)
    await refresh_until_now(connection)
    assert await sessions(connection) == dict.fromkeys("abcde", 2)


OTHER: dict[str, str] = {
    "uuid": "gen_random_uuid()",
    "character varying": "'purchase'",
    "text": "'https://other.example/x'",
    "integer": "9",
    "boolean": "NOT {column}",
    "jsonb": "'{{}}'",
    "numeric": "3",
    "ARRAY": "ARRAY['clock_corrected']",
    "timestamp with time zone": "'2026-11-22 10:00+00'",
}
SPECIAL = {
    "funnel_stage": "'visited_docs'",
    "source_type": "'paid'",
    "currency": "'EUR'",
}


async def test_whatever_column_of_an_event_is_changed_all_follows(
    database: str, connection: Connection
) -> None:
    records = await connection.fetch(
        "SELECT column_name AS name, data_type AS type FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = 'conversion_events'"
    )
    async with open_store(database, 1, 30) as store:
        await store.insert_events([row for n in range(len(records)) for row in sessions_of(n)])
    # What was stored last is looked at again anyway.
    await connection.execute("UPDATE conversion_events SET created_at = now() - interval '1 hour'")
    await refresh_until_now(connection)
    for number, column in enumerate(records):
        value = SPECIAL.get(column["name"]) or OTHER[column["type"]].format(column=column["name"])
        for session in ("first", "second"):  # in which its first or its second event is changed
            await connection.execute(
                f"UPDATE conversion_events SET {column['name']} = {value} "
                f"WHERE session_id = '{session} {number}' AND event_name = '{session}'"
            )
    await refresh_until_now(connection)
    await assert_all_follows(connection)


def sessions_of(number: int) -> list[EventRow]:
    """Two sessions of two events each, of which the first decides but knows no source."""
    return [
        event_row(
            1 + 4 * number + 2 * one + two,
            two,
            session_id=f"{session} {number}",
            event_name=name,
            channel=name,
            converted=True,
            conversion_value=Decimal(5),
            order_id=f"R{number}" if one else None,
        )
        for one, session in enumerate(("first", "second"))
        for two, name in enumerate(("first", "second"))
    ]


async def test_the_job_that_removes_addresses_makes_no_work(
    database: str, connection: Connection
) -> None:
    await store_event(connection, "a")
    await connection.execute("UPDATE conversion_events SET ip_address = NULL, metadata = '{}'")
    assert await connection.fetchval("SELECT count(*) FROM changed_events") == 0


async def test_who_may_only_erase_events_can_do_so(connection: Connection) -> None:
    await store_event(connection, "a")
    await connection.execute("CREATE ROLE eraser")
    await connection.execute("GRANT SELECT, UPDATE, DELETE ON conversion_events TO eraser")
    await connection.execute("SET ROLE eraser")
    await connection.execute("UPDATE conversion_events SET is_bot = TRUE")
    await connection.execute("DELETE FROM conversion_events")
    await connection.execute("RESET ROLE")
    await connection.execute("REVOKE ALL ON conversion_events FROM eraser")
    await connection.execute("DROP ROLE eraser")
    assert await connection.fetchval("SELECT count(*) FROM changed_events") == 2


@pytest.mark.parametrize(
    ("address", "host", "page"),
    [
        ("https://www.Example.com/pricing/?a=1#top", "example.com", "example.com/pricing"),
        ("https://example.com", "example.com", "example.com/"),
        ("https://example.com?a=/b", "example.com", "example.com/"),
        ("https://example.com#a/b", "example.com", "example.com/"),
        ("HTTP://u:p@shop.example:8080/a//", "shop.example", "shop.example/a"),
        ("https://a.example/#/route/1?x=2", "a.example", "a.example/#/route/1"),
        ("https://a.example/app#!/b/", "a.example", "a.example/app#!/b"),
        ("https://a.example/b?x=https://c.example/d", "a.example", "a.example/b"),
        ("https://a.example/B/Ü", "a.example", "a.example/B/Ü"),
        ("ftp://a.example/b", None, None),
        ("https://", None, None),
        ("about:blank", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
async def test_an_address_has_a_host_and_a_page(
    connection: Connection, address: str | None, host: str | None, page: str | None
) -> None:
    row = await connection.fetchrow("SELECT host_of($1::text), page_of($1::text)", address)
    assert tuple(row or ()) == (host, page)
