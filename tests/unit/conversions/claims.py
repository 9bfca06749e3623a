"""Claims for tests, and a platform that refuses nothing by itself."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from collector.conversions.claims import Claim, DeliveryKey
from collector.conversions.conversion import Answer, Conversion, Request, Taken
from collector.conversions.platform import Platform

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def conversion(number: int, **fields: Any) -> Conversion:
    """A purchase of ten euros with a number for an id."""
    least = Conversion(
        event_id=UUID(int=number),
        session_id=f"s{number}",
        event_type="purchase",
        name="Purchase",
        happened_at=NOON,
        currency="EUR",
    )
    return replace(least, **fields)


def claim(number: int, **fields: Any) -> Claim:
    """A claim of that purchase; `fields` are those of Claim."""
    told = conversion(number)
    least = Claim(
        key=DeliveryKey(told.session_id, told.event_id),
        conversion=told,
        happened_at=told.happened_at,
        is_repeat=False,
        has_better=False,
    )
    return replace(least, **fields)


class LenientPlatform(Platform):
    """Takes all from ten seconds to seven days old, three in a request, of one currency."""

    most_conversions = 3
    max_age = timedelta(days=7)
    min_age = timedelta(seconds=10)

    def fault_of(self, conversion: Conversion) -> str | None:
        return "no value" if conversion.value is not None and conversion.value < 0 else None

    def group_of(self, conversion: Conversion) -> Hashable:
        return conversion.currency

    async def authorize(self) -> Mapping[str, str]:
        return {}

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        return Request("http://127.0.0.1", headers, b"")

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        return Taken()
