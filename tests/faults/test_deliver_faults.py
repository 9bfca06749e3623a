"""No conversion is lost, and none counted twice, whatever is killed while they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.collector_process import CollectorProcess
from tests.integration.conversions.outbox import know, purchase, shop, store
from tests.platforms.meta import PIXEL, MetaStandIn
from tests.platforms.stand_in import TOKEN, run_stand_in
from tests.support import fetch
from tests.waiting import until

META = f"""
[shop]
platform = "meta"
pixel_id = "{PIXEL}"
access_token = "env:TOKEN"
unsigned = "send"
test_base = "URL"
"""


class DeliverProcess(CollectorProcess):
    """`conversion-tracking deliver`."""

    command = "deliver"
    port_setting = "CT_DELIVER_PORT"


@pytest.fixture
async def meta() -> AsyncIterator[MetaStandIn]:
    """A stand-in for Meta."""
    async with run_stand_in(MetaStandIn()) as stand_in:
        yield stand_in


async def store_purchases(database: str, *numbers: int) -> None:
    """Purchases of now that Meta takes."""
    [row] = await fetch(database, "SELECT now() AS now")
    fields = {
        "received_at": row["now"],
        "conversion_value": 10,
        "metadata": {"fbp": "fb.1.1700000000000.123"},
    }
    await store(database, *(purchase(number, **fields) for number in numbers))


async def test_senders_that_are_killed_again_and_again_lose_nothing(
    database: str, tmp_path: Path, meta: MetaStandIn
) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(META.replace("URL", meta.url))
    settings = {"CT_DESTINATIONS_FILE": file, "TOKEN": TOKEN}
    senders = [DeliverProcess(tmp_path, database, **settings) for _ in range(2)]
    await know(database, shop=shop())
    for sender in senders:
        await asyncio.to_thread(sender.start)
    try:
        for kill in range(6):
            await store_purchases(database, *range(kill * 50, kill * 50 + 50))
            seen = meta.requests
            await until(lambda seen=seen: asks_again(meta, seen))  # type: ignore[misc]
            sender = senders[kill % 2]
            await asyncio.to_thread(sender.kill)
            # As after half a minute: who was killed holds it no more.
            await fetch(database, "UPDATE destination_states SET held_until = now()")
            await asyncio.to_thread(sender.start)
        await until(lambda: are_sent(database, 300))
    finally:
        for sender in senders:
            await asyncio.to_thread(sender.kill)
    assert len(meta.taken) == 300


async def asks_again(meta: MetaStandIn, seen: int) -> bool:
    """Whether a request has come since then."""
    return meta.requests > seen


async def are_sent(database: str, count: int) -> bool:
    """Whether so many deliveries are settled as sent."""
    [row] = await fetch(database, "SELECT count(*) FROM deliveries WHERE state = 'sent'")
    return bool(row["count"] == count)
