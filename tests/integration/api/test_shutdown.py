"""SIGTERM: every answered event is there, no request is cut off, the process ends in time."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import aiohttp
import asyncpg

from collector.postgres.sessions import own_connection, transaction_on
from collector.postgres.store import open_store
from collector.spool.spool import open_spool
from local.postgres import PostgresServer
from tests.integration.served import serving
from tests.own_postgres import send
from tests.support import fetch
from tests.waiting import BUSY_SECONDS, eventually

EVENT = {"session_id": "s", "event_type": "page_view", "event_name": "Page"}


class Traffic:
    """Trackers that send one event after the other on connections that are kept alive."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answered: set[str] = set()
        self.statuses: list[int] = []
        self.cut_off = 0

    async def run(self, clients: int) -> None:
        await asyncio.gather(*(self.send_until_closed() for _ in range(clients)))

    async def send_until_closed(self) -> None:
        """Send until the collector says that the connection is over, or refuses a new one."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as client:
            while True:
                event = {**EVENT, "event_id": str(uuid4())}
                try:
                    async with client.post(self.url + "/v1/events/track", json=event) as answer:
                        await answer.read()
                except aiohttp.ClientConnectorError:
                    return
                except aiohttp.ClientError:
                    self.cut_off += 1
                    return
                self.statuses.append(answer.status)
                if answer.status in (200, 202):
                    self.answered.add(event["event_id"])
                if answer.headers.get("Connection") == "close":
                    return


async def stop(process: subprocess.Popen[bytes]) -> float:
    """SIGTERM; the seconds until the process has ended, which must be with code 0."""
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 60) == 0
    return time.monotonic() - started


def queued_events(url: str) -> float:
    """How many events it holds that are not stored yet."""
    with urlopen(url + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    [line] = [line for line in lines if line.startswith("ct_queue_events ")]
    return float(line.split()[1])


async def ids_in(database: str) -> set[str]:
    return {str(row["id"]) for row in await fetch(database, "SELECT id FROM conversion_events")}


async def test_under_load_every_client_gets_its_last_answer_and_is_told_to_close(
    database: str, tmp_path: Path
) -> None:
    with serving(database, tmp_path) as served:
        traffic = Traffic(served.url)
        sending = asyncio.create_task(traffic.run(20))
        await eventually(lambda: len(traffic.answered) > 100)
        await stop(served.process)
        await sending
    assert traffic.cut_off == 0
    assert set(traffic.statuses) == {200}
    assert len(traffic.answered) > 20
    assert await ids_in(database) == traffic.answered


async def test_what_postgres_does_not_take_in_time_is_in_the_spool_and_replayed_later(
    database: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database)
    settings = {"CT_DATABASE_TIMEOUT_SECONDS": "60", "CT_SHUTDOWN_TIMEOUT_SECONDS": "4"}
    with serving(database, tmp_path, **settings) as served:
        traffic = Traffic(served.url)
        async with connection.transaction():
            await connection.execute("LOCK TABLE conversion_events IN EXCLUSIVE MODE")
            sending = asyncio.create_task(traffic.run(20))
            await eventually(lambda: queued_events(served.url) == 20)
            assert await stop(served.process) < 4 + BUSY_SECONDS
            await sending
    await connection.close()
    assert (set(traffic.statuses), traffic.cut_off, len(traffic.answered)) == ({202}, 0, 20)
    assert await ids_in(database) == set()
    async with open_spool(served.spool, "spool-0", 1 << 24) as spool:
        assert spool.depth == 20
    with serving(database, tmp_path):
        async with asyncio.timeout(30):
            while await ids_in(database) != traffic.answered:  # noqa: ASYNC110  # a process is awaited
                await asyncio.sleep(0.1)


async def test_a_client_that_never_ends_its_request_does_not_hold_the_process(
    database: str, tmp_path: Path
) -> None:
    with serving(database, tmp_path, CT_SHUTDOWN_TIMEOUT_SECONDS="4") as served:
        host, port = served.url.removeprefix("http://").split(":")
        _, half = await asyncio.open_connection(host, int(port))
        half.write(b"POST /v1/events/track HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        await half.drain()
        _, idle = await asyncio.open_connection(host, int(port))
        assert await post(served.url) == 200  # so it has accepted the two before
        assert await stop(served.process) < 4 + BUSY_SECONDS
        for writer in (half, idle):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def test_a_postgres_that_hangs_holds_neither_an_answer_nor_the_process(
    own_postgres: PostgresServer, own_database: str, tmp_path: Path
) -> None:
    settings = {"CT_DATABASE_TIMEOUT_SECONDS": "1", "CT_SHUTDOWN_TIMEOUT_SECONDS": "4"}
    with serving(own_database, tmp_path, **settings) as served:
        assert await post(served.url) == 200
        send(own_postgres, signal.SIGSTOP)
        async with asyncio.timeout(20):
            assert await post(served.url) == 202
        assert await stop(served.process) < 4 + BUSY_SECONDS


async def test_a_store_ends_although_postgres_hangs_with_connections_open(
    own_postgres: PostgresServer, own_database: str
) -> None:
    async with open_store(own_database, 3, 30) as store:
        await asyncio.gather(*(store.ping() for _ in range(3)))
        send(own_postgres, signal.SIGSTOP)
        started = time.monotonic()
    assert time.monotonic() - started < BUSY_SECONDS


async def test_background_work_is_cancelled_in_a_transaction_although_postgres_hangs(
    own_postgres: PostgresServer, own_database: str
) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with own_connection(own_database, "tests") as connection, transaction_on(connection):
            begun.set()
            await connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(work())
    await begun.wait()
    send(own_postgres, signal.SIGSTOP)
    started = time.monotonic()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < BUSY_SECONDS


async def post(url: str) -> int:
    """Send an event; the answer's status."""
    async with (
        aiohttp.ClientSession() as client,
        client.post(url + "/v1/events/track", json=EVENT) as answer,
    ):
        await answer.read()
        return answer.status
