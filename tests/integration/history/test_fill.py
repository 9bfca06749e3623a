"""Made-up traffic is what a collector would have stored, and the same at every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import asyncpg
import pytest

from local.history.fill import HistoryError, fill_history
from local.history.traffic import Line, Traffic
from tests.integration.facts.following import assert_all_follows, refresh_until_now

UNTIL = datetime(2026, 11, 28, 18, tzinfo=UTC)


def make_traffic() -> Traffic:
    return Traffic(events=4_000, days=10, until=UNTIL)


@pytest.fixture(scope="module")
def days() -> list[list[Line]]:
    return list(make_traffic().walk_days())


async def fill(database: str) -> int:
    said: list[str] = []
    events = await fill_history(database, make_traffic(), said.append)
    assert said[9] == f"day 10 of 10, {events:,} events"
    return events


async def test_funnel_orders_and_facts_are_what_the_events_say(database: str) -> None:
    events = await fill(database)
    connection = await asyncpg.connect(database, statement_cache_size=0)
    try:
        assert await connection.fetchval("SELECT count(*) FROM conversion_events") == events
        await assert_all_follows(connection)
        assert await connection.fetchval("SELECT count(*) FROM counted_orders") > 0
        assert await connection.fetchval("SELECT count(*) FROM summed_days") > 0
        await refresh_until_now(connection)  # a collector goes on from here
        await assert_all_follows(connection)
    finally:
        await connection.close()


async def test_a_database_that_holds_events_is_left_alone(database: str) -> None:
    await fill(database)
    with pytest.raises(HistoryError, match="holds events already"):
        await fill(database)


async def test_old_traffic_is_made_anew(database: str) -> None:
    await fill(database)
    said: list[str] = []
    later = Traffic(events=4_000, days=10, until=UNTIL + timedelta(days=3))
    with pytest.raises(HistoryError, match="holds events already"):
        await fill_history(database, later, said.append, renew_before=UNTIL - timedelta(days=1))
    events = await fill_history(database, later, said.append, renew_before=UNTIL)
    assert said[0] == "what is there ends on 2026-11-28: it is made anew"
    connection = await asyncpg.connect(database, statement_cache_size=0)
    try:
        assert await connection.fetchval("SELECT count(*) FROM conversion_events") == events
        newest = await connection.fetchval("SELECT max(created_at) FROM conversion_events")
        assert newest > UNTIL + timedelta(days=2)
        await assert_all_follows(connection)
    finally:
        await connection.close()


async def test_a_history_that_is_broken_off_leaves_nothing(database: str) -> None:
    def say(line: str) -> None:
        if "facts" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await fill_history(database, make_traffic(), say)
    assert await fill(database) > 0


def test_the_same_seed_gives_the_same_events_and_another_gives_others(
    days: list[list[Line]],
) -> None:
    assert list(make_traffic().walk_days()) == days
    assert list(Traffic(4_000, 10, UNTIL, seed=2).walk_days()) != days


def test_each_day_is_in_the_order_in_which_it_is_stored_and_nothing_is_of_the_future(
    days: list[list[Line]],
) -> None:
    stored = [[at_ms for at_ms, _, _ in lines] for lines in days]
    assert all(before <= after for times in stored for before, after in pairwise(times))
    assert max(map(max, stored)) < UNTIL.timestamp() * 1000
    assert min(map(min, stored)) >= (UNTIL - timedelta(days=10)).timestamp() * 1000


async def test_the_traffic_has_the_shares_of_real_traffic(database: str) -> None:
    events = await fill(database)
    assert 0.8 * 4_000 < events < 1.2 * 4_000
    connection = await asyncpg.connect(database)
    try:
        shares = await connection.fetchrow(
            """
            SELECT avg(is_bot::int)::float AS bots,
                avg(converted::int) FILTER (WHERE NOT is_bot)::float AS converting,
                avg((late_events > 0)::int)::float AS late,
                max(events) AS most_events,
                count(DISTINCT visitor_id)::float / count(*) AS visitors
            FROM session_facts
            """
        )
    finally:
        await connection.close()
    assert 0.10 < shares["bots"] < 0.20
    assert 0.004 < shares["converting"] < 0.06
    assert 0.005 < shares["late"] < 0.04
    assert 20 < shares["most_events"] <= 60
    assert 0.3 < shares["visitors"] < 0.8
