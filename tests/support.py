"""What tests share beside fixtures: a collector over HTTP, and reading the rows."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web

from collector.api.answers import Reply, response_of
from collector.api.app import make_app
from collector.api.asked import Asked, Endpoint
from collector.api.errors import error_response
from collector.api.keys import ENDPOINTS, METRICS
from collector.errors import CollectorError
from collector.serving.serve import Bounds, bounds_of, make_runner, set_up_server
from collector.settings import Settings
from tests.described import Described

SECRET = "a secret of the tests"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)

Rows = list[dict[str, Any]]


async def execute(url: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def empty_tables(url: str) -> None:
    """What the collector has stored is gone."""
    await execute(
        url,
        "TRUNCATE conversion_events, conversion_funnel, counted_orders, session_facts, "
        "stale_sessions, changed_events",
    )


async def fetch(url: str, query: str, *arguments: object) -> Rows:
    """The rows of a query as dicts, JSON columns as text."""
    connection = await asyncpg.connect(url)
    try:
        return [dict(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


@dataclass(frozen=True)
class Collector:
    """A collector that listens, and a client to it that looks like a browser."""

    url: str
    database: str
    client: aiohttp.ClientSession

    async def track(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        """POST /v1/events/track with these fields over those of a least event."""
        body = {"session_id": "s1", "event_type": "page_view", "event_name": "Page", **fields}
        return await self.post("/v1/events/track", json=body)

    async def funnel(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        """POST /v1/events/funnel."""
        return await self.post("/v1/events/funnel", json={"session_id": "s1", **fields})

    async def post(self, path: str, **request: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer to any POST."""
        async with self.client.post(path, **request) as answer:
            return answer.status, await answer.json()

    async def events(self) -> Rows:
        """The stored events, in the order of their receipt."""
        return await fetch(self.database, "SELECT * FROM conversion_events ORDER BY created_at, id")

    async def funnels(self) -> Rows:
        """The funnel, by session."""
        return await fetch(self.database, "SELECT * FROM conversion_funnel ORDER BY session_id")


@asynccontextmanager
async def run_collector(database: str, **settings: Any) -> AsyncIterator[Collector]:
    """A collector on a free port, in this process, over real HTTP.

    Each of its answers must stand in its OpenAPI document.
    """
    with tempfile.TemporaryDirectory(prefix="ct-spool-") as folder:
        given = {"database_url": database, "spool_dir": Path(folder), **settings}
        ours = Settings(**given)
        app = make_app(ours)
        described = Described(ours.script_path)
        app.on_response_prepare.append(described.note)
        app[ENDPOINTS] = {path: noted(ask, described) for path, ask in app[ENDPOINTS].items()}
        bounds = replace(bounds_of(ours, app[METRICS]), shutdown_seconds=4)
        async with (
            serve_app(app, bounds) as url,
            aiohttp.ClientSession(url, headers={"User-Agent": CHROME}) as client,
        ):
            yield Collector(url, database, client)
        assert described.wrong == []


def noted(endpoint: Endpoint, described: Described) -> Endpoint:
    """An endpoint whose answers are looked at, for those that aiohttp's application never sees."""

    async def ask(request: Asked) -> Reply:
        try:
            reply = await endpoint(request)
        except CollectorError as error:
            described.note_answer(request, error_response(error))
            raise
        described.note_answer(request, response_of(reply))
        return reply

    return ask


@asynccontextmanager
async def serve_app(
    app: web.Application, bounds: Bounds | None = None, port: int = 0
) -> AsyncIterator[str]:
    """An application, the collector's or a test's own, on a free port, and its address.

    Or on a port that somebody reserves with SO_REUSEPORT.
    """
    if bounds:
        runner = make_runner(app, bounds)
        await runner.setup()
        set_up_server(runner, bounds)
    else:
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=3)
        await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, reuse_port=port != 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def run_collector_without_postgres(folder: Path) -> AsyncIterator[Collector]:
    """A collector whose Postgres is away, and whose spool has room for a few events."""
    nowhere = f"postgresql://postgres@/postgres?host={folder}"
    async with run_collector(nowhere, spool_max_bytes=1_048_576) as collector:
        yield collector


async def fill_spool(collector: Collector) -> None:
    """Send events to a collector without Postgres until it can take no more."""
    while (await collector.track(metadata={"x": "x" * 100_000}))[0] == 202:
        pass


async def metric(collector: Collector, sample: str) -> float:
    """The value of a sample of GET /metrics, such as `ct_events_total{result="stored"}`."""
    async with collector.client.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    values = [line.rpartition(" ")[2] for line in lines if line.rpartition(" ")[0] == sample]
    return float(values[0]) if values else 0.0
