"""What is too old goes, in the order and with the consequences that docs/privacy.md says."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from collector.event import FunnelStage
from collector.facts.sums import sum_changed_days
from collector.postgres.sessions import Connection
from collector.privacy import retention
from collector.privacy.retention import (
    Cutoffs,
    Retention,
    RetentionBusy,
    ages_of,
    find_cutoffs,
)
from collector.reports.ask import ask
from collector.reports.reading import Asked, read_question
from collector.settings import Settings, SettingsError, load_settings
from collector.sql import load_privacy
from tests.integration.facts.following import refresh_until_now
from tests.integration.privacy.command import run
from tests.integration.privacy.conftest import TODAY, store_aged, visit
from tests.support import execute, fetch, metric, run_collector
from tests.unit.events import user
from tests.waiting import until

TABLES = ("conversion_events", "conversion_funnel", "session_facts", "counted_orders")


async def retain(connection: Connection, **days: int) -> Counter[str]:
    """Run retention with these ages: of events, sessions, addresses. Returns what it counted."""
    given = {f"retention_{name}_days": value for name, value in days.items()}
    settings = Settings(database_url="postgresql://unused", **given)
    counted: Counter[str] = Counter()
    cutoffs = await find_cutoffs(connection, ages_of(settings))
    await runner(connection, cutoffs, counted).run()
    return +counted


def runner(connection: Connection, cutoffs: Cutoffs, counted: Counter[str]) -> Retention:
    return Retention(
        connection, cutoffs, lambda place, rows: counted.update({place: rows}), has_facts=True
    )


async def count_of(connection: Connection, table: str) -> int:
    count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return count


async def counts(connection: Connection) -> dict[str, int]:
    return {table: await count_of(connection, table) for table in TABLES}


async def ask_now(connection: Connection, name: str, **asked: Any) -> list[dict[str, Any]]:
    """The rows of a report of the last two weeks."""
    question = read_question(Asked(name, **{"range": "14d", **asked}), TODAY + timedelta(hours=1))
    return [dict(row) for row in (await ask(connection, question)).rows]


def purchase(number: int, days_ago: float, order: str, **fields: Any) -> Any:
    bought = {"event_type": "purchase", "funnel_stage": FunnelStage.COMPLETED_CHECKOUT}
    sold = {"converted": True, "order_id": order, "conversion_value": Decimal(100)}
    return visit(number, days_ago, **{**bought, **sold, **fields})


async def test_addresses_and_user_agents_of_old_rows_are_emptied(
    database: str, connection: Connection
) -> None:
    await store_aged(database, visit(1, 8), visit(2, 2), visit(3, 8, is_bot=True))
    counted = await retain(connection, addresses=5)
    rows = await fetch(
        database, "SELECT session_id, ip_address, user_agent FROM conversion_events ORDER BY 1"
    )
    assert [(row["ip_address"], row["user_agent"]) for row in rows] == [
        (None, None),
        ("203.0.113.77", "A browser"),
        (None, None),
    ]
    assert await connection.fetchval("SELECT count(user_agent) FROM session_facts") == 0
    assert counted == {"conversion_events_addresses": 2, "session_facts_addresses": 1}
    assert await count_of(connection, "changed_events") == 0
    assert await count_of(connection, "changed_days") == 0


async def test_rejects_lose_their_addresses_and_then_go(
    database: str, connection: Connection
) -> None:
    await execute(
        database,
        """
        INSERT INTO rejected_events (
            event_id, reason, message, errors, endpoint, body, body_cut, ip_address,
            stamp_verified, received_at, created_at
        )
        SELECT gen_random_uuid(), 'invalid_event', '', '[]', '/', '', FALSE, '203.0.113.77', TRUE,
            now() - age, now() - age
        FROM unnest('{1 day,8 days,40 days}'::interval[]) AS age
        """,
    )
    counted = await retain(connection, addresses=5)
    rows = await fetch(database, "SELECT ip_address FROM rejected_events ORDER BY created_at")
    assert [row["ip_address"] for row in rows] == [None, "203.0.113.77"]
    assert counted == {"rejected_events_addresses": 2, "rejected_events": 1}


async def test_events_go_and_their_sessions_stay_as_they_were(
    database: str, connection: Connection
) -> None:
    await store_aged(
        database,
        purchase(1, 8, "R1", user_id=user(1)),
        visit(2, 8, session_id="s1", event_type="refund", order_id="R1", conversion_value=30),
        visit(3, 2),
    )
    orders = await ask_now(connection, "orders")
    overview = await ask_now(connection, "overview")
    counted = await retain(connection, events=5, sessions=20)
    assert counted == {"conversion_events": 1}
    assert await counts(connection) == {
        "conversion_events": 2,  # the refund, and what is new
        "conversion_funnel": 2,
        "session_facts": 2,
        "counted_orders": 1,
    }
    await refresh_until_now(connection)
    await sum_changed_days(connection)
    assert await ask_now(connection, "orders") == orders
    assert await ask_now(connection, "overview") == overview
    assert orders[0]["refunds"] != orders[0]["revenue"] is not None


async def test_a_late_event_leaves_a_session_as_it_was_whose_events_are_gone(
    database: str, connection: Connection
) -> None:
    await store_aged(database, purchase(1, 8, "R1"), visit(2, 8, session_id="s1"))
    facts = await fetch(database, "SELECT * FROM session_facts")
    await retain(connection, events=5, sessions=20)
    late = visit(4, 0, session_id="s1", page_url=None)
    again = purchase(5, 0, "R1", session_id="s1")
    await store_aged(database, late, again)
    await execute(database, "DELETE FROM conversion_events WHERE order_id = 'R1'")
    await refresh_until_now(connection)
    assert await fetch(database, "SELECT * FROM session_facts") == facts
    [order] = await fetch(database, "SELECT * FROM counted_orders")
    assert order["happened_at"] == TODAY - timedelta(days=8)
    [funnel] = await fetch(database, "SELECT * FROM conversion_funnel")
    assert (funnel["first_event_at"], funnel["converted"]) == (TODAY - timedelta(days=8), True)


async def test_all_sessions_computed_anew_keep_those_whose_events_are_gone(
    database: str, connection: Connection
) -> None:
    await store_aged(database, visit(1, 8), visit(2, 2))
    await retain(connection, events=5, sessions=20)
    ended = run(database, "facts", "--rebuild")
    assert ended.returncode == 0, ended.stderr
    assert (await counts(connection))["session_facts"] == 2


async def test_sessions_go_and_the_sums_of_their_days_stay(
    database: str, connection: Connection
) -> None:
    await store_aged(database, purchase(1, 8.5, "R1", channel="Email"), visit(2, 8.5), visit(3, 2))
    overview = await ask_now(connection, "overview")
    channels = await ask_now(connection, "channels")
    counted = await retain(connection, events=5)
    assert counted == {
        "conversion_events": 2,
        "session_facts": 2,
        "conversion_funnel": 2,
        "counted_orders": 1,
    }
    await refresh_until_now(connection)
    await sum_changed_days(connection)
    measures = ("sessions", "visitors", "page_views")
    after = await ask_now(connection, "overview")
    assert [after[0][name] for name in measures] == [overview[0][name] for name in measures]
    named = [(row["name"], row["sessions"]) for row in await ask_now(connection, "channels")]
    assert named == [(row["name"], row["sessions"]) for row in channels]
    # What is computed from sessions one by one has nothing of them.
    filtered = await ask_now(connection, "overview", filters=["device_type=(none)"])
    assert filtered[0]["sessions"] == 1
    assert await ask_now(connection, "orders") == []


async def test_days_that_were_not_summed_are_summed_before_their_sessions_go(
    database: str, connection: Connection
) -> None:
    await store_aged(database, visit(1, 8.5), visit(2, 8.5))
    await execute(database, "TRUNCATE summed_days, session_sums, quarter_sums")
    await execute(
        database, "INSERT INTO changed_days (day) SELECT utc_day(started_at) FROM session_facts"
    )
    await retain(connection, events=5)
    [day] = await fetch(database, "SELECT * FROM summed_days")
    assert (day["day"], day["is_final"]) == ((TODAY - timedelta(days=8.5)).date(), True)
    assert (await ask_now(connection, "overview"))[0]["sessions"] == 2
    assert await count_of(connection, "changed_days") == 0


async def test_what_comes_late_to_a_day_whose_sessions_are_gone_changes_nothing_of_it(
    database: str, connection: Connection
) -> None:
    await store_aged(database, visit(1, 8.5))
    await retain(connection, events=5)
    await store_aged(database, visit(2, 8.4))  # from a spool that was found again
    assert (await ask_now(connection, "overview"))[0]["sessions"] == 1
    counted = await retain(connection, events=5)
    assert counted["session_facts"] == 1
    assert (await ask_now(connection, "overview"))[0]["sessions"] == 1


async def test_events_wait_for_their_facts(database: str, connection: Connection) -> None:
    await store_aged(database, visit(1, 8))
    await execute(
        database,
        "UPDATE facts_progress SET noted_until = now() - interval '9 days', "
        "complete_until = now() - interval '9 days'",
    )
    assert await retain(connection, events=5, sessions=20) == {}
    await refresh_until_now(connection)
    assert await retain(connection, events=5, sessions=20) == {"conversion_events": 1}


async def test_nobody_is_waited_for_and_what_is_locked_goes_the_next_time(
    database: str, connection: Connection
) -> None:
    await store_aged(database, visit(1, 8), visit(2, 8))
    writer = await asyncpg.connect(database)
    async with writer.transaction():
        await writer.execute("SELECT * FROM conversion_events WHERE session_id = 's1' FOR UPDATE")
        await writer.execute("SELECT * FROM conversion_funnel WHERE session_id = 's1' FOR UPDATE")
        async with asyncio.timeout(30):
            counted = await retain(connection, events=5)
        assert (counted["conversion_events"], counted["conversion_funnel"]) == (1, 1)
    await writer.close()
    counted = await retain(connection, events=5)
    assert (counted["conversion_events"], counted["conversion_funnel"]) == (1, 1)


async def test_many_rows_go_in_many_transactions(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE_ROWS", 3)
    await store_aged(database, *(visit(number, 8) for number in range(1, 12)), visit(12, 2))
    counted = await retain(connection, events=5, addresses=1)
    assert counted["conversion_events"] == 11
    assert counted["conversion_events_addresses"] == 12
    assert (await counts(connection))["conversion_events"] == 1


async def test_one_process_at_a_time_takes_away(database: str, connection: Connection) -> None:
    await store_aged(database, visit(1, 8))
    other = await asyncpg.connect(database)
    async with other.transaction():
        assert await other.fetchval(load_privacy("begin"), "1000")
        with pytest.raises(RetentionBusy):
            await retain(connection, events=5)
    await other.close()
    assert (await retain(connection, events=5))["conversion_events"] == 1


async def test_a_dry_run_says_what_once_takes_away(database: str, connection: Connection) -> None:
    await store_aged(database, purchase(1, 8.5, "R1"), visit(2, 8.5), visit(3, 2))
    before = await counts(connection)
    days = {"CT_RETENTION_EVENTS_DAYS": "5", "CT_RETENTION_ADDRESSES_DAYS": "1"}
    dry = run(database, "retention", "--dry-run", **days)
    assert dry.returncode == 0, dry.stderr
    assert await counts(connection) == before
    once = run(database, "retention", "--once", **days)
    assert once.returncode == 0, once.stderr
    assert dry.stdout.splitlines()[:5] == [
        "events: 5 days",
        "sessions and orders: 5 days",
        "addresses and User-Agents: 1 days",
        "rejected events: 30 days",
        "settled deliveries: 5 days",
    ]
    said = sorted(line.replace("to go", "gone") for line in dry.stdout.splitlines())
    assert said == sorted(once.stdout.splitlines())
    assert "conversion_events: 2 gone" in once.stdout
    assert "conversion_events (addresses): 3 gone" in once.stdout
    assert await counts(connection) == dict.fromkeys(TABLES, 1) | {"counted_orders": 0}


async def test_a_collector_does_so_by_itself_and_counts_it(database: str) -> None:
    await store_aged(database, visit(1, 8), visit(2, 2))
    async with run_collector(database, retention_events_days=5) as collector:

        async def is_done() -> bool:
            rows = 'ct_retention_rows_total{place="conversion_events"}'
            return await metric(collector, rows) == 1

        await until(is_done)

        async def is_known() -> bool:
            return 2 <= await metric(collector, "ct_retention_oldest_seconds") / 86_400 < 4

        await until(is_known)
        assert await metric(collector, "ct_retention_age_seconds") < 60
        assert [row["session_id"] for row in await collector.events()] == ["s2"]


async def test_another_collector_leaves_it_for_an_hour(database: str) -> None:
    async with run_collector(database, retention_events_days=5) as collector:

        async def has_run() -> bool:
            ran = "SELECT FROM retention_progress WHERE isfinite(ran_at)"
            return bool(await fetch(database, ran))

        await until(has_run)
        assert await metric(collector, "ct_retention_age_seconds") < 60
    await execute(database, "UPDATE retention_progress SET ran_at = ran_at - interval '40 minutes'")
    [first] = await fetch(database, "SELECT ran_at FROM retention_progress")
    async with run_collector(database, retention_events_days=5) as collector:

        async def is_read() -> bool:
            return await metric(collector, "ct_retention_age_seconds") > 1_800

        await until(is_read)
    assert [first] == await fetch(database, "SELECT ran_at FROM retention_progress")


async def test_a_collector_without_ages_says_nothing_of_them(database: str) -> None:
    async with run_collector(database) as collector, collector.client.get("/metrics") as page:
        assert "ct_retention_age_seconds" not in await page.text()


@pytest.mark.parametrize("days", [{}, {"CT_RETENTION_EVENTS_DAYS": "30"}])
def test_sessions_may_not_go_before_their_events(
    days: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CT_RETENTION_SESSIONS_DAYS", "20")
    for name, value in days.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="CT_RETENTION_SESSIONS_DAYS: needs"):
        load_settings("postgresql://unused")
