"""What each platform is to who sends."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from collector.conversions.conversion import Answer, Broken, Conversion, Later, Request


class NotAuthorized(Exception):
    """There is no token for the platform now. `answer` says whether that passes by itself."""

    def __init__(self, answer: Broken | Later) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class Platform(Protocol):
    """One destination's side of a platform: pure but for `authorize`."""

    most_conversions: int  # in one request
    max_age: timedelta  # older ones are refused there, or given another time
    min_age: timedelta = timedelta(0)  # younger ones must wait: the platform could not place them

    def group_of(self, conversion: Conversion) -> Hashable:
        """Only conversions of which this is the same may share a request."""
        return None

    def version_warning(self, now: datetime) -> str | None:
        """What is said of a version that the platform will soon answer no more."""
        return None

    def fault_of(self, conversion: Conversion) -> str | None:
        """Why the platform would refuse it for ever, where that can be known before."""

    async def authorize(self) -> Mapping[str, str]:
        """The headers that say who sends. Raises NotAuthorized."""

    def request(
        self, conversions: Sequence[Conversion], headers: Mapping[str, str], now: datetime
    ) -> Request:
        """The request that tells of them, with the headers of `authorize`."""

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """What an answer means. `headers` have names in lower case."""
