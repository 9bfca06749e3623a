"""Bring the database's schema up to date: db/migrations, each file once, in order."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from collector.errors import OperatorError
from collector.postgres.hosts import Hosts
from collector.postgres.store import UnfitDatabase, refuse_other_encoding
from collector.sql import load_query, migration_files

# Any number will do, as long as nothing else in the database locks the same.
LOCK_KEY = 7_221_407_390_117_264

LOOK_AGAIN_SECONDS = 0.2

# A collector that writes meanwhile locks the tables in another order than a migration may
# (deadlock), or a long report has a table that a migration would not wait for (lock_timeout).
IN_THE_WAY = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
TRIES = 30

# The line between the steps of a migration.
NEXT_STEP = "-- next step\n"

# A server that starts, or recovers, may let wait.
CONNECT_SECONDS = 60.0


class MigrationError(OperatorError):
    """The schema cannot be brought up to date. The message says which file, and why."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step forward."""

    version: int
    name: str
    sql: str

    @property
    def steps(self) -> list[str]:
        """All but the last are a statement each that runs in no transaction, and may run again.

        As CREATE INDEX CONCURRENTLY, which locks no table while it reads it.
        """
        return self.sql.split(NEXT_STEP)

    @property
    def checksum(self) -> str:
        """Of the text, to notice a file that was changed after it had been applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(files: Iterable[Path]) -> list[Migration]:
    """Files named NNNN_what_it_does.sql, as migrations.

    Raises ValueError for another name, OSError where a file cannot be read.
    """
    return [Migration(int(f.name[:4]), f.stem, f.read_text(encoding="utf-8")) for f in files]


async def migrate(database_url: str, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what has not been applied yet; returns the names, in order.

    Safe to run twice, and from two processes at once: an advisory lock lets one
    run and the others wait. Each migration, or the last step of one that has steps, is a
    transaction of its own.
    Raises MigrationError.
    """
    async with one_at_a_time(database_url), connected(database_url) as connection:
        await connection.execute(load_query("create_migrations"))
        return await apply_missing(connection, migrations or load_migrations(migration_files()))


@asynccontextmanager
async def one_at_a_time(database_url: str) -> AsyncIterator[None]:
    """While a transaction of another connection holds the lock. Raises MigrationError.

    Behind a pooler a session has no locks of its own: the lock would go on to others. The
    transaction keeps no snapshot, for which CREATE INDEX CONCURRENTLY would wait.
    """
    async with (
        connected(database_url) as connection,
        connection.transaction(isolation="read_committed"),
    ):
        while not await take_lock(connection):  # noqa: ASYNC110  # another process's lock
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        yield


async def take_lock(connection: Any) -> bool:
    """Whether the lock is to be had. Raises what asyncpg raises."""
    locked = bool(await connection.fetchval(load_query("lock_migrations"), LOCK_KEY))
    await connection.execute(load_query("keep_migrations_lock"))
    return locked


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[Any]:
    """A connection for as long as the block runs. Raises MigrationError."""
    connection = await connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def connect(database_url: str) -> Any:
    """A connection. Raises MigrationError where there is none to be had, or of no use here."""
    try:
        # Behind a pooler a statement that is prepared is not there for the next transaction.
        connection = await Hosts().connect(
            database_url, timeout=CONNECT_SECONDS, statement_cache_size=0
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"cannot use the database of CT_DATABASE_URL: {error}") from error
    try:
        refuse_other_encoding(connection)
    except UnfitDatabase as error:
        await connection.close()
        raise MigrationError(str(error)) from error
    return connection


async def apply_missing(connection: Any, migrations: list[Migration]) -> list[str]:
    """Apply, in order, the migrations that the database does not have. Returns their names.

    Raises MigrationError where one fails, was changed, or is not known here.
    """
    async with connection.transaction():
        rows = await connection.fetch(load_query("list_migrations"))
    applied = {row["version"]: row["checksum"] for row in rows}
    refuse_newer_database(applied.keys() - {m.version for m in migrations})
    names = []
    for migration in migrations:
        if migration.version in applied:
            refuse_changed_file(migration, applied[migration.version])
            continue
        await apply(connection, migration)
        names.append(migration.name)
    return names


def refuse_newer_database(unknown: set[int]) -> None:
    """A database that is ahead of this program must not be touched by it.

    Raises MigrationError where there are unknown migrations.
    """
    if unknown:
        raise MigrationError(
            f"the database has migration {max(unknown)}, which this version does not know; "
            "run a version at least as new as the one that applied it"
        )


def refuse_changed_file(migration: Migration, applied_checksum: str) -> None:
    """A file that was edited after it ran describes a schema that nobody has.

    Raises MigrationError where its checksum is another one by now.
    """
    if migration.checksum != applied_checksum:
        raise MigrationError(
            f"{migration.name} was changed after it had been applied; "
            "restore the file and put the change into a new migration"
        )


async def apply(connection: Any, migration: Migration) -> None:
    """One migration, tried again where others were in its way.

    Raises MigrationError where Postgres refuses it.
    """
    try:
        for _ in range(TRIES):
            with suppress(*IN_THE_WAY):
                return await apply_once(connection, migration)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)  # for those who waited behind it
        await apply_once(connection, migration)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name} failed: {error}") from error


async def apply_once(connection: Any, migration: Migration) -> None:
    """One migration; its last step and the note that it ran are one transaction."""
    *before, last = migration.steps
    for step in before:
        await connection.execute(step)
    async with connection.transaction():
        await connection.execute(last)
        await connection.execute(
            load_query("record_migration"),
            migration.version,
            migration.name,
            migration.checksum,
        )
