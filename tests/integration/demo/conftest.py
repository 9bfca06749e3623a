"""The demo site on a free port, before the test's own database."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from local.demo.app import DemoSettings, make_app
from tests.support import serve_app

GATEWAY = "http://127.0.0.1:8000"


@pytest.fixture
async def demo(database: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the demo."""
    settings = DemoSettings(GATEWAY, database)
    async with serve_app(make_app(settings)) as url, aiohttp.ClientSession(url) as client:
        yield client
