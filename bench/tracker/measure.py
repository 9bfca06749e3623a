"""Loading pages in Chromium, with a processor four times slower."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, async_playwright

from bench.errors import BenchError
from bench.tracker.site import PLAUSIBLE, TAGS, make_site
from bench.tracker.trace import CATEGORIES, script_milliseconds

SLOWDOWN = 4
DEADLINE_SECONDS = 30.0
# After the event has arrived: the answer, and what is done then.
AFTER_MILLISECONDS = 500

Figures = dict[str, list[float]]


async def measure(rounds: int, against: Path | None = None) -> Figures:
    """Script work of each page in milliseconds, in turns; a round before is not counted.

    With `against`, another checkout, its script is among them.

    Raises BenchError where the other tracker or Chromium is missing, or no event arrives.
    """
    if not PLAUSIBLE.exists():
        raise BenchError(f"{PLAUSIBLE} is missing: npm ci, in tracker/")
    names = [name for name in TAGS if against or name != "before"]
    figures: Figures = {name: [] for name in names}
    received: asyncio.Queue[str] = asyncio.Queue()
    async with run_site(received, against) as url, run_chromium() as browser:
        for number in range(rounds + 1):
            for name in names:
                spent = await load(browser, f"{url}/page/{name}", received, tracked=name != "none")
                if number:
                    figures[name].append(spent)
    return figures


@asynccontextmanager
async def run_site(received: asyncio.Queue[str], against: Path | None) -> AsyncIterator[str]:
    """The site of make_site on a free port; its address."""
    runner = web.AppRunner(make_site(received, against))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@asynccontextmanager
async def run_chromium() -> AsyncIterator[Browser]:
    """Headless Chromium. Raises BenchError where there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        raise BenchError("there is no Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        await browser.close()


async def load(browser: Browser, url: str, received: asyncio.Queue[str], *, tracked: bool) -> float:
    """Script work of one visit, until its event was answered. Raises BenchError where none is."""
    context = await browser.new_context()
    page = await context.new_page()
    protocol = await context.new_cdp_session(page)
    await protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    await browser.start_tracing(page=page, categories=CATEGORIES)
    await page.goto(url)
    try:
        if tracked:
            await asyncio.wait_for(received.get(), DEADLINE_SECONDS)
    except TimeoutError:
        raise BenchError(f"no event of {url} arrived") from None
    await page.wait_for_timeout(AFTER_MILLISECONDS)
    trace = json.loads(await browser.stop_tracing())
    await context.close()
    return script_milliseconds(trace["traceEvents"], url)
