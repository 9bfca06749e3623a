"""A dashboard as its users have it: a process, events that a collector stored, a browser."""

from __future__ import annotations

import asyncio
import fcntl
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, BrowserContext, Page

from local.postgres import PostgresServer
from local.processes import free_port
from local.up import System
from tests.browser import tracker_build
from tests.browser.conftest import in_shared_loop
from tests.browser.dashboard.traffic import hostile_events, usual_events
from tests.integration.facts.following import refresh_until_now
from tests.support import run_collector
from tests.system_fixtures import create_database

TOKEN = "a-token-of-the-browser-tests"
AXE = tracker_build.NODE_MODULES / "axe-core" / "axe.min.js"


@dataclass(frozen=True, slots=True)
class Served:
    """A dashboard that listens."""

    url: str
    database: str


@pytest.fixture(scope="session")
def served(postgres: PostgresServer, template: str) -> Iterator[Served]:
    """A dashboard of a shop with visitors, some of whom send what does harm elsewhere."""
    database = create_database(postgres, template, "dashboard_ct")
    asyncio.run(store(database))
    with ExitStack() as stack:
        yield serve(stack, database)


@pytest.fixture(scope="session")
def served_empty(postgres: PostgresServer, template: str) -> Iterator[Served]:
    """A dashboard of a site that has sent nothing."""
    with ExitStack() as stack:
        yield serve(stack, create_database(postgres, template, "dashboard_empty_ct"))


def serve(stack: ExitStack, database: str) -> Served:
    """The process of a dashboard, until the stack ends."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ct-")))
    port = free_port()
    System(stack, folder, database, secrets.token_hex(16)).start_dashboard(port, TOKEN)
    return Served(f"http://127.0.0.1:{port}", database)


async def store(database: str) -> None:
    """The traffic, as a collector stores it, and its facts."""
    async with run_collector(database) as collector:
        events = [*usual_events(), *hostile_events()]
        for start in range(0, len(events), 50):
            status, body = await collector.post(
                "/v1/events/batch", json={"events": events[start : start + 50]}
            )
            assert status == 200, body
            assert [one for one in body["results"] if one["status"] != "stored"] == []
    connection = await asyncpg.connect(database)
    try:
        await refresh_until_now(connection)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> str:
    """axe-core, as text: of the packages of tracker/, which are installed where they are not."""
    if not tracker_build.can_build():
        pytest.skip("no npm here to install axe-core; `apt-get install nodejs npm` gets one")
    lock = tmp_path_factory.getbasetemp().parent / f"axe-{testrun_uid}"
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not AXE.exists():
            tracker_build.install()
    return AXE.read_text(encoding="utf-8")


@in_shared_loop()
async def context(browser: Browser, served: Served) -> AsyncIterator[BrowserContext]:
    """A person's browser. No page may have an error, or want what its policy forbids."""
    context = await browser.new_context(
        base_url=served.url, viewport={"width": 1440, "height": 900}, accept_downloads=True
    )
    complaints = note_complaints(context)
    yield context
    await context.close()
    assert complaints == []


def note_complaints(context: BrowserContext) -> list[str]:
    """Grows by each error of a script, and by each that the console shows."""
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type in ("error", "warning") and "status of" not in message.text
            else None
        ),
    )
    return complaints


@in_shared_loop()
async def page(context: BrowserContext) -> Page:
    """A tab of somebody who is signed in, on the overview."""
    page = await context.new_page()
    await sign_in(page)
    return page


async def sign_in(page: Page, url: str = "") -> None:
    """Sign in, which leads to the overview."""
    await page.goto(f"{url}/login")
    await page.get_by_label("Token").fill(TOKEN)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{url}/" if url else "**/")
