"""How long the dashboard's pages take over HTTP; the overview is a browser's first view."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from bench.errors import BenchError
from bench.report import Report
from bench.reports.answers import Times
from bench.reports.history import History
from collector.dashboard.asking import KEEP_SECONDS
from collector.dashboard.pages import PAGES
from local.processes import accepts_connections, free_port, start_child, stop_child, wait_until

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")
DAYS = 30
PATHS = {page.name: page.path for page in PAGES.values() if page.menu}
COMPARED = "_compared"
VIEW_NAMES = [*PATHS, f"{next(iter(PATHS))}{COMPARED}"]
# A little longer than the dashboard keeps an answer: what it kept would be no measure.
PAUSE_SECONDS = KEEP_SECONDS + 0.5


def measure_views(history: History, names: Sequence[str], rounds: int, report: Report) -> Times:
    """Each of these views once a round; a round before is not counted."""
    with (
        TemporaryDirectory(prefix="ct-bench-") as folder,
        run_dashboard(history.url, Path(folder)) as (url, token),
    ):
        return asyncio.run(time_views(url, token, addresses(history, names), rounds, report))


@contextmanager
def run_dashboard(database: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The dashboard as a process of its own. Yields its address and a token."""
    port, token = free_port(), secrets.token_urlsafe()
    settings = {
        "CT_DATABASE_URL": database,
        "CT_DASHBOARD_PORT": str(port),
        "CT_DASHBOARD_TOKENS": f"bench:{token}",
    }
    child = start_child("dashboard", [COMMAND, "dashboard"], settings, folder)
    try:
        wait_until(lambda: accepts_connections(port), child)
        yield f"http://127.0.0.1:{port}", token
    finally:
        stop_child(child)


def addresses(history: History, names: Sequence[str]) -> dict[str, str]:
    """The addresses of views of the last 30 days.

    By dates: to the dashboard's clock the history may be old.
    """
    after = history.until.date() + timedelta(days=1)
    query = f"?from={after - timedelta(days=DAYS)}&to={after}&tz=UTC"
    return {name: address(name, query) for name in names}


def address(name: str, query: str) -> str:
    """The address of a view with a query."""
    compare = "&compare=previous" if name.endswith(COMPARED) else ""
    return f"{PATHS[name.removesuffix(COMPARED)]}{query}{compare}"


async def time_views(
    url: str, token: str, paths: Mapping[str, str], rounds: int, report: Report
) -> Times:
    """The seconds until each page is there as a whole."""
    times: Times = {name: [] for name in paths}
    jar = aiohttp.CookieJar(unsafe=True)  # it keeps none of an address without a name otherwise
    async with aiohttp.ClientSession(url, cookie_jar=jar) as client:
        await client.post("/login", data={"token": token})
        for number in range(rounds + 1):
            for name, path in paths.items():
                await asyncio.sleep(PAUSE_SECONDS)
                seconds = await time_view(client, path)
                if number:
                    times[name].append(seconds)
            report(f"pages: round {number} of {rounds}")
    return times


async def time_view(client: aiohttp.ClientSession, path: str) -> float:
    """The seconds until a page is there. Raises BenchError where it is an error's."""
    begin = time.perf_counter()
    async with client.get(path) as answer:
        text = await answer.text()
    if not answer.ok:
        raise BenchError(f"the dashboard answers {answer.status} to {path}: {text[-300:]}")
    return time.perf_counter() - begin
