"""A dashboard, and one whose browser is signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from local.postgres import PostgresServer, database_url
from tests.integration.dashboard.dashboard import Dashboard, run_dashboard


@pytest.fixture
async def dashboard(database: str) -> AsyncIterator[Dashboard]:
    """A dashboard, and a browser that nobody has signed in with."""
    async with run_dashboard(database) as running:
        yield running


@pytest.fixture
async def browser(dashboard: Dashboard) -> Dashboard:
    """The same, signed in."""
    await dashboard.log_in()
    return dashboard


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """A database without any of our tables."""
    return database_url(postgres)
