"""What one client may hold: time, bytes, connections; and what the others notice of it."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import pytest

from collector.api.stamp import (
    CLIENT_IP_HEADER,
    RECEIVED_AT_HEADER,
    SIGNATURE_HEADER,
    sign_stamp,
)
from tests.integration.served import Served, serving
from tests.processes import pausing
from tests.support import SECRET, fetch, run_collector
from tests.waiting import BUSY_SECONDS, eventually

HEADERS = b"POST /v1/events/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
EVENT = {"session_id": "s", "event_type": "page_view", "event_name": "Page"}


async def connect(url: str, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def close(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def page(served: Served) -> str:
    with urlopen(served.url + "/metrics", timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def metric(served: Served, name: str) -> float:
    lines = page(served).splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[1])


def stamp(client_ip: str) -> dict[str, str]:
    """The headers of a request that came through the gateway."""
    received_at = str(int(time.time() * 1000))
    return {
        CLIENT_IP_HEADER: client_ip,
        RECEIVED_AT_HEADER: received_at,
        SIGNATURE_HEADER: sign_stamp(client_ip, received_at, SECRET.encode()),
    }


async def post(url: str) -> int:
    async with (
        aiohttp.ClientSession() as client,
        client.post(url + "/v1/events/track", json=EVENT) as answer,
    ):
        return answer.status


async def test_a_body_that_does_not_arrive_is_answered_503_to_be_sent_again(database: str) -> None:
    async with run_collector(database, body_timeout_seconds=0.2) as collector:
        reader, writer = await connect(collector.url, HEADERS + b"{")
        async with asyncio.timeout(BUSY_SECONDS):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"body_timeout" in answer
        assert b"Retry-After: 1\r\n" in answer
        await close(writer)


async def test_headers_that_do_not_end_and_idle_connections_are_closed(database: str) -> None:
    async with run_collector(database, idle_timeout_seconds=1) as collector:
        opened = [await connect(collector.url, sent) for sent in (b"", HEADERS[:40])]
        async with asyncio.timeout(1 + BUSY_SECONDS):
            assert [await reader.read() for reader, _ in opened] == [b"", b""]
        await close(*(writer for _, writer in opened))


async def test_bodies_that_are_held_are_bounded_together(database: str) -> None:
    async with run_collector(database, bodies_max_bytes=1_048_576) as collector:
        held = HEADERS.replace(b"100", b"1000000") + b" " * 500_000
        holders = [await connect(collector.url, held) for _ in range(2)]
        answers = [await connect(collector.url, held + b" " * 400_000) for _ in range(1)]
        async with asyncio.timeout(BUSY_SECONDS):
            answer = await answers[0][0].readuntil(b"}")
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"bodies_full" in answer
        assert b"Retry-After: 1" in answer
        assert await post(collector.url) == 200  # it comes with its headers, and holds nothing
        await close(*(writer for _, writer in [*holders, *answers]))


async def test_an_address_may_send_so_many_bytes_a_minute(database: str) -> None:
    async with run_collector(
        database, gateway_secret=SECRET, bytes_per_minute_per_address=230
    ) as collector:
        stamped = stamp("192.0.2.1")
        statuses = [
            (await collector.post("/v1/events/track", json=EVENT, headers=stamped))[0]
            for _ in range(5)
        ]
        assert statuses == [200, 200, 200, 429, 429]
        other = await collector.post("/v1/events/track", json=EVENT, headers=stamp("192.0.2.2"))
        assert other[0] == 200


async def test_malformed_http_costs_a_counter_and_no_line(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path) as served:
        before = (tmp_path / "log").read_text()
        for sent in (
            b"\x16\x03\x01\x02\x00\x01",
            b"GET / HTTP/9\r\n\r\n",
            b"GET /\0 HTTP/1.1\r\n\r\n",
        ):
            reader, writer = await connect(served.url, sent)
            async with asyncio.timeout(BUSY_SECONDS):
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.0 400 ")
            assert json.loads(body)["error"] == "malformed_request"
            await close(writer)
        assert metric(served, "ct_malformed_requests_total") == 3
        assert (tmp_path / "log").read_text() == before


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"X-%d: 1\r\n" % number for number in range(200)),
        b"Cookie: " + b"c" * 9_000 + b"\r\n",
        b"Origin: https://a.example\r\nX-" + b"n" * 9_000 + b": 1\r\n",
    ],
    ids=["200 headers", "a long value", "a long name"],
)
async def test_headers_that_are_too_many_or_too_long_are_a_readable_431(
    database: str, tmp_path: Path, headers: bytes
) -> None:
    with serving(database, tmp_path) as served:
        sent = b"POST /v1/events/track HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n"
        reader, writer = await connect(served.url, sent)
        async with asyncio.timeout(BUSY_SECONDS):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        await close(writer)
        assert head.split(b" ")[1] == b"431"
        assert b"application/json" in head
        assert json.loads(body)["error"] == "headers_too_large"
        assert metric(served, "ct_malformed_requests_total") == 1
        assert await post(served.url) == 200


async def test_past_the_cap_connections_are_closed_and_sigterm_keeps_its_time_with_all_open(
    database: str, tmp_path: Path
) -> None:
    settings = {"CT_MAX_CONNECTIONS": "200", "CT_SHUTDOWN_TIMEOUT_SECONDS": "4"}
    with serving(database, tmp_path, **settings) as served:
        sent = [b"", HEADERS[:30], HEADERS + b"{"]
        opened = [await connect(served.url, sent[number % 3]) for number in range(200)]
        over = [await connect(served.url) for _ in range(20)]
        for reader, _ in over:
            with suppress(ConnectionError):
                assert await reader.read() == b""
        await close(*(writer for _, writer in [*over, *opened[:3]]))
        await eventually(lambda: metric(served, "ct_refused_connections_total") >= 20)
        assert await post(served.url) == 200
        started = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(served.process.wait, 60) == 0
        assert time.monotonic() - started < 4 + BUSY_SECONDS
        await close(*(writer for _, writer in opened[3:]))


async def test_an_event_that_has_arrived_whole_is_stored_for_a_sender_that_has_gone(
    database: str, tmp_path: Path
) -> None:
    """As a browser's, that sends a beacon while its page closes."""
    whole = json.dumps({**EVENT, "session_id": "whole"}).encode()
    head = HEADERS.replace(b"100", str(len(whole)).encode())
    with serving(database, tmp_path) as served:
        # Paused, it finds what was sent and its end at the same moment.
        with pausing([served.process.pid]):
            for sent in (head + whole, head + whole[:-1]):
                for _ in range(20):
                    _, writer = await connect(served.url, sent)
                    await close(writer)
        stored = 'ct_events_total{result="stored"}'
        await eventually(lambda: f"{stored} 20.0" in page(served))
    rows = "SELECT count(*) AS events FROM conversion_events WHERE session_id = 'whole'"
    assert await fetch(database, rows) == [{"events": 20}]


async def test_a_batch_whose_sender_has_gone_is_not_worked_for(
    database: str, tmp_path: Path
) -> None:
    event = {**EVENT, "session_id": "gone", "metadata": {"a": [1.5] * 80}}
    body = json.dumps({"events": [event] * 500}).encode()
    size = str(len(body)).encode()
    sent = HEADERS.replace(b"track", b"batch").replace(b"100", size) + body
    with serving(database, tmp_path) as served:
        for _ in range(5):
            _, writer = await connect(served.url, sent)
            await close(writer)
        gone = 'ct_refused_requests_total{error="client_gone"}'
        await eventually(lambda: f"{gone} 5.0" in page(served))
    assert await fetch(database, "SELECT 1 FROM conversion_events WHERE session_id = 'gone'") == []


def test_a_process_that_may_open_few_files_says_so_in_one_line(
    database: str, tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, before[1]))
    try:
        with serving(database, tmp_path):
            lines = (tmp_path / "log").read_text().splitlines()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len([line for line in lines if "CT_MAX_CONNECTIONS=2000" in line]) == 1
