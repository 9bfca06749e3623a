"""Facts that follow the events by themselves, beside the collector's other work."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from collector.background import run_in_background
from collector.facts.keeper import (
    BUSY_SHARE,
    CATCHING_UP_SHARE,
    Freshness,
    keep_facts,
    pause_after,
    step,
)
from collector.postgres.sessions import own_connection
from collector.sql import load_query
from local.postgres import PostgresServer, pg_ctl, start_again
from tests.support import execute, fetch, metric, run_collector
from tests.waiting import SECONDS, until

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGE = "ct_facts_age_seconds"


async def sessions(database: str) -> list[str]:
    """The sessions that have facts."""
    rows = await fetch(database, "SELECT session_id FROM session_facts ORDER BY 1")
    return [row["session_id"] for row in rows]


async def store_event(database: str, session: str) -> None:
    await execute(
        database,
        "INSERT INTO conversion_events (session_id, event_type, event_name, received_at) "
        f"VALUES ('{session}', 'page_view', 'Page', now())",
    )


async def test_a_collector_keeps_the_facts_and_says_how_far_they_are(database: str) -> None:
    async with run_collector(database, facts_seconds=0.1) as collector:
        await collector.track(session_id="s1")

        await until(lambda: have(database, ["s1"]))
        assert 0 < await metric(collector, AGE) < SECONDS


async def test_a_collector_that_keeps_none_says_nothing_of_them(database: str) -> None:
    async with run_collector(database, facts_seconds=0) as collector:
        async with collector.client.get("/metrics") as page:
            assert AGE not in await page.text()
        async with collector.client.get("/readyz") as ready:
            assert "facts" not in await ready.text()


async def test_the_facts_go_on_after_a_restart_of_postgres_which_is_one_line_in_the_log(
    own_postgres: PostgresServer, own_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "collector.facts")
    freshness = Freshness(NOON)
    async with run_in_background(keep_facts(own_database, 0.1, freshness)):
        await store_event(own_database, "before")
        await until(lambda: have(own_database, ["before"]))
        await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
        await until(lambda: logged(caplog))
        await asyncio.to_thread(start_again, own_postgres)
        await store_event(own_database, "after")
        await until(lambda: have(own_database, ["after", "before"]))
    assert len(caplog.records) == 1
    assert freshness.complete_until > NOON


async def have(database: str, expected: list[str]) -> bool:
    return await sessions(database) == expected


async def logged(caplog: pytest.LogCaptureFixture) -> bool:
    return bool(caplog.records)


async def test_one_of_several_works_and_the_others_know_how_far_it_is(database: str) -> None:
    await store_event(database, "s1")
    until_then = NOON + timedelta(minutes=1)
    other = await asyncpg.connect(database)
    async with own_connection(database, "tests") as connection, other.transaction():
        await other.fetch(load_query("lock_facts"), "0")
        await execute(database, f"UPDATE facts_progress SET complete_until = '{until_then}'")
        freshness = Freshness(NOON)
        assert await step(connection, 10, freshness) == 10
        assert (freshness.complete_until, await sessions(database)) == (until_then, [])
    await other.close()


async def test_many_keepers_end_with_the_facts_complete(database: str) -> None:
    async with (
        run_in_background(keep_facts(database, 0.01, Freshness(NOON))),
        run_in_background(keep_facts(database, 0.01, Freshness(NOON))),
    ):
        for session in "abc":
            await store_event(database, session)
        await until(lambda: have(database, ["a", "b", "c"]))


def test_the_age_is_never_below_none() -> None:
    freshness = Freshness(NOON)
    assert freshness.age_seconds(NOON + timedelta(seconds=30)) == 30
    assert freshness.age_seconds(NOON - timedelta(seconds=30)) == 0


@pytest.mark.parametrize("share", [BUSY_SHARE, CATCHING_UP_SHARE])
def test_the_pause_after_work_bounds_its_share_of_the_time(share: float) -> None:
    busy = 0.4
    assert busy / (busy + pause_after(busy, share)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("ago", "share"), [("1 hour", CATCHING_UP_SHARE), ("1 minute", BUSY_SHARE)]
)
async def test_only_who_is_far_behind_may_take_half_of_the_time(
    database: str, monkeypatch: pytest.MonkeyPatch, ago: str, share: float
) -> None:
    monkeypatch.setattr("collector.facts.refresh.SLICE_EVENTS", 1)
    for minute, session in enumerate("abc"):
        await store_event(database, session)
        await execute(
            database,
            f"UPDATE conversion_events SET created_at = now() - interval '{ago} {minute} seconds' "
            f"WHERE session_id = '{session}'",
        )
    await execute(
        database, f"UPDATE facts_progress SET noted_until = now() - interval '{ago} 9 seconds'"
    )
    freshness = Freshness(NOON)
    async with own_connection(database, "tests") as connection:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        pause = await step(connection, 1_000, freshness)
        took = loop.time() - begin
    assert freshness.complete_until == NOON  # there is more to be done
    assert pause <= pause_after(took, share)
    if share == BUSY_SHARE:
        assert pause > pause_after(took, CATCHING_UP_SHARE)
