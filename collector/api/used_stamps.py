"""Which stamps this process has believed: each is good for one request. Pure.

Other processes do not know of it (docs/production.md, "Whom the collector believes").
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from collector.api.stamp import Stamp

SLICE_MS = 10_000

# 20 MB; at 437 requests a second all that are fresh, at 2,000 those of a minute.
MOST_REMEMBERED = 131_072


class Use(StrEnum):
    """Whether a stamp may be believed; the values are labels of a metric."""

    FIRST = "first"
    AGAIN = "used"
    FORGOTTEN = "forgotten"


class UsedStamps:
    """The requests whose stamps were believed, by slices of the time at which they were signed.

    They are remembered as long as their stamps are fresh, `max_age`. Where there are more than
    `most`, the oldest slice is forgotten, and no stamp of its time is believed any more: honest
    requests arrive much sooner.
    """

    def __init__(self, max_age: timedelta, most: int = MOST_REMEMBERED) -> None:
        self._max_age_ms = max_age // timedelta(milliseconds=1)
        self._most = most
        self._slices: dict[int, set[int]] = {}
        self.count = 0
        self._first_known = 0

    def use(self, stamp: Stamp, now: datetime) -> Use:
        """Remember that the request of a fresh stamp, bound to its request, came."""
        number = _milliseconds(stamp.received_at) // SLICE_MS
        if number < self._first_known:
            return Use.FORGOTTEN
        used = self._slices.get(number)
        if used is None:
            self._forget_expired(now)
            used = self._slices[number] = set()
        # 64 bits, of a hash that nobody outside knows, in place of 32 letters.
        key, before = hash(stamp.request_id), len(used)
        used.add(key)
        if len(used) == before:
            return Use.AGAIN
        self.count += 1
        if self.count > self._most:
            self._forget_oldest()
        return Use.FIRST

    def _forget_expired(self, now: datetime) -> None:
        oldest_fresh = (_milliseconds(now) - self._max_age_ms) // SLICE_MS
        for number in [number for number in self._slices if number < oldest_fresh]:
            self._forget(number)

    def _forget_oldest(self) -> None:
        oldest = min(self._slices)
        self._forget(oldest)
        self._first_known = oldest + 1

    def _forget(self, number: int) -> None:
        self.count -= len(self._slices.pop(number))


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
