"""What the tests of privacy share: events of some days ago, and their database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from collector.event import Event
from collector.facts.sums import sum_changed_days
from collector.postgres.sessions import Connection
from tests.integration.reports.conftest import store
from tests.support import execute
from tests.unit.events import event

# So that no visit is on two days, and none of a day is older than its noon.
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """A connection to the test's database; nothing is prepared, as behind a pooler."""
    connection = await asyncpg.connect(database, statement_cache_size=0)
    yield connection
    await connection.close()


def visit(number: int, days_ago: float, **fields: Any) -> Event:
    """An event of so many days before today's midnight, with what retention takes."""
    who = {"ip_address": "203.0.113.77", "user_agent": "A browser", "visitor_id": f"v{number}"}
    return replace(
        event(number, session_id=f"s{number}", page_url="https://example.com/"),
        received_at=TODAY - timedelta(days=days_ago),
        **{**who, **fields},
    )


async def store_aged(database: str, *events: Event) -> None:
    """Store events as if each had been stored at its receipt, with facts and sums."""
    await store(database, events)
    await execute(
        database,
        """
        BEGIN;
        SET LOCAL conversion_tracking.aging = 'on';
        UPDATE conversion_events SET created_at = received_at;
        UPDATE conversion_funnel SET created_at = first_event_at;
        COMMIT
        """,
    )
    connection = await asyncpg.connect(database, statement_cache_size=0)
    try:
        await sum_changed_days(connection)
    finally:
        await connection.close()
