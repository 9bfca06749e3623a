"""Collectors of released versions, on schemas that later versions have migrated.

During an upgrade, and after going back from one, they write to the newest schema
(docs/upgrading.md). What they ask of Postgres is kept in tests/released.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest

from collector.event import FunnelStage
from collector.event_row import EventRow, join_rows
from collector.postgres.migrate import Migration, load_migrations, migrate
from collector.postgres.store import prepare_connection
from collector.sql import migration_files
from local.postgres import PostgresServer, database_url
from tests.commands import run
from tests.integration.served import serving
from tests.support import Rows, execute, fetch, metric, run_collector
from tests.unit.events import event_row
from tests.waiting import eventually, until
from tools.released import Release, read_releases

RELEASES = read_releases()
MIGRATIONS = load_migrations(migration_files())

# What a later version may do to the schema while older collectors write: each kind of step that
# tests/unit/postgres/test_expand_only.py lets through.
EXPANDING = """
ALTER TABLE conversion_events ADD COLUMN later TEXT;
ALTER TABLE conversion_events ADD COLUMN later_known TEXT NOT NULL DEFAULT 'x';
ALTER TABLE conversion_funnel ADD COLUMN later INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counted_orders ADD COLUMN later JSONB;
CREATE TABLE later (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, of_event UUID NOT NULL);
CREATE INDEX conversion_events_later ON conversion_events (later) WHERE later IS NOT NULL;
CREATE FUNCTION note_later() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN INSERT INTO later (of_event) VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER note_later AFTER INSERT ON conversion_events
    FOR EACH ROW EXECUTE FUNCTION note_later();
"""
KEYS = 15  # the migration that changes keys
LATER = Migration(9_999, "9999_later", EXPANDING)

# What a collector writes events to, each with the key that its rows are compared by.
TABLES = {
    "conversion_events": "id",
    "conversion_funnel": "session_id",
    "counted_orders": "order_key",
}
# When a row was written, and nothing else, differs from run to run.
CLOCKS = {"created_at", "updated_at", "id"}


@pytest.fixture
async def newer(database: str) -> str:
    """A database that a later version has migrated."""
    await migrate(database, [*MIGRATIONS, LATER])
    return database


@pytest.fixture(params=RELEASES, ids=lambda release: release.version)
def release(request: pytest.FixtureRequest) -> Release:
    """Each version that was released."""
    found: Release = request.param
    return found


@pytest.fixture
async def own(postgres: PostgresServer, release: Release) -> AsyncIterator[str]:
    """A database as the release has migrated it."""
    await execute(database_url(postgres), "CREATE DATABASE released_ct")
    url = database_url(postgres, "released_ct")
    await migrate(url, MIGRATIONS[: release.schema])
    yield url
    await execute(database_url(postgres), "DROP DATABASE released_ct WITH (FORCE)")


def some_rows(chosen: random.Random) -> list[EventRow]:
    """Events of few sessions, orders and stages, in any order, some of them twice."""
    rows = [some_row(chosen, number) for number in range(1, 301)]
    return [*rows, *chosen.choices(rows, k=30)]


def some_row(chosen: random.Random, number: int) -> EventRow:
    """One of them."""
    fields: dict[str, Any] = {
        "session_id": f"s{chosen.randrange(40)}",
        "visitor_id": chosen.choice([None, "v1", "v2"]),
        "user_id": chosen.choice([None, UUID(int=7)]),
        "funnel_stage": chosen.choice([None, *FunnelStage]),
        "converted": chosen.random() < 0.3,
        "is_bot": chosen.random() < 0.1,
        "order_id": chosen.choice([None, None, f"R{chosen.randrange(20)}"]),
        "conversion_value": chosen.choice([None, 10, 29]),
        "currency": chosen.choice(["EUR", "USD"]),
        "page_url": chosen.choice([None, "https://www.example.com/"]),
        "utm_source": chosen.choice([None, "google"]),
    }
    return event_row(number, chosen.randrange(60), **fields)


async def write(url: str, release: Release, rows: Sequence[EventRow]) -> None:
    """Store rows by the statement of a release, in batches, as its collector did."""
    connection = await asyncpg.connect(url)
    try:
        await prepare_connection(connection)
        for start in range(0, len(rows), 25):
            batch = {row.id: row for row in rows[start : start + 25]}
            statement = release.statements["queries/insert_events"]
            await connection.fetch(statement, join_rows(batch.values()))
    finally:
        await connection.close()


async def columns_of(url: str, table: str) -> list[str]:
    """A table's columns, but for those that hold when a row was written."""
    rows = await fetch(
        url, "SELECT column_name FROM information_schema.columns WHERE table_name = $1", table
    )
    return sorted({row["column_name"] for row in rows} - (CLOCKS - {TABLES[table]}))


async def contents(url: str, table: str, columns: Sequence[str]) -> Rows:
    """All rows of a table."""
    return await fetch(url, f"SELECT {', '.join(columns)} FROM {table} ORDER BY {TABLES[table]}")


def test_at_least_one_version_is_kept() -> None:
    assert RELEASES
    assert all("queries/insert_events" in release.statements for release in RELEASES)
    assert all(release.schema <= len(MIGRATIONS) for release in RELEASES)


async def unknown_statements(url: str, release: Release) -> list[str]:
    """Names of the release's statements that this database does not understand, and why."""
    connection = await asyncpg.connect(url)
    wrong = []
    for name, text in release.statements.items():
        try:
            await connection.prepare(text)
        except asyncpg.PostgresError as error:
            wrong.append(f"{name}: {error}")
    await connection.close()
    return wrong


async def test_each_statement_of_a_release_is_understood(newer: str, release: Release) -> None:
    assert await unknown_statements(newer, release) == []


