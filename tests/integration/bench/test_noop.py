"""The handler that the collector is compared with reads, and answers as much as the collector."""

from contextlib import ExitStack
from pathlib import Path

import aiohttp

from bench.collector.servers import Starter
from bench.collector.traffic import TRACK
from tests.support import Collector


async def test_it_answers_about_as_many_bytes_as_the_collector(
    tmp_path: Path, collector: Collector
) -> None:
    event = {
        "session_id": "s",
        "event_type": "page_view",
        "event_name": "Pricing | AINative Studio",
    }
    with ExitStack() as stack:
        noop = Starter(stack, tmp_path).start_noop().url
        async with aiohttp.ClientSession() as client:
            sizes = [
                await size_of_answer(client, url + TRACK, event) for url in (noop, collector.url)
            ]
    assert abs(sizes[0] - sizes[1]) < 20, sizes


async def size_of_answer(client: aiohttp.ClientSession, url: str, event: dict[str, str]) -> int:
    async with client.post(url, json=event) as answer:
        assert answer.status == 200
        return len(await answer.read())
