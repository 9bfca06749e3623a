"""What the tests of the facts share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from collector.postgres.sessions import Connection


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """A connection to the test's database; nothing is prepared, as behind a pooler."""
    connection = await asyncpg.connect(database, statement_cache_size=0)
    yield connection
    await connection.close()
