"""Connections that only read, of reports alone: nothing that reads may delay an event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from collector.postgres.sessions import Connection
from collector.settings import Settings

CONNECT_SECONDS = 10.0


def server_settings(settings: Settings) -> dict[str, str]:
    """What holds in each session: it reads only, and not longer than a report may take."""
    return {
        "application_name": "conversion-tracking reports",
        "default_transaction_read_only": "on",
        "statement_timeout": str(round(settings.reports_timeout_seconds * 1000)),
        # A plan of reports costs enough for JIT to start, which then takes longer than they do.
        "jit": "off",
        # Without it, the visitors of a month are sorted on disk.
        "work_mem": "64MB",
    }


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Connection]:
    """A connection of its own. Raises what asyncpg.connect raises."""
    connection = await asyncpg.connect(
        settings.reports_url,
        timeout=CONNECT_SECONDS,
        server_settings=server_settings(settings),
    )
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def open_pool(settings: Settings) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    """A pool for as long as the block runs; a connection is made when one is needed."""
    pool = asyncpg.create_pool(
        settings.reports_url,
        min_size=0,
        max_size=settings.reports_pool_size,
        timeout=CONNECT_SECONDS,
        server_settings=server_settings(settings),
    )
    try:
        yield await pool
    finally:
        pool.terminate()
