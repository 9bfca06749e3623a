"""Deliveries are written with their events, and leave the outbox once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from collector.conversions.claims import DeliveryKey, DeliveryState, Settled, Wait
from collector.conversions.conversion import Broken, Later
from collector.conversions.outbox import Outbox, read_waiting
from collector.postgres.sessions import own_connection
from tests.integration.conversions.outbox import (
    GRANTED,
    HOLDER,
    deliveries,
    know,
    open_outbox,
    purchase,
    shop,
    store,
)
from tests.support import execute, fetch
from tests.unit.events import NOON

JANE = {"email": "jane@example.com"}


async def test_an_event_and_its_deliveries_are_stored_together(database: str) -> None:
    await know(
        database, shop=shop(), other=shop(events={"purchase": "Sale"}), none=shop(events={"x": "X"})
    )
    await store(
        database, purchase(1, user_data=JANE, order_id="R1"), purchase(2, event_type="page_view")
    )
    found = await deliveries(database)
    assert [(row["destination"], row["name"], row["state"]) for row in found] == [
        ("other", "Sale", "pending"),
        ("shop", "Purchase", "pending"),
    ]
    assert {row["order_key"] for row in found} == {"R1"}
    assert [json.loads(row["user_data"]) for row in found] == [JANE, JANE]
    assert all(row["from_page"] for row in found)


async def test_what_is_sent_again_is_not_queued_again(database: str) -> None:
    await know(database, shop=shop())
    await store(database, purchase(1))
    await store(database, purchase(1), purchase(2))
    assert [row["event_id"].int for row in await deliveries(database)] == [1, 2]


async def test_nothing_is_queued_where_no_destination_is_known(database: str) -> None:
    await store(database, purchase(1, user_data=JANE))
    assert await deliveries(database) == []


DENIED = {"ad_user_data": "denied"}


@pytest.mark.parametrize(
    ("destination", "event", "reason"),
    [
        ({}, {}, None),
        ({}, {"is_bot": True}, "bot"),
        ({}, {"gpc": True}, "global_privacy_control"),
        ({}, {"gpc": False}, None),
        ({}, {"stamp_verified": False}, "unsigned"),
        ({"unsigned": "send"}, {"stamp_verified": False}, None),
        ({}, {"consent": None}, "no_consent"),
        ({}, {"consent": {"analytics_storage": "granted"}}, "no_consent"),
        ({}, {"consent": DENIED}, "consent_denied"),
        ({"consent": "not_denied"}, {"consent": None}, None),
        ({"consent": "not_denied"}, {"consent": DENIED}, "consent_denied"),
        ({"consent": "not_denied"}, {"is_bot": True, "consent": DENIED}, "bot"),
    ],
)
async def test_what_must_not_be_sent_is_kept_with_its_reason_and_without_the_person(
    database: str, destination: dict[str, Any], event: dict[str, Any], reason: str | None
) -> None:
    await know(database, shop=shop(**destination))
    await store(database, purchase(1, user_data=JANE, **event))
    [row] = await deliveries(database)
    assert row["reason"] == reason
    assert row["state"] == ("suppressed" if reason else "pending")
    assert (row["user_data"] is None) == (reason is not None)
    assert (row["settled_at"] is None) == (reason is None)


async def test_the_person_is_in_the_outbox_alone_and_gone_when_it_is_settled(database: str) -> None:
    await know(database, shop=shop())
    await store(database, purchase(1, user_data=JANE))
    [row] = await fetch(database, "SELECT t::text AS row FROM conversion_events AS t")
    assert "jane" not in row["row"]
    async with open_outbox(database) as outbox:
        [claim] = await outbox.claim(10)
        assert claim.conversion is not None
        assert claim.conversion.user_data == JANE
        assert claim.conversion.consent == GRANTED
        await outbox.settle([Settled(claim.key, DeliveryState.SENT, None, "r1")])
        assert await outbox.claim(10) == []
    [settled] = await deliveries(database)
    assert (settled["state"], settled["remote_id"], settled["user_data"]) == ("sent", "r1", None)
    assert settled["settled_at"] is not None


async def test_an_orders_event_waits_and_that_of_the_page_goes_first(database: str) -> None:
    await know(database, shop=shop(order_wait_seconds=60))
    webhook = {"order_id": "R1", "sequence": None, "received_at": NOON - timedelta(minutes=1)}
    await store(database, purchase(1, **webhook), purchase(2, order_id="R1"), purchase(3))
    async with open_outbox(database) as outbox:
        assert [claim.key.event_id.int for claim in await outbox.claim(10)] == [3]
        await execute(database, "UPDATE deliveries SET next_at = now()")
        claims = {claim.key.event_id.int: claim for claim in await outbox.claim(10)}
        assert {number: claim.has_better for number, claim in claims.items()} == {
            1: True,
            2: False,
            3: False,
        }
        await outbox.postpone([Wait(claims[1].key, datetime.now(UTC) + timedelta(minutes=1))])
        await outbox.settle([Settled(claims[2].key, DeliveryState.SENT)])
        await execute(database, "UPDATE deliveries SET next_at = now()")
        again = {claim.key.event_id.int: claim for claim in await outbox.claim(10)}
        assert again[1].is_repeat
        assert not again[3].is_repeat


async def test_another_event_of_an_order_is_sent_where_the_better_one_is_refused(
    database: str,
) -> None:
    await know(database, shop=shop())
    await store(database, purchase(1, order_id="R1", sequence=None), purchase(2, order_id="R1"))
    async with open_outbox(database) as outbox:
        better = DeliveryKey("s2", UUID(int=2))
        await outbox.settle([Settled(better, DeliveryState.REFUSED, "no")])
        [claim] = await outbox.claim(10)
        assert (claim.key.event_id.int, claim.has_better, claim.is_repeat) == (1, False, False)


async def test_orders_of_other_destinations_and_names_are_others(database: str) -> None:
    events = {"purchase": "Purchase", "checkout_complete": "Checkout"}
    await know(database, shop=shop(events=events), other=shop())
    await store(
        database,
        purchase(1, order_id="R1"),
        purchase(2, order_id="R1", event_type="checkout_complete"),
    )
    async with open_outbox(database) as outbox:
        assert [claim.has_better for claim in await outbox.claim(10)] == [False, False]


async def test_one_process_at_a_time_sends_to_a_destination(database: str) -> None:
    async with (
        open_outbox(database) as ours,
        own_connection(database, "test") as connection,
    ):
        theirs = Outbox(connection, "shop", UUID(int=78), has_whole_addresses=True)
        assert await ours.hold(30, None) is not None
        assert await theirs.hold(30, None) is None
        assert await ours.hold(30, None) is not None
        await ours.release()
        assert await theirs.hold(0, None) is not None  # for no time, as one that was killed
        assert await ours.hold(30, None) is not None
        await theirs.release()  # which it does not hold any more
        assert await theirs.hold(30, None) is None


async def test_a_failure_lets_the_destination_wait_and_one_to_mend_pauses_it(database: str) -> None:
    await know(database, shop=shop())
    async with open_outbox(database) as outbox:
        first = await outbox.hold(30, "raise the version")
        assert first is not None
        assert (first.wait_seconds, first.failures, first.is_paused) == (0, 0, False)
        await outbox.note_failure(Later("away"), 20)
        later = await outbox.hold(30, None)
        assert later is not None
        assert 15 < later.wait_seconds <= 20
        assert (later.failures, later.is_paused) == (1, False)
        await outbox.note_failure(Broken("revoked", "make another token"), 300)
        broken = await outbox.hold(30, "raise the version")
        assert broken is not None
        assert (broken.failures, broken.is_paused) == (2, True)
        async with own_connection(database, "test") as connection:
            [waiting] = await read_waiting(connection)
        assert (waiting.is_paused, waiting.reason, waiting.advice, waiting.warning) == (
            True,
            "revoked",
            "make another token",
            "raise the version",
        )
        assert waiting.is_held
        await outbox.note_taken()
        assert await outbox.hold(30, None) == first


async def test_a_destination_that_left_the_file_is_queued_for_no_more(database: str) -> None:
    await know(database, shop=shop())
    await store(database, purchase(1))
    await know(database, other=shop())
    await store(database, purchase(2))
    found = [(row["destination"], row["event_id"].int) for row in await deliveries(database)]
    assert found == [("other", 2), ("shop", 1)]


async def test_an_event_that_is_gone_is_claimed_without_one(database: str) -> None:
    await know(database, shop=shop())
    await store(database, purchase(1))
    await execute(database, "DELETE FROM conversion_events")
    async with open_outbox(database) as outbox:
        [claim] = await outbox.claim(1)
        assert claim.conversion is None
        assert HOLDER
