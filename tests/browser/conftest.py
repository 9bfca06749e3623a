"""A real browser on pages of another origin, in front of the running system."""

from __future__ import annotations

import fcntl
import functools
import json
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from tests.browser import tracker_build
from tests.browser.background import Background, start_background
from tests.browser.flaky_proxy import FlakyProxy
from tests.browser.page_server import PageServer
from tests.browser.shared_browser import SharedBrowser
from tests.browser.stored import Stored
from tests.support import serve_app
from tests.system.running import DEMO_ORIGIN, Gateway, RunningSystem
from tests.system_fixtures import connect

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ALLOWED, FORBIDDEN = DEMO_ORIGIN, "http://stranger.example:5178"
ORIGINS = (ALLOWED, FORBIDDEN)

# The same engine without windows, which takes half the processor time; for tests that need no
# cache of pages, no tabs in the background and no settings of a profile.
HEADLESS_SHELL = shutil.which("chromium-headless-shell") or CHROMIUM

NO_CHROMIUM = "no Chromium here; `apt-get install chromium` gets one"
FLAGS = [
    "--no-sandbox",  # as root, Chromium starts only without its sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these it looks for updates, and for hosts that a closed network refuses.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

StartProfile = Callable[[Mapping[str, object]], Awaitable[BrowserContext]]

# All tests here share an event loop, since they share a browser, which belongs to one.
in_shared_loop = functools.partial(pytest_asyncio.fixture, loop_scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests run in the loop of their fixtures."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def built_package(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> None:
    """The tracker as an npm package, built once by the processes that share the tests."""
    if not tracker_build.can_build():
        pytest.skip("no npm here to build the package; `apt-get install nodejs npm` gets one")
    built = tmp_path_factory.getbasetemp().parent / f"built-package-{testrun_uid}"
    with built.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if built.stat().st_size == 0:
            tracker_build.build()
            file.write("built")


@in_shared_loop()
async def gateway(system: RunningSystem) -> AsyncIterator[Gateway]:
    """A client of the gateway, in the loop of the test."""
    async with connect(system) as client:
        yield client


@in_shared_loop()
async def proxy(system: RunningSystem) -> AsyncIterator[FlakyProxy]:
    """A network that a test can break. The gateway sees an address that only this test uses."""
    local = (system.next_address(), 0) if system.is_local else None
    connector = aiohttp.TCPConnector(local_addr=local)
    async with aiohttp.ClientSession(
        system.gateway_url, connector=connector, auto_decompress=False
    ) as gateway:
        yield FlakyProxy(gateway)


@in_shared_loop()
async def proxy_url(proxy: FlakyProxy) -> AsyncIterator[str]:
    """What the tracker takes for the gateway."""
    async with serve_app(proxy.make_app()) as url:
        yield url


@pytest.fixture
def site(proxy_url: str) -> PageServer:
    """A site whose pages are tracked, through the proxy."""
    # Playwright drives the browser; without "automation" the tracker leaves such a browser alone.
    return PageServer({"endpoint": proxy_url, "automation": "true"})


@pytest.fixture
def stored(system: RunningSystem, proxy: FlakyProxy) -> Stored:
    """What has arrived in Postgres through the proxy."""
    return Stored(system, proxy)


@pytest.fixture(scope="session")
def site_port() -> Iterator[int]:
    """Where the site of each test listens, since a browser is told it once; nobody else can."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@in_shared_loop()
async def site_url(site: PageServer, site_port: int) -> AsyncIterator[str]:
    """Where the site listens."""
    async with serve_app(site.make_app(), port=site_port) as url:
        yield url


@pytest.fixture(scope="session")
def flags(site_port: int) -> list[str]:
    """Chromium's flags, with which both origins are the site."""
    rules = [f"MAP {urlsplit(origin).netloc} 127.0.0.1:{site_port}" for origin in ORIGINS]
    return [*FLAGS, f"--host-resolver-rules={', '.join(rules)}"]


@in_shared_loop(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """The driver."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    async with async_playwright() as playwright:
        yield playwright


@in_shared_loop(scope="session")
async def shared_browser(playwright: Playwright, flags: list[str]) -> AsyncIterator[SharedBrowser]:
    """The Chromium of most tests."""
    shared = SharedBrowser(playwright, executable_path=HEADLESS_SHELL, args=flags)
    yield shared
    await shared.close()


@in_shared_loop()
async def browser(shared_browser: SharedBrowser) -> Browser:
    """Headless Chromium, which tests share; each opens contexts of its own."""
    return await shared_browser.running()


@in_shared_loop()
async def background(site_url: str, flags: list[str], tmp_path: Path) -> AsyncIterator[Background]:
    """Headless Chromium with tabs that Playwright does not know."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    async with start_background(CHROMIUM, flags, tmp_path / "profile") as background:
        yield background


@in_shared_loop()
async def context(browser: Browser, site_url: str) -> AsyncIterator[BrowserContext]:
    """A visitor: storage and cookies of one's own. No page may see an error of the tracker."""
    context = await browser.new_context()
    errors = note_errors(context)
    yield context
    await context.close()
    assert errors == []


@in_shared_loop()
async def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return await context.new_page()


@in_shared_loop()
async def start_profile(
    playwright: Playwright, flags: list[str], site_url: str, tmp_path: Path
) -> AsyncIterator[StartProfile]:
    """Starts a Chromium in whose settings a visitor has changed something."""
    async with AsyncExitStack() as stack:

        async def start(preferences: Mapping[str, object]) -> BrowserContext:
            settings = tmp_path / "Default" / "Preferences"
            settings.parent.mkdir()
            settings.write_text(json.dumps(preferences), encoding="utf-8")
            context = await playwright.chromium.launch_persistent_context(
                tmp_path, executable_path=CHROMIUM, args=flags
            )
            stack.push_async_callback(close_without_errors, context, note_errors(context))
            return context

        yield start


def note_errors(context: BrowserContext) -> list[str]:
    """Grows by each error that a page of this context does not catch."""
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    return errors


async def close_without_errors(context: BrowserContext, errors: list[str]) -> None:
    """Close; raises AssertionError where a page saw an error."""
    await context.close()
    assert errors == []
