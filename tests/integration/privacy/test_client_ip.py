"""CT_CLIENT_IP_STORAGE: nothing that is written holds more of an address than it says."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api.test_answers import stamp
from tests.integration.privacy.command import run
from tests.support import SECRET, Collector, fetch, run_collector

ADDRESS = "203.0.113.77"
STORED = [("full", ADDRESS), ("truncated", "203.0.113.0"), ("none", None)]
LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}


async def send(collector: Collector, address: str = ADDRESS, **fields: Any) -> int:
    """One event that the gateway has stamped with an address. Returns the status."""
    sent = {"data": json.dumps(LEAST | fields), "headers": stamp(address)}
    return (await collector.post("/v1/events/track", **sent))[0]


async def reject_of(database: str) -> dict[str, Any]:
    """The first rejected event, once it is written."""
    async with asyncio.timeout(20):
        while True:
            rows = await fetch(database, "SELECT * FROM rejected_events ORDER BY id")
            if rows:
                return rows[0]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("storage", "stored"), STORED)
async def test_rows_and_rejects_hold_of_an_address_what_the_setting_says(
    database: str, storage: str, stored: str | None
) -> None:
    async with run_collector(
        database, gateway_secret=SECRET, client_ip_storage=storage
    ) as collector:
        assert await send(collector) == 200
        assert await send(collector, currency="EURO") == 422
        [row] = await collector.events()
        assert (row["ip_address"], row["stamp_verified"]) == (stored, True)
        reject = await reject_of(database)
        assert (reject["ip_address"], reject["stamp_verified"]) == (stored, True)


@pytest.mark.parametrize(("storage", "stored"), STORED)
async def test_the_spool_holds_no_more_of_an_address(
    tmp_path: Path, storage: str, stored: str | None
) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    folder = tmp_path / "spool"
    async with run_collector(
        nowhere, gateway_secret=SECRET, client_ip_storage=storage, spool_dir=folder
    ) as collector:
        assert await send(collector) == 202
        on_disk = b"".join(path.read_bytes() for path in folder.iterdir())
    assert (ADDRESS.encode() in on_disk) == (storage == "full")
    assert (stored or "203.0.113").encode() in on_disk or stored is None


async def test_limits_know_two_clients_apart_whose_stored_address_is_one(database: str) -> None:
    async with run_collector(
        database,
        gateway_secret=SECRET,
        client_ip_storage="truncated",
        bytes_per_minute_per_address=400,
    ) as collector:
        filler = {"metadata": {"x": "x" * 300}}
        assert await send(collector, "203.0.113.77", **filler) == 200
        assert await send(collector, "203.0.113.77", **filler) == 429
        assert await send(collector, "203.0.113.78", **filler) == 200
        assert [row["ip_address"] for row in await collector.events()] == ["203.0.113.0"] * 2


async def test_a_reject_that_was_kept_with_its_address_is_replayed_without(database: str) -> None:
    async with run_collector(database, gateway_secret=SECRET) as collector:
        assert await send(collector, currency="EURO") == 422
        kept = await reject_of(database)
        assert kept["ip_address"] == ADDRESS
    repaired = json.dumps({"reject": kept["id"], "body": LEAST})
    ended = run(
        *(database, "rejects", "replay", "--file", "-"),
        stdin=repaired,
        CT_CLIENT_IP_STORAGE="none",
    )
    assert ended.stdout == "1 stored\n", ended.stderr
    rows = await fetch(database, "SELECT ip_address, stamp_verified FROM conversion_events")
    assert rows == [{"ip_address": None, "stamp_verified": True}]
