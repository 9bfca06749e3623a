"""PgBouncer in transaction mode before Postgres: all works, and nothing promised is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from collector.postgres.migrate import migrate
from local.postgres import PostgresServer, database_url, pg_ctl, start_again
from tests.faults.collector_process import collector
from tests.faults.queued_system import QueuedSystem, run_queued_system
from tests.faults.sender import assert_kept, sending
from tests.integration.rejects.test_rejects import rejects, run
from tests.own_postgres import MIGRATED
from tests.pgbouncer import PROGRAM, PgBouncer, run_pgbouncer
from tests.support import execute, fetch, run_collector
from tests.waiting import eventually, until

EVENT = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}

# Notes the settings under which an event was written.
NOTE_SETTINGS = """
CREATE TABLE seen (name TEXT, value TEXT);
CREATE FUNCTION note_settings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO seen SELECT name, current_setting(name)
    FROM unnest(ARRAY['synchronous_commit', 'statement_timeout', 'TimeZone']) AS name;
    RETURN NULL;
END $$;
CREATE TRIGGER note_settings AFTER INSERT ON conversion_events
    FOR EACH STATEMENT EXECUTE FUNCTION note_settings();
"""


@pytest.fixture
def bouncer(own_postgres: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler before a Postgres of the test's own."""
    if PROGRAM is None:
        pytest.skip("PgBouncer is not installed; apt-get install pgbouncer")
    with run_pgbouncer(own_postgres) as running:
        yield running


async def test_processes_that_migrate_at_once_leave_no_lock_behind(
    own_postgres: PostgresServer, bouncer: PgBouncer
) -> None:
    direct = database_url(own_postgres)
    await execute(direct, "CREATE DATABASE empty_ct")
    pooled = bouncer.url("empty_ct")
    applied = await asyncio.gather(migrate(pooled), migrate(pooled))
    assert sorted(map(bool, applied)) == [False, True]
    assert await migrate(pooled) == []
    locks = "SELECT count(*) AS held FROM pg_locks WHERE locktype = 'advisory'"
    assert await fetch(direct, locks) == [{"held": 0}]


async def test_restarts_of_postgres_and_of_the_pooler_lose_nothing(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str, bouncer: PgBouncer
) -> None:
    with collector(tmp_path, bouncer.url(MIGRATED)) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 100)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            await sender.wait_for(202, 50)
            await asyncio.to_thread(start_again, own_postgres)
            await sender.wait_for(200, 50)
            await asyncio.to_thread(bouncer.stop)
            await sender.wait_for(202, 50)
            await asyncio.to_thread(bouncer.start)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert set(sender.answers) == {200, 202}
        assert process.metric("ct_postgres_away") == 0


async def test_batches_duplicates_and_refused_rows_are_answered_as_without_it(
    own_database: str, bouncer: PgBouncer
) -> None:
    await execute(
        own_database,
        "ALTER TABLE conversion_events ADD CONSTRAINT no_bad CHECK (event_name <> 'bad')",
    )
    ids = [f"018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f7{n}" for n in range(3)]
    events = [{**EVENT, "event_id": event_id} for event_id in ids]
    events[1]["event_name"] = "bad"
    async with run_collector(bouncer.url(MIGRATED)) as collector:
        for result in ("stored", "duplicate"):
            status, answer = await collector.post("/v1/events/batch", json={"events": events})
            assert status == 200
            assert [r["status"] for r in answer["results"]] == [result, "refused", result]
        assert (await collector.track(event_id=ids[0]))[1]["duplicate"] is True
        assert len(await fetch(own_database, "SELECT FROM conversion_events")) == 2


async def test_every_transaction_has_our_settings(
    own_postgres: PostgresServer, own_database: str, bouncer: PgBouncer
) -> None:
    await execute(own_database, NOTE_SETTINGS)
    await execute(own_database, f"ALTER DATABASE {MIGRATED} SET synchronous_commit TO off")
    async with run_collector(bouncer.url(MIGRATED), database_timeout_seconds=20) as collector:
        answers = await asyncio.gather(*(collector.track() for _ in range(30)))
    assert {status for status, _ in answers} == {200}
    seen = await fetch(own_database, "SELECT DISTINCT name, value FROM seen")
    assert {row["name"]: row["value"] for row in seen} == {
        "synchronous_commit": "on",
        "statement_timeout": "18s",
        "TimeZone": "UTC",
    }
    assert len(seen) == 3
    # And leaves them to nobody else.
    shown = await fetch(database_url(own_postgres, MIGRATED), "SHOW synchronous_commit")
    assert shown == [{"synchronous_commit": "off"}]