async def test_what_takes_something_away_is_noticed(newer: str) -> None:
    await execute(newer, "ALTER TABLE conversion_events DROP COLUMN gpc CASCADE")
    wrong = await unknown_statements(newer, RELEASES[-1])
    assert "queries/insert_events" in {line.partition(":")[0] for line in wrong}


async def test_a_release_writes_on_the_newest_schema_what_it_wrote_on_its_own(
    own: str, newer: str, release: Release
) -> None:
    rows = some_rows(random.Random(15))
    for url in (own, newer):
        await write(url, release, rows)
    for table in TABLES:
        columns = await columns_of(own, table)
        expected = await contents(own, table, columns)
        assert len(expected) > 10
        assert await contents(newer, table, columns) == expected
    assert len(await fetch(newer, "SELECT FROM later")) == 300


async def test_a_collector_starts_and_serves_on_a_schema_that_it_does_not_know(newer: str) -> None:
    async with run_collector(newer, facts_seconds=0.1, retention_events_days=30) as collector:
        assert [(await collector.track(event_name=name))[0] for name in "abc"] == [200] * 3
        async with collector.client.get("/readyz") as answer:
            ready = await answer.json()
            assert (answer.status, ready["warnings"]) == (200, [])

        async def facts_follow() -> bool:
            return len(await fetch(newer, "SELECT FROM session_facts")) == 1

        await until(facts_follow)
        assert await metric(collector, 'ct_background_restarts_total{task="facts"}') == 0
        assert len(await collector.events()) == 3


async def test_what_a_release_looks_for_by_an_event_s_id_has_an_index(
    newer: str, release: Release
) -> None:
    connection = await asyncpg.connect(newer)
    await connection.execute("SET enable_seqscan = off")  # the table is empty
    plan = await connection.fetch(
        f"EXPLAIN {release.statements['queries/stored_ids']}", [UUID(int=1)]
    )
    await connection.close()
    assert "Index Cond: (id = ANY" in "".join(line for (line,) in plan)


async def test_a_migration_beside_a_collector_that_writes_fails_no_event(database: str) -> None:
    await write_beside(database, [*MIGRATIONS, LATER], [LATER.name])
    assert len(await fetch(database, "SELECT FROM later")) >= 50


async def test_keys_are_changed_beside_a_collector_that_writes(own: str, release: Release) -> None:
    # What this version writes to besides comes first: without it all its events wait on disk.
    await migrate(own, [*MIGRATIONS[: release.schema], *MIGRATIONS[KEYS:]])
    later = [migration.name for migration in MIGRATIONS[release.schema : KEYS]]
    await write_beside(own, MIGRATIONS, later)


async def write_beside(database: str, migrations: list[Migration], missing: list[str]) -> None:
    """Migrate while a collector stores events, and hold that each is stored and answered so."""
    async with run_collector(database) as collector:
        statuses: list[int] = []
        is_over = asyncio.Event()

        async def send_until_over(client: int) -> None:
            while not is_over.is_set():
                statuses.append((await collector.track(session_id=f"s{client}"))[0])

        clients = [asyncio.create_task(send_until_over(number)) for number in range(8)]
        await eventually(lambda: len(statuses) > 50)
        assert await migrate(database, migrations) == missing
        sent = len(statuses)
        await eventually(lambda: len(statuses) > sent + 50)
        is_over.set()
        await asyncio.gather(*clients)
        assert set(statuses) == {200}
        assert len(await collector.events()) == len(statuses)


async def test_its_process_leaves_that_schema_alone(newer: str, tmp_path: Path) -> None:
    with serving(newer, tmp_path) as served:
        async with aiohttp.ClientSession(served.url) as client:
            body = {"session_id": "s", "event_type": "page_view", "event_name": "Page"}
            async with client.post("/v1/events/track", json=body) as answer:
                assert answer.status == 200
    done: subprocess.CompletedProcess[str] = run("migrate", CT_DATABASE_URL=newer)
    assert done.returncode == 1
    assert "the database has migration 9999, which this version does not know" in done.stderr


async def test_a_collector_before_its_migrations_loses_nothing_and_says_what_to_do(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    await execute(database_url(postgres), "CREATE DATABASE behind_ct")
    url = database_url(postgres, "behind_ct")
    await migrate(url, MIGRATIONS[:12])
    said = f"the database lacks migrations of this version, from {MIGRATIONS[12].name} on: run "
    async with run_collector(url) as collector:
        assert said in caplog.text
        assert (await collector.track())[0] == 202
        assert [said in warning for warning in await warnings_of(collector)] == [True]
        await migrate(url)

        async def is_stored() -> bool:
            return len(await collector.events()) == 1

        await until(is_stored)
        assert await warnings_of(collector) == []
        assert (await collector.track())[0] == 200
    await execute(database_url(postgres), "DROP DATABASE behind_ct WITH (FORCE)")


async def warnings_of(collector: Any) -> list[str]:
    """Those of GET /readyz."""
    async with collector.client.get("/readyz") as answer:
        warnings: list[str] = (await answer.json())["warnings"]
        return warnings


async def test_a_database_that_tells_nobody_of_its_migrations_is_served(
    newer: str, caplog: pytest.LogCaptureFixture
) -> None:
    await execute(
        newer, "CREATE ROLE untold LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO untold"
    )
    await execute(newer, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO untold")
    await execute(newer, "REVOKE ALL ON schema_migrations FROM untold")
    async with run_collector(newer.replace("postgres@", "untold@", 1)) as collector:
        assert (await collector.track())[0] == 200
        assert await warnings_of(collector) == []
    assert "lacks migrations" not in caplog.text
    await execute(newer, "DROP OWNED BY untold; DROP ROLE untold")
