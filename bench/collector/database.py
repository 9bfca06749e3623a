"""The benchmark's Postgres: a server of its own, with its defaults, and a database a design."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg

from bench.errors import BenchError
from collector.postgres.migrate import migrate
from local.postgres import PostgresServer, database_url

BENCH = Path(__file__).parent.parent
SPEC_SCHEMA = BENCH / "spec_design" / "schema.sql"


@cache
def load_query(name: str) -> str:
    """The text of bench/queries/NAME.sql."""
    return (BENCH / "queries" / f"{name}.sql").read_text(encoding="utf-8")


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Any]:
    """A connection of one's own."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def create_collector_database(server: PostgresServer, name: str) -> str:
    """A migrated database. Returns its URL."""
    url = create_empty_database(server, name)
    asyncio.run(migrate(url))
    return url


def create_spec_database(server: PostgresServer, name: str) -> str:
    """A database with the original's tables (docs/contract.md). Returns its URL."""
    url = create_empty_database(server, name)
    asyncio.run(execute(url, SPEC_SCHEMA.read_text(encoding="utf-8")))
    return url


def create_empty_database(server: PostgresServer, name: str) -> str:
    """A database without tables. Returns its URL."""
    asyncio.run(execute(database_url(server), f"CREATE DATABASE {name}"))
    return database_url(server, name)


async def execute(url: str, statements: str) -> None:
    """Run statements on a connection of their own."""
    async with connect(url) as connection:
        await connection.execute(statements)


def begin_round(url: str, keep_rows: bool) -> datetime:
    """Bring the tables into the state in which each round begins. Returns Postgres's time."""

    async def begin() -> datetime:
        async with connect(url) as connection:
            if not keep_rows:
                await connection.execute(load_query("empty_tables"))
            await connection.execute(load_query("checkpoint"))
            at: datetime = await connection.fetchval(load_query("current_time"))
            return at

    return asyncio.run(begin())


def count_events_since(url: str, start: datetime) -> int:
    """How many events were stored since a round began."""

    async def count() -> int:
        async with connect(url) as connection:
            stored: int = await connection.fetchval(load_query("count_events_since"), start)
            return stored

    return asyncio.run(count())


def refuse_fast_commits(server: PostgresServer) -> dict[str, str]:
    """The settings that make a commit safe. Raises BenchError where one is off."""

    async def read() -> dict[str, str]:
        async with connect(database_url(server)) as connection:
            return dict(await connection.fetchrow(load_query("durability")))

    settings = asyncio.run(read())
    if set(settings.values()) != {"on"}:
        raise BenchError(f"commits must be safe for a fair comparison, but: {settings}")
    return settings