async def test_rejects_are_kept_listed_and_replayed(own_database: str, bouncer: PgBouncer) -> None:
    pooled = bouncer.url(MIGRATED)
    async with run_collector(pooled, rejects_repeat_seconds=0) as collector:
        for _ in range(3):
            assert (await collector.track(currency="EURO"))[0] == 422
        await rejects(collector, 3)
    for arguments in ((), ("show", "1"), ("export",)):
        result = await asyncio.to_thread(run, pooled, *arguments)
        assert (result.returncode, result.stderr) == (0, "")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    repaired = "\n".join(json.dumps({**line, "body": EVENT}) for line in lines)
    replayed = await asyncio.to_thread(run, pooled, "replay", "--file", "-", stdin=repaired)
    assert (replayed.stdout, replayed.stderr) == ("3 stored\n", "")


async def test_the_facts_follow_the_events(own_database: str, bouncer: PgBouncer) -> None:
    async with run_collector(bouncer.url(MIGRATED), facts_seconds=0.1) as collector:
        await asyncio.gather(*(collector.track(session_id=f"s{n}") for n in range(20)))
        await until(lambda: has(own_database, "session_facts", 20))
        await execute(own_database, "DELETE FROM conversion_events WHERE session_id <> 's1'")
        await until(lambda: has(own_database, "conversion_funnel", 1))
        await until(lambda: has(own_database, "session_facts", 1))
    await until(lambda: has(own_database, "pg_locks WHERE locktype = 'advisory'", 0))


@pytest.fixture
def queued(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str, bouncer: PgBouncer
) -> Iterator[QueuedSystem]:
    """The system with a queue, which knows Postgres behind the pooler; the test asks it itself."""
    with run_queued_system(tmp_path, own_postgres, bouncer.url(MIGRATED)) as system:
        yield replace(system, database=own_database)


async def test_consumers_store_what_the_queue_has_through_both_restarts(
    queued: QueuedSystem, own_postgres: PostgresServer, bouncer: PgBouncer
) -> None:
    async with queued.under_load() as sender:
        await until(lambda: has_some(queued.database))
        await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
        await sender.wait_for(202, 50)
        await eventually(lambda: postgres_is_away(queued))
        await asyncio.to_thread(start_again, own_postgres)
        await eventually(lambda: not postgres_is_away(queued))
        await asyncio.to_thread(bouncer.stop)
        await sender.wait_for(202, 50)
        await eventually(lambda: postgres_is_away(queued))
        await asyncio.to_thread(bouncer.start)
        await eventually(lambda: not postgres_is_away(queued))
    assert set(sender.answers) == {202}
    assert labelled(queued, "refused") == 0
    # Of a commit whose answer was lost with its connection, the events are duplicates later.
    stored, again = labelled(queued, "stored"), labelled(queued, "duplicate")
    assert stored <= len(sender.promised) <= stored + again


def postgres_is_away(system: QueuedSystem) -> bool:
    """Whether any consumer says so."""
    return any(process.metric("ct_consumer_postgres_away") for process in system.consumers)


def labelled(system: QueuedSystem, result: str) -> float:
    """Events that consumers have counted with this result."""
    name = "ct_consumer_events_total"
    return sum(process.labelled(name, result=result) for process in system.consumers)


async def has_some(database: str) -> bool:
    """Whether any event is stored."""
    return bool(await fetch(database, "SELECT FROM conversion_events LIMIT 1"))


async def test_what_consumers_cannot_store_is_kept_and_has_our_settings(
    queued: QueuedSystem,
) -> None:
    await execute(queued.database, NOTE_SETTINGS)
    await execute(queued.database, f"ALTER DATABASE {MIGRATED} SET synchronous_commit TO off")
    rule = "ALTER TABLE conversion_events ADD CONSTRAINT no_bad CHECK (event_name <> 'bad')"
    await execute(queued.database, rule)
    events = [{**EVENT, "event_name": name} for name in ("good", "bad", "good")]
    url = queued.collectors[0].url + "/v1/events/batch"
    async with aiohttp.ClientSession() as client, client.post(url, json={"events": events}) as sent:
        assert sent.status == 202
    await until(lambda: has(queued.database, "rejected_events", 1))
    await until(lambda: has(queued.database, "conversion_events", 2))
    seen = await fetch(queued.database, "SELECT DISTINCT value FROM seen WHERE name LIKE 'sync%'")
    assert seen == [{"value": "on"}]


async def has(database: str, table: str, count: int) -> bool:
    """Whether a table has so many rows."""
    return len(await fetch(database, f"SELECT FROM {table}")) == count
