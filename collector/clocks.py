"""Which times of a device's clock are believed, and what a wrong clock is corrected by. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collector.event import Mark

# No browser that sends events is older, and no clock that is right is further ahead.
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
MAX_AHEAD = timedelta(days=1)
# What lies between sending and receipt, up to here, is the way of the request. To correct by
# it would put events of one device into another order.
MAX_TRANSIT = timedelta(minutes=5)

MIN_TRANSIT = -MAX_TRANSIT
AT_ONCE = timedelta()

BELIEVED: tuple[Mark, ...] = ()
CORRECTED = (Mark.CLOCK_CORRECTED,)
NOT_BELIEVED = (Mark.TIME_NOT_BELIEVED,)


def settle_time(
    occurred_at: datetime, sent_at: datetime | None, received_at: datetime
) -> tuple[datetime | None, tuple[Mark, ...]]:
    """When an event occurred, None where it cannot be known; and the marks for it.

    The device's clock at sending says how far it is off, so long as the event did not occur
    after it was sent, which says that the clock was set in between. Without sent_at a clock
    that is behind cannot be told from an event that waited, and is believed.
    """
    if sent_at is not None and not MIN_TRANSIT <= received_at - sent_at <= MAX_TRANSIT:
        waited = sent_at - occurred_at
        if MIN_TRANSIT <= waited <= received_at - EARLIEST:
            return received_at - max(waited, AT_ONCE), CORRECTED
    # The first comparison is nearly always enough, and costs less than to add.
    if occurred_at <= received_at or occurred_at <= received_at + MAX_AHEAD:
        return (occurred_at, BELIEVED) if occurred_at >= EARLIEST else (None, NOT_BELIEVED)
    return None, NOT_BELIEVED
