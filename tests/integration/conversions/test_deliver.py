"""Conversions reach the platforms, from the request to the stand-in that counts them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from collector.conversions.metrics import DeliveryMetrics
from collector.conversions.serve import Delivery, configured_destinations
from collector.settings import Settings
from tests.commands import run
from tests.integration.conversions.outbox import deliveries, know, purchase, shop, store
from tests.platforms.meta import PIXEL, MetaStandIn
from tests.platforms.stand_in import TOKEN, Mood, run_stand_in
from tests.support import execute, fetch, run_collector
from tests.waiting import until

META = f"""
[shop]
platform = "meta"
pixel_id = "{PIXEL}"
access_token = "file:TOKEN"
unsigned = "send"
order_wait_seconds = 0
test_base = "URL"
"""


@pytest.fixture
async def meta() -> AsyncIterator[MetaStandIn]:
    """A stand-in for Meta."""
    async with run_stand_in(MetaStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def file(tmp_path: Path, meta: MetaStandIn) -> Path:
    """A file with the destination `shop`, at the stand-in."""
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    file = tmp_path / "destinations.toml"
    file.write_text(META.replace("TOKEN", str(token)).replace("URL", meta.url))
    return file


@asynccontextmanager
async def delivering(database: str, file: Path) -> AsyncIterator[DeliveryMetrics]:
    """What `deliver` does, until the block ends."""
    settings = Settings(database_url=database, destinations_file=file)
    destinations = configured_destinations(settings)
    platforms = {name: destination.open() for name, destination in destinations.items()}
    metrics, stopped = DeliveryMetrics(destinations), asyncio.Event()
    async with Delivery(settings, metrics, stopped).running(destinations, platforms):
        try:
            yield metrics
        finally:
            stopped.set()


async def is_known(database: str) -> bool:
    """Whether events are queued for a destination."""
    return bool(await fetch(database, "SELECT FROM destinations WHERE events <> '{}'"))


def settled(database: str, **counts: int) -> Callable[[], Awaitable[bool]]:
    """Whether there are so many deliveries of each state, and no others."""

    async def are() -> bool:
        states = Counter(row["state"] for row in await deliveries(database))
        return states == counts

    return are


async def test_a_purchase_goes_from_the_request_to_the_platform(
    database: str, file: Path, meta: MetaStandIn
) -> None:
    async with delivering(database, file), run_collector(database) as collector:
        await until(lambda: is_known(database))
        status, answer = await collector.track(
            event_type="purchase",
            conversion_value="49.90",
            currency="EUR",
            order_id="R1",
            page_url="https://shop.example/thanks",
            consent={"marketing": True},
            user_data={"email": "Jane@Example.com"},
            metadata={"fbp": "fb.1.1700000000000.123"},
        )
        assert status == 200
        await until(settled(database, sent=1))
    [(key, event)] = meta.taken.items()
    assert key == ("Purchase", answer["event_id"])
    assert event["custom_data"]["value"] == 49.9
    assert event["user_data"]["fbp"] == "fb.1.1700000000000.123"
    assert event["user_data"]["em"] == sha256(b"jane@example.com").hexdigest()
    [row] = await deliveries(database)
    assert row["remote_id"] == "A-trace"


async def store_purchases(database: str, *numbers: int, **fields: Any) -> None:
    """Purchases with a value and something that Meta knows a person by."""
    known = {"conversion_value": 10, "metadata": {"fbp": "fb.1.1700000000000.123"}}
    recent = {"received_at": (await now(database))}
    await store(database, *(purchase(n, **{**known, **recent, **fields}) for n in numbers))


async def now(database: str) -> Any:
    """Postgres's time."""
    [row] = await fetch(database, "SELECT now() AS now")
    return row["now"]


async def test_what_waits_while_the_platform_is_away_is_sent_once_when_it_is_back(
    database: str, file: Path, meta: MetaStandIn
) -> None:
    await know(database, shop=shop())
    await store_purchases(database, *range(1, 31))
    meta.mood = Mood.AWAY
    async with delivering(database, file) as metrics:
        await until(lambda: has_failed(database))
        assert meta.taken == {}
        assert await settled(database, pending=30)()
        meta.mood = Mood.WORKS
        await until(settled(database, sent=30))
        assert b'ct_deliveries_total{destination="shop",state="sent"} 30.0' in metrics.render()
    assert (len(meta.taken), meta.repeated) == (30, 0)
    [state] = await fetch(database, "SELECT * FROM destination_states")
    assert (state["failures"], state["reason"], state["held_by"]) == (0, None, None)


