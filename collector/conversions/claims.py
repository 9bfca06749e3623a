"""Deliveries that are due, and what is to become of each. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from collector.conversions.conversion import Conversion
from collector.conversions.platform import Platform

# How long an event waits for what becomes of another of its order, until it is looked at again.
BETTER_WAIT = timedelta(seconds=30)


class DeliveryState(StrEnum):
    """What became of an event at a destination (docs/conversions.md#states)."""

    PENDING = "pending"  # it waits to be sent
    SENT = "sent"  # the platform has taken it
    REPEAT = "repeat"  # another event of its order was sent
    REFUSED = "refused"  # the platform takes it never, or would not
    EXPIRED = "expired"  # older than the platform takes
    SUPPRESSED = "suppressed"  # it must not be sent: a bot, no consent, not through the gateway


class DeliveryKey(NamedTuple):
    """What tells a delivery from the others of its destination."""

    session_id: str
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is due."""

    key: DeliveryKey
    conversion: Conversion | None  # None where the event is stored no more
    happened_at: datetime
    is_repeat: bool
    has_better: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a delivery."""

    key: DeliveryKey
    state: DeliveryState
    reason: str | None = None
    remote_id: str | None = None


class Wait(NamedTuple):
    """A delivery that is looked at again later."""

    key: DeliveryKey
    until: datetime


@dataclass(frozen=True, slots=True)
class Sorted:
    """Claims by what is to be done with them."""

    to_send: Sequence[Claim]
    waits: Sequence[Wait]
    settled: Sequence[Settled]


def read_claim(row: Mapping[str, Any], has_whole_addresses: bool) -> Claim:
    """The claim of a row of claim_deliveries.sql."""
    key = DeliveryKey(row["session_id"], row["event_id"])
    conversion = None if row["id"] is None else read_conversion(row, has_whole_addresses)
    return Claim(key, conversion, row["happened_at"], row["is_repeat"], row["has_better"])


def read_conversion(row: Mapping[str, Any], has_whole_addresses: bool) -> Conversion:
    """What the platform is told of it.

    Address and User-Agent of an event without a page are those of a server that told of it.
    """
    is_of_page = row["page_url"] is not None
    return Conversion(
        event_id=row["event_id"],
        session_id=row["session_id"],
        event_type=row["event_type"],
        name=row["name"],
        happened_at=row["happened_at"],
        currency=row["currency"],
        value=row["conversion_value"],
        order=row["order_id"],
        page_url=row["page_url"],
        referrer=row["referrer"],
        user_agent=row["user_agent"] if is_of_page else None,
        ip_address=row["ip_address"] if is_of_page and has_whole_addresses else None,
        user_id=row["user_id"],
        visitor_id=row["visitor_id"],
        ga_client_id=row["ga_client_id"],
        ga_session_id=row["ga_session_id"],
        fbp=row["fbp"],
        fbc=row["fbc"],
        click_ids=read_texts(row["click_ids"]),
        consent=read_texts(row["consent"]),
        user_data=read_texts(row["user_data"]),
    )


def read_texts(value: str | None) -> dict[str, str]:
    """An object of texts, as Postgres hands it out."""
    return json.loads(value) if value else {}


def sort_claims(claims: Iterable[Claim], platform: Platform, now: datetime) -> Sorted:
    """What is to be sent, what waits, and what is settled."""
    to_send: list[Claim] = []
    waits: list[Wait] = []
    settled: list[Settled] = []
    for claim in claims:
        until = claim.happened_at + platform.min_age
        if claim.has_better:
            until = max(until, now + BETTER_WAIT)
        if found := settle_before(claim, platform, now):
            settled.append(found)
        elif until > now:
            waits.append(Wait(claim.key, until))
        else:
            to_send.append(claim)
    return Sorted(to_send, waits, settled)


def settle_before(claim: Claim, platform: Platform, now: datetime) -> Settled | None:
    """What is known of a claim before it is sent; None where it is to be sent."""
    if claim.is_repeat:
        return Settled(claim.key, DeliveryState.REPEAT, "another event of the order was sent")
    if claim.conversion is None:
        return Settled(claim.key, DeliveryState.REFUSED, "the event is stored no more")
    if now - claim.happened_at > platform.max_age:
        return Settled(claim.key, DeliveryState.EXPIRED, f"older than {days(platform.max_age)}")
    fault = platform.fault_of(claim.conversion)
    return Settled(claim.key, DeliveryState.REFUSED, fault) if fault else None


def days(age: timedelta) -> str:
    """An age in words."""
    return f"{age.total_seconds() / 86_400:g} days"
