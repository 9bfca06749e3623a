"""No field that a visitor sent and no address stands in the log of a real process."""

import asyncio
import gzip
import io
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.api.test_answers import stamp
from tests.integration.test_cli import COMMAND
from tests.support import SECRET, empty_tables, execute

MARK = "jane.doe@secret.example"
PEER = "127.0.0.99"  # a loopback address that nothing else has
CLIENT = "203.0.113.7"
TRACK, FUNNEL, BATCH = "/v1/events/track", "/v1/events/funnel", "/v1/events/batch"
LEAST = {"session_id": MARK, "event_type": "page_view", "event_name": MARK}
# Every kind of field, with something personal in each.
FULL = {
    **LEAST,
    "user_id": MARK,
    "visitor_id": MARK,
    "order_id": MARK,
    "page_url": f"https://a.example/?email={MARK}",
    "page_title": MARK,
    "referrer": f"https://b.example/{MARK}",
    "form_data": {"email": MARK, MARK: 1},
    "metadata": {"x": [MARK]},
    "utm_params": {"utm_source": MARK},
    "click_ids": {"gclid": MARK},
    "consent": {"marketing": MARK, MARK: True},
    "user_data": {"email": MARK, "street": [MARK], MARK: MARK},
}
BROKEN = {**FULL, "currency": MARK, "sequence": MARK, "event_id": MARK, "occurred_at": MARK}
ODD = {**FULL, "consent": MARK, "user_data": MARK}
BODIES: list[tuple[str, bytes, dict[str, str]]] = [
    (TRACK, json.dumps(FULL).encode(), {}),
    (TRACK, json.dumps(BROKEN).encode(), {}),
    (TRACK, json.dumps(ODD).encode(), {}),
    (TRACK, json.dumps({**FULL, "from_the_future": MARK}).encode(), {}),
    (TRACK, f'{{"session_id": "{MARK}"'.encode(), {}),
    (TRACK, f'{{"session_id": "{MARK}\udcff"'.encode("utf-8", "surrogateescape"), {}),
    (TRACK, json.dumps([MARK]).encode(), {}),
    (TRACK, json.dumps({"x": MARK * 60_000}).encode(), {}),
    (TRACK, MARK.encode(), {"Content-Type": f"text/{MARK}"}),
    (TRACK, MARK.encode(), {"Content-Encoding": MARK}),
    (TRACK, MARK.encode(), {"Content-Encoding": "gzip"}),
    (TRACK, gzip.compress(MARK.encode() * 60_000), {"Content-Encoding": "gzip"}),
    (TRACK, json.dumps(FULL).encode(), {"X-Kong-Request-Id": MARK, "User-Agent": MARK}),
    (FUNNEL, json.dumps({"session_id": MARK, "stage": MARK, "user_id": MARK}).encode(), {}),
    (BATCH, json.dumps({"events": [FULL, BROKEN, MARK]}).encode(), {}),
    (BATCH, json.dumps({"events": MARK}).encode(), {}),
    (f"/{MARK}", json.dumps(FULL).encode(), {}),
]


class Process:
    """`serve` as a process whose log is read to its end."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, url: str) -> None:
        self.process, self.log, self.url = process, log, url

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@asynccontextmanager
async def serving(folder: Path, **settings: str) -> AsyncIterator[Process]:
    """A collector that logs everything it can."""
    log = folder / "log"
    fixed = {"CT_PORT": "0", "CT_LOG_LEVEL": "debug", "CT_SPOOL_DIR": str(folder / "spool")}
    with log.open("w") as stderr:
        process = await asyncio.create_subprocess_exec(
            COMMAND, "serve", env={**os.environ, **fixed, **settings}, stderr=stderr
        )
    try:
        async with asyncio.timeout(60):
            while not (found := re.search(r"http://[\w.:]+", log.read_text())):  # noqa: ASYNC110  # a file has no event
                await asyncio.sleep(0.05)
        yield Process(process, log, found[0])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def send_everything(url: str) -> list[int]:
    """Every body, signed and not, over a connection from PEER, and bytes that are no HTTP."""
    statuses = []
    connector = aiohttp.TCPConnector(local_addr=(PEER, 0))
    async with aiohttp.ClientSession(url, connector=connector) as client:
        for path, body, headers in BODIES:
            for signed in ({}, stamp(CLIENT)):
                sent = {"Content-Type": "application/json", **signed, **headers}
                async with client.post(path, data=io.BytesIO(body), headers=sent) as answer:
                    statuses.append(answer.status)
        async with client.put(TRACK, data=MARK) as answer:
            statuses.append(answer.status)
        for query in (LEAST, {**LEAST, "currency": MARK, "metadata": MARK}):
            async with client.get("/v1/events/pixel.gif", params=query) as answer:
                statuses.append(answer.status)
    host, port = url.removeprefix("http://").split(":")
    await asyncio.gather(*(send_raw(host, int(port), data) for data in RAW))
    return statuses


RAW = [
    f"{MARK}\r\n\r\n",
    f"POST {TRACK} HTTP/1.1\r\nHost: x\r\n{MARK} : \r\n\r\n",
    f"GET /v1/events/pixel.gif?session_id={MARK}{'x' * 9_000} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"POST {TRACK} HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{MARK}",
    f"POST {TRACK} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{MARK}\r\n",
]


async def send_raw(host: str, port: int, data: str) -> None:
    """Bytes, and the end of the connection."""
    reader, writer = await asyncio.open_connection(host, port, local_addr=(PEER, 0))
    writer.write(data.encode())
    writer.write_eof()
    await reader.read()
    writer.close()


async def refuse_marked_rows(database: str) -> None:
    """Make Postgres refuse what the contract takes, with a detail that holds the row."""
    await empty_tables(database)
    await execute(
        database,
        f"ALTER TABLE conversion_events ADD CHECK (page_title <> '{MARK}'), "
        "ADD EXCLUDE (session_id WITH =)",
    )


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_no_value_and_no_address_is_logged_on_any_path(
    database: str, tmp_path: Path, log_format: str
) -> None:
    settings = {"CT_DATABASE_URL": database, "CT_GATEWAY_SECRET": SECRET}
    async with serving(tmp_path, CT_LOG_FORMAT=log_format, **settings) as running:
        statuses = await send_everything(running.url)
        await refuse_marked_rows(database)
        statuses += await send_everything(running.url)
        await execute(database, "ALTER TABLE conversion_events RENAME TO elsewhere")
        statuses += await send_everything(running.url)
        running.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await running.process.wait() == 0
        log = running.log.read_text()
        if log_format == "json":
            assert running.lines()[0].keys() >= {"event", "level", "logger", "time"}
    assert {200, 202, 400, 404, 405, 413, 415, 422, 500} <= set(statuses)
    assert "unexpected error" not in log
    for private in (MARK, "jane", CLIENT, PEER):
        assert private not in log, [line for line in log.splitlines() if private in line][:3]


async def test_a_line_about_a_request_has_the_id_that_kong_gave_it(
    database: str, tmp_path: Path
) -> None:
    async with serving(tmp_path, CT_DATABASE_URL=database, CT_LOG_FORMAT="json") as running:
        await execute(database, "ALTER TABLE conversion_events RENAME TO elsewhere")
        async with (
            aiohttp.ClientSession(running.url) as client,
            client.get("/readyz", headers={"X-Kong-Request-Id": "0123456789abcdef"}) as answer,
        ):
            assert answer.status == 503
        ids = [line.get("request_id") for line in running.lines()]
    assert "0123456789abcdef" in ids
    assert None in ids