async def has_failed(database: str) -> bool:
    """Whether a request was not taken."""
    return bool(await fetch(database, "SELECT FROM destination_states WHERE failures > 0"))


async def test_a_revoked_token_pauses_the_destination_until_it_is_resumed(
    database: str, file: Path, meta: MetaStandIn
) -> None:
    await know(database, shop=shop())
    await store_purchases(database, 1, 2)
    meta.mood = Mood.REVOKED
    async with delivering(database, file) as metrics:
        await until(lambda: has_failed(database))
        assert await settled(database, pending=2)()
        said = run("deliveries", CT_DATABASE_URL=database).stdout
        assert "shop: 2 waiting; paused: " in said
        assert "shop: 2 pending, since" in said
        meta.mood = Mood.WORKS
        again = run("deliveries", "resume", "shop", CT_DATABASE_URL=database)
        assert again.stdout == "shop is sent to again\n", again.stderr
        await until(settled(database, sent=2))
        assert b'answer="broken",destination="shop"} 1.0' in metrics.render()


async def test_a_bad_one_fails_by_itself_and_the_others_are_taken(
    database: str, file: Path, meta: MetaStandIn
) -> None:
    await know(database, shop=shop())
    await store_purchases(database, *range(1, 9))
    await store_purchases(database, 9, metadata={"fbc": "?"})  # which only the platform notices
    await store_purchases(database, 10, conversion_value=None)
    await store_purchases(database, 11, received_at=(await now(database)).replace(year=2020))
    async with delivering(database, file):
        await until(settled(database, sent=8, refused=2, expired=1))
    reasons = {row["event_id"].int: row["reason"] for row in await deliveries(database)}
    assert "2804019" in reasons[9]
    assert "value" in reasons[10]
    assert "days" in reasons[11]


async def test_an_order_is_sent_once_whoever_tells_of_it(
    database: str, file: Path, meta: MetaStandIn
) -> None:
    await know(database, shop=shop())
    await store_purchases(database, 1, order_id="R1", sequence=None)
    await store_purchases(database, 2, order_id="R1")
    async with delivering(database, file):
        await until(settled(database, sent=1, pending=1))
        await execute(database, "UPDATE deliveries SET next_at = now()")
        await until(settled(database, sent=1, repeat=1))
    assert [event["event_id"][-1] for event in meta.taken.values()] == ["2"]


async def test_two_processes_send_each_conversion_once(
    database: str, file: Path, meta: MetaStandIn
) -> None:
    await know(database, shop=shop())
    async with delivering(database, file), delivering(database, file):
        for first in range(0, 300, 30):
            await store_purchases(database, *range(first, first + 30))
        await until(settled(database, sent=300))
    assert (len(meta.taken), meta.repeated) == (300, 0)


async def test_what_was_refused_is_sent_again_when_asked_and_what_was_stored_before_is_queued(
    database: str, file: Path, meta: MetaStandIn
) -> None:
    await store_purchases(database, 1, 2)
    await store_purchases(database, 3, is_bot=True)
    settings = {"CT_DATABASE_URL": database, "CT_DESTINATIONS_FILE": str(file)}
    queued = run("deliveries", "queue", "shop", "--since", "1h", **settings)
    assert queued.stdout == "2 pending\n1 suppressed (bot)\n", queued.stderr
    assert run("deliveries", "queue", "shop", "--since", "1h", **settings).stdout == (
        "nothing to queue\n"
    )
    await execute(database, "UPDATE deliveries SET state = 'refused' WHERE reason IS NULL")
    assert run("deliveries", "retry", "shop", **settings).stdout == "2 are sent again\n"
    async with delivering(database, file):
        await until(settled(database, sent=2, suppressed=1))
    assert len(meta.taken) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deliver"], "CT_DESTINATIONS_FILE is not set"),
        (["deliveries", "resume", "nobody"], "no process has sent to nobody yet"),
        (["deliveries", "queue", "nobody", "--since", "3d"], "CT_DESTINATIONS_FILE is not set"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    database: str, arguments: list[str], said: str
) -> None:
    done = run(*arguments, CT_DATABASE_URL=database)
    assert done.returncode == 1
    assert done.stderr.startswith(f"conversion-tracking: {said}")
