"""`serve --workers N`, as processes."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import aiohttp
import pytest

from collector.spool.spool import spool_names
from tests.commands import run
from tests.integration.test_cli import serving
from tests.support import fetch

UP = re.compile(r'ct_worker_up\{worker="(\d)"\} (\S+)')


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def metrics(url: str) -> str:
    """The page of metrics."""
    with urlopen(url + "/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds; fail after half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def all_up(url: str, count: int) -> bool:
    """Whether so many workers answer; before the first is ready the port is closed."""
    try:
        page = metrics(url)
    except URLError:
        return False
    return [value for _, value in UP.findall(page)] == ["1.0"] * count


async def send(url: str, count: int) -> None:
    """Events, each on a connection of its own."""
    body = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(url, connector=connector) as client:
        for _ in range(count):
            async with client.post("/v1/events/track", json=body) as answer:
                assert answer.status == 200


async def test_workers_share_the_port_and_show_the_metrics_of_all(
    database: str, tmp_path: Path
) -> None:
    settings = {"CT_DATABASE_URL": database, "CT_PORT": "0", "CT_SPOOL_DIR": str(tmp_path)}
    with serving("--workers", "3", **settings) as (parent, url):
        wait_for(lambda: all_up(url, 3))
        assert len(children(parent.pid)) == 3
        spools = ["spool-0", "spool-1", "spool-2"]
        wait_for(lambda: spool_names(tmp_path) == spools)  # a worker answers the others before
        await send(url, 60)
        stored = re.findall(r'ct_events_total\{.*result="stored".*\} (\S+)', metrics(url))
        assert sum(map(float, stored)) == 60
    [row] = await fetch(database, "SELECT count(*) AS events FROM conversion_events")
    assert row["events"] == 60


async def test_a_worker_that_dies_is_started_again_and_the_others_go_on(
    database: str, tmp_path: Path
) -> None:
    settings = {"CT_DATABASE_URL": database, "CT_PORT": "0", "CT_SPOOL_DIR": str(tmp_path)}
    with serving("--workers", "2", **settings) as (parent, url):
        wait_for(lambda: all_up(url, 2))
        before = children(parent.pid)
        os.kill(before[0], signal.SIGKILL)
        await send(url, 20)
        wait_for(lambda: len(children(parent.pid)) == 2 and before[0] not in children(parent.pid))
        assert before[1] in children(parent.pid)
        wait_for(lambda: all_up(url, 2))
        await send(url, 20)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_parent_ends_all_of_them_with_code_0(
    database: str, signum: signal.Signals
) -> None:
    with serving("--workers", "2", CT_DATABASE_URL=database, CT_PORT="0") as (parent, url):
        wait_for(lambda: all_up(url, 2))
        workers = children(parent.pid)
        parent.send_signal(signum)
        assert parent.wait(30) == 0
        assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []


def test_a_signal_while_they_start_ends_all_of_them(database: str) -> None:
    with serving("--workers", "2", CT_DATABASE_URL=database, CT_PORT="0") as (parent, _):
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 0


def test_workers_end_when_their_parent_is_killed(database: str) -> None:
    with serving("--workers", "2", CT_DATABASE_URL=database, CT_PORT="0") as (parent, url):
        wait_for(lambda: all_up(url, 2))
        workers = children(parent.pid)
        parent.kill()
        parent.wait(10)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_number_of_workers_that_is_none_is_refused() -> None:
    result = run("serve", "--workers", "0", CT_DATABASE_URL="postgresql://localhost/x")
    assert result.returncode == 2
    assert "--workers" in result.stderr
