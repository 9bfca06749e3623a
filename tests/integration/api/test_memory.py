"""The process does not grow while Postgres stalls."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from tests.integration.served import serving

EVENT = {"session_id": "s", "event_type": "page_view", "event_name": "Page"}


async def test_a_stalled_postgres_does_not_grow_the_process(database: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database)
    settings = {"CT_DATABASE_TIMEOUT_SECONDS": "60", "CT_QUEUE_MAX_EVENTS": "500"}
    with serving(database, tmp_path, **settings) as served:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as client:
            async with connection.transaction():
                await connection.execute("LOCK TABLE conversion_events IN EXCLUSIVE MODE")
                waiting = [asyncio.create_task(post(client, served.url)) for _ in range(500)]
                await until_queued(client, served.url, 500)
                full_kb = memory_kb(served.process)
                refused = [await post_some(client, served.url) for _ in range(60)]
                assert {status for statuses in refused for status in statuses} == {503}
                assert memory_kb(served.process) - full_kb < 20_000
            assert await asyncio.gather(*waiting) == [200] * 500
    await connection.close()


async def until_queued(client: aiohttp.ClientSession, url: str, events: int) -> None:
    """Wait until so many events are held, none of them stored."""
    async with asyncio.timeout(60):
        while True:
            async with client.get(url + "/metrics") as answer:
                if f"ct_queue_events {events}.0" in (await answer.text()).splitlines():
                    return
            await asyncio.sleep(0.05)


def memory_kb(process: subprocess.Popen[bytes]) -> int:
    """The resident memory of a process."""
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(process.pid)]))


async def post_some(client: aiohttp.ClientSession, url: str) -> list[int]:
    return await asyncio.gather(*(post(client, url) for _ in range(50)))


async def post(client: aiohttp.ClientSession, url: str) -> int:
    """Send an event with 10 KB of metadata; the answer's status."""
    event: dict[str, Any] = {**EVENT, "metadata": {"text": "x" * 10_000}}
    async with client.post(url + "/v1/events/track", json=event) as answer:
        await answer.read()
        return answer.status
