"""A real browser on a page of another origin, in front of the running system."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ALLOWED, FORBIDDEN = "http://localhost:5177", "http://stranger.example:5178"
ORIGINS = (ALLOWED, FORBIDDEN)

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


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves the pages without a line for each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


@pytest.fixture(scope="session")
def pages() -> Iterator[int]:
    """The port of a web server that serves this folder."""
    handler = functools.partial(QuietHandler, directory=str(Path(__file__).parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
async def browser(pages: int) -> AsyncIterator[Browser]:
    """Headless Chromium, to which both origins are the server of the pages."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here; `apt-get install chromium` gets one")
    rules = [f"MAP {origin.removeprefix('http://')} 127.0.0.1:{pages}" for origin in ORIGINS]
    flags = [*FLAGS, f"--host-resolver-rules={', '.join(rules)}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty tab."""
    tab = await browser.new_page()
    yield tab
    await tab.close()
