"""Faults of collectors behind a real gateway: the doctor sees each in its line."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from collector.doctor import collector_checks, events, limits
from collector.doctor.check import Group
from collector.doctor.finding import Finding, Status
from local.up import System
from tests.support import run_collector, run_collector_without_postgres
from tests.system.doctor.conftest import RunGateway
from tests.system.doctor.examined import Examined, Seen, refuse
from tests.waiting import until

FAILURE, WARNING = Status.FAILURE, Status.WARNING
OTHER_SECRET = "another secret than Kong's"
KIB = 1024


async def look_at(healthy: Examined, run_gateway: RunGateway, url: str, *groups: Group) -> Seen:
    """What the doctor says of a collector, and of a gateway before it."""
    port = urlsplit(url).port
    with run_gateway(collector_port=port) as gateway:
        return await healthy.look(*groups, gateway=gateway, collector=url)


@pytest.mark.parametrize(
    ("settings", "group", "check", "words"),
    [
        ({"gateway_secret": OTHER_SECRET}, events, "event.verified", "false"),
        ({"gateway_secret": None}, events, "event.verified", "false"),
        (
            {"gateway_secret": OTHER_SECRET, "unsigned_requests": "refuse"},
            events,
            "event.taken",
            "403 unsigned_request: the collector wants a stamp",
        ),
        ({"max_body_bytes": 512 * KIB}, limits, "limit.gateway", "the collector refuses 1048576"),
        ({"max_body_bytes": 512 * KIB}, limits, "limit.collector", "answered 413, one more 413"),
        ({"max_body_bytes": 2048 * KIB}, limits, "limit.collector", "answered 200, one more 200"),
    ],
)
async def test_a_setting_that_does_not_fit_the_gateway_is_seen(
    healthy: Examined,
    parts: System,
    run_gateway: RunGateway,
    *,
    settings: dict[str, Any],
    group: Any,
    check: str,
    words: str,
) -> None:
    given = {"gateway_secret": parts.gateway_secret, **settings}
    async with run_collector(parts.database_url, **given) as collector:
        seen = await look_at(healthy, run_gateway, collector.url, group.GROUP)
    refuse(seen.of(check), FAILURE, words)


async def test_a_collector_that_refuses_what_is_unsigned_refuses_a_forged_stamp(
    healthy: Examined, parts: System, run_gateway: RunGateway
) -> None:
    secret = parts.gateway_secret
    async with run_collector(
        parts.database_url, gateway_secret=secret, unsigned_requests="refuse"
    ) as collector:
        groups = (events.GROUP, collector_checks.GROUP, limits.GROUP)
        seen = await look_at(healthy, run_gateway, collector.url, *groups)
    assert "403" in seen.of("collector.forged").seen
    assert seen.of("limit.collector").status is Status.SKIPPED
    assert set(seen.not_ok()) == {"limit.collector"}


async def test_a_collector_without_its_database_is_seen(
    healthy: Examined, run_gateway: RunGateway, tmp_path: Path
) -> None:
    async with run_collector_without_postgres(tmp_path) as collector:
        groups = (events.GROUP, collector_checks.GROUP)
        seen = await look_at(healthy, run_gateway, collector.url, *groups)
    refuse(seen.of("event.taken"), FAILURE, "202")
    refuse(seen.of("event.row"), Status.SKIPPED, "event.taken")
    refuse(seen.of("collector.ready"), FAILURE, "503")


async def test_another_database_than_the_collectors_is_seen(
    healthy: Examined, database: str
) -> None:
    seen = await healthy.look(events.GROUP, database=database)
    refuse(seen.of("event.row"), FAILURE, "not in this database")
    assert seen.of("event.verified").status is Status.SKIPPED


async def test_what_a_collector_warns_of_is_passed_on(healthy: Examined, parts: System) -> None:
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        spool = Path(folder) / "spool"
        async with run_collector(parts.database_url, spool_dir=spool) as collector:
            shutil.rmtree(spool)
            spool.write_text("no folder")  # so that it is not made anew

            async def find() -> Finding:
                seen = await healthy.look(collector_checks.GROUP, collector=collector.url)
                return seen.of("collector.ready")

            async def is_seen() -> bool:
                return (await find()).status is not Status.OK

            await until(is_seen)
            refuse(await find(), WARNING, "the spool cannot be used")
