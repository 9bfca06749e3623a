"""The schema's migrations: twice, at once, and after a change that must not be."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import asyncpg
import pytest

from collector.postgres.migrate import MigrationError, load_migrations, migrate
from collector.sql import migration_files
from local.postgres import PostgresServer, database_url
from tests.support import execute, fetch

MIGRATIONS = load_migrations(migration_files())


@pytest.fixture
async def empty(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database without tables."""
    await execute(database_url(postgres), "CREATE DATABASE empty_ct")
    yield database_url(postgres, "empty_ct")
    await execute(database_url(postgres), "DROP DATABASE empty_ct WITH (FORCE)")


async def test_a_second_run_finds_nothing_to_do(empty: str) -> None:
    assert await migrate(empty) == [m.name for m in MIGRATIONS]
    assert await migrate(empty) == []


async def test_a_database_that_cannot_hold_every_text_is_refused(postgres: PostgresServer) -> None:
    options = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    await execute(database_url(postgres), f"CREATE DATABASE latin_ct {options}")
    with pytest.raises(MigrationError, match="has the encoding LATIN1"):
        await migrate(database_url(postgres, "latin_ct"))
    await execute(database_url(postgres), "DROP DATABASE latin_ct")


async def test_processes_that_migrate_at_once_apply_each_step_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate(empty) for _ in range(5)))
    assert sorted(applied, key=len) == [[], [], [], [], [m.name for m in MIGRATIONS]]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a INT); SELEC;",
        # It runs, but the note that it ran fails.
        "CREATE TABLE t (a INT); INSERT INTO schema_migrations VALUES (9999, 'x', 'x');",
    ],
)
async def test_a_step_that_fails_leaves_nothing_behind_and_is_named(empty: str, sql: str) -> None:
    broken = replace(MIGRATIONS[0], version=9_999, name="9999_broken", sql=sql)
    with pytest.raises(MigrationError, match="9999_broken"):
        await migrate(empty, [*MIGRATIONS, broken])
    assert await fetch(empty, "SELECT to_regclass('t') AS t") == [{"t": None}]
    assert await migrate(empty) == []


async def test_a_step_that_meets_a_deadlock_is_tried_again(empty: str) -> None:
    await migrate(empty)
    crossing = "LOCK TABLE conversion_funnel; LOCK TABLE conversion_events; CREATE TABLE t ();"
    step = replace(MIGRATIONS[0], version=9_999, name="9999_crossing", sql=crossing)
    writer = await asyncpg.connect(empty)
    try:
        # The writer never looks for a deadlock, so it is the migration that Postgres ends.
        await writer.execute("BEGIN; SET LOCAL deadlock_timeout = '1h'; LOCK conversion_events")
        migration = asyncio.create_task(migrate(empty, [*MIGRATIONS, step]))
        while not await fetch(empty, "SELECT 1 FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110  # another process's lock
            await asyncio.sleep(0.01)
        await writer.execute("LOCK TABLE conversion_funnel; COMMIT")
        assert await migration == ["9999_crossing"]
    finally:
        await writer.close()
    assert await fetch(empty, "SELECT to_regclass('t')::text AS t") == [{"t": "t"}]


async def keys_of(url: str) -> list[str]:
    """The definitions of all keys of the tables of events and funnel."""
    rows = await fetch(
        url,
        "SELECT pg_get_indexdef(indexrelid) AS key FROM pg_index WHERE indisunique AND indisvalid "
        "AND indrelid IN ('conversion_events'::regclass, 'conversion_funnel'::regclass)",
    )
    return sorted(row["key"].partition(" ON ")[2] for row in rows)


KEYS = [
    "public.conversion_events USING btree (session_id, id)",
    "public.conversion_funnel USING btree (session_id)",
]


async def test_indexes_that_an_earlier_try_left_unfinished_are_built_anew(empty: str) -> None:
    await migrate(empty, MIGRATIONS[:14])
    add = "INSERT INTO conversion_events (session_id, event_type, event_name, received_at) VALUES "
    await execute(empty, add + "('s', 'a', 'a', now()), ('s', 'a', 'a', now())")
    for table in ("conversion_events", "conversion_funnel"):
        broken = f"CREATE UNIQUE INDEX CONCURRENTLY {table}_key ON {table} "
        with suppress(asyncpg.PostgresError):  # of which the first is left, since 's' is twice
            await execute(empty, broken + "(session_id)")
    unfinished = "SELECT indexrelid::regclass::text AS i FROM pg_index WHERE NOT indisvalid"
    assert await fetch(empty, unfinished) == [{"i": "conversion_events_key"}]
    assert await migrate(empty) == [m.name for m in MIGRATIONS[14:]]
    assert await keys_of(empty) == KEYS
    assert await fetch(empty, unfinished) == []


async def test_a_step_waits_for_no_long_reader_with_all_writers_behind_it(empty: str) -> None:
    await migrate(empty, MIGRATIONS[:14])
    reader, writer = await asyncpg.connect(empty), await asyncpg.connect(empty)
    try:
        await reader.execute("BEGIN; SELECT FROM conversion_events")
        migration = asyncio.create_task(migrate(empty))
        while not await fetch(empty, "SELECT 1 FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110  # another process's lock
            await asyncio.sleep(0.01)
        async with asyncio.timeout(30):
            await writer.execute("BEGIN; LOCK conversion_events IN ROW EXCLUSIVE MODE; COMMIT")
        assert not migration.done()
        await reader.execute("COMMIT")
        assert await migration == [m.name for m in MIGRATIONS[14:]]
    finally:
        await reader.close()
        await writer.close()
    assert await keys_of(empty) == KEYS


async def test_a_file_that_was_changed_after_it_ran_is_refused(empty: str) -> None:
    await migrate(empty)
    changed = replace(MIGRATIONS[0], sql=MIGRATIONS[0].sql + "\n-- changed")
    with pytest.raises(MigrationError, match=r"0001.*changed"):
        await migrate(empty, [changed, *MIGRATIONS[1:]])


async def test_a_database_of_a_newer_version_is_left_alone(empty: str) -> None:
    newer = replace(MIGRATIONS[0], version=9_999, name="9999_newer", sql="SELECT 1")
    await migrate(empty, [*MIGRATIONS, newer])
    with pytest.raises(MigrationError, match="9999"):
        await migrate(empty)


def test_the_files_are_numbered_without_gaps_and_named() -> None:
    assert [m.version for m in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", m.name) for m in MIGRATIONS)
