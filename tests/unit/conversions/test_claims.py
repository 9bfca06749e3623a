"""What is to become of a claim is known before it is sent, where it can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from collector.conversions.claims import BETTER_WAIT, Claim, DeliveryState, read_claim, sort_claims
from tests.unit.conversions.claims import NOON, LenientPlatform, claim, conversion

WEEK = timedelta(days=7)
TEN = timedelta(seconds=10)


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (claim(1, is_repeat=True), DeliveryState.REPEAT),
        (claim(1, conversion=None), DeliveryState.REFUSED),
        (claim(1, happened_at=NOON - WEEK - timedelta(seconds=1)), DeliveryState.EXPIRED),
        (claim(1, conversion=conversion(1, value=Decimal(-1))), DeliveryState.REFUSED),
        (claim(1, is_repeat=True, has_better=True), DeliveryState.REPEAT),
    ],
    ids=["repeat", "event gone", "too old", "platform would refuse", "repeat with a better one"],
)
def test_what_is_known_before_is_settled_with_a_reason(one: Claim, state: DeliveryState) -> None:
    found = sort_claims([one], LenientPlatform(), NOON)
    assert [settled.state for settled in found.settled] == [state]
    assert found.settled[0].reason
    assert not found.to_send
    assert not found.waits


def test_an_order_with_a_better_event_waits_and_so_does_one_that_is_too_young() -> None:
    better = claim(1, has_better=True, happened_at=NOON - WEEK)
    young = claim(2, happened_at=NOON - timedelta(seconds=9))
    oldest, youngest = claim(3, happened_at=NOON - WEEK), claim(4, happened_at=NOON - TEN)
    found = sort_claims([better, young, oldest, youngest], LenientPlatform(), NOON)
    assert [(wait.key, wait.until - NOON) for wait in found.waits] == [
        (better.key, BETTER_WAIT),
        (young.key, timedelta(seconds=1)),
    ]
    assert found.to_send == [oldest, youngest]
    assert not found.settled


ROW: dict[str, Any] = {
    "session_id": "s1",
    "event_id": conversion(1).event_id,
    "id": conversion(1).event_id,
    "event_type": "purchase",
    "name": "Purchase",
    "happened_at": NOON,
    "user_data": '{"email": "jane@example.com"}',
    "is_repeat": False,
    "has_better": False,
    "currency": "EUR",
    "conversion_value": Decimal("9.99"),
    "order_id": "R1",
    "page_url": "https://shop.example/thanks",
    "referrer": None,
    "user_agent": None,
    "ip_address": "198.51.100.7",
    "user_id": None,
    "visitor_id": None,
    "ga_client_id": None,
    "ga_session_id": None,
    "click_ids": '{"gclid": "Cj0"}',
    "consent": None,
    "fbp": None,
    "fbc": None,
}


def test_a_row_is_read_as_the_platforms_are_told_of_it() -> None:
    told = read_claim(ROW, has_whole_addresses=True).conversion
    assert told == replace(
        conversion(1),
        value=Decimal("9.99"),
        order="R1",
        page_url="https://shop.example/thanks",
        ip_address="198.51.100.7",
        click_ids={"gclid": "Cj0"},
        user_data={"email": "jane@example.com"},
    )


def test_an_address_that_is_not_stored_whole_is_told_to_nobody() -> None:
    told = read_claim(ROW, has_whole_addresses=False).conversion
    assert told is not None
    assert told.ip_address is None


def test_of_a_server_that_tells_of_an_event_neither_address_nor_user_agent_is_told() -> None:
    row = ROW | {"page_url": None, "user_agent": "shop/1.0"}
    told = read_claim(row, has_whole_addresses=True).conversion
    assert told is not None
    assert (told.ip_address, told.user_agent) == (None, None)
