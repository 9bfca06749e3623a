"""Which times of a device are believed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.clocks import EARLIEST, MAX_AHEAD, MAX_TRANSIT, settle_time
from collector.event import Mark

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3_600, 86_400))
YEAR = 365 * DAY
NONE: tuple[Mark, ...] = ()
CORRECTED, NOT_BELIEVED = (Mark.CLOCK_CORRECTED,), (Mark.TIME_NOT_BELIEVED,)
IN_1970 = datetime(1970, 1, 1, 0, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("occurred_at", "sent_at", "settled"),
    [
        # A clock that is right: what lies between is transit, or an offline browser.
        (NOW - SECOND, NOW - SECOND, (NOW - SECOND, NONE)),
        (NOW - 4 * MINUTE, NOW - 4 * MINUTE, (NOW - 4 * MINUTE, NONE)),
        (NOW + 2 * SECOND, NOW + 2 * SECOND, (NOW + 2 * SECOND, NONE)),
        (NOW - 3 * DAY, NOW - SECOND, (NOW - 3 * DAY, NONE)),
        # A clock that is off.
        (NOW - YEAR - SECOND, NOW - YEAR, (NOW - SECOND, CORRECTED)),
        (NOW + YEAR - HOUR, NOW + YEAR, (NOW - HOUR, CORRECTED)),
        (NOW - 6 * MINUTE, NOW - 6 * MINUTE, (NOW, CORRECTED)),
        (NOW + 6 * MINUTE, NOW + 6 * MINUTE, (NOW, CORRECTED)),
        (NOW - 5 * HOUR, NOW - 5 * HOUR, (NOW, CORRECTED)),
        (IN_1970, IN_1970 + 5 * SECOND, (NOW - 5 * SECOND, CORRECTED)),
        # sent_at in whole seconds may be before occurred_at.
        (NOW - YEAR + SECOND / 2, NOW - YEAR, (NOW, CORRECTED)),
        # A clock that was set before the event was sent, or after.
        (IN_1970, NOW, (None, NOT_BELIEVED)),
        (NOW + YEAR, NOW, (None, NOT_BELIEVED)),
        (NOW - HOUR, IN_1970, (NOW - HOUR, NONE)),
        (NOW - HOUR, datetime.max.replace(tzinfo=UTC), (NOW - HOUR, NONE)),
        # Without sent_at.
        (NOW - YEAR, None, (NOW - YEAR, NONE)),
        (NOW + DAY, None, (NOW + DAY, NONE)),
        (NOW + DAY + SECOND, None, (None, NOT_BELIEVED)),
        (EARLIEST, None, (EARLIEST, NONE)),
        (EARLIEST - SECOND, None, (None, NOT_BELIEVED)),
        (IN_1970, None, (None, NOT_BELIEVED)),
    ],
)
def test_a_time_is_believed_corrected_or_left_out(
    occurred_at: datetime,
    sent_at: datetime | None,
    settled: tuple[datetime | None, tuple[Mark, ...]],
) -> None:
    assert settle_time(occurred_at, sent_at, NOW) == settled


times = st.datetimes(timezones=st.just(UTC))


@given(times, times | st.none())
def test_any_time_is_one_that_a_browser_can_have_or_none(
    occurred_at: datetime, sent_at: datetime | None
) -> None:
    time, marks = settle_time(occurred_at, sent_at, NOW)
    assert time is None or EARLIEST <= time <= NOW + MAX_AHEAD
    assert (time == occurred_at) or marks


@given(
    st.timedeltas(timedelta(), 30 * DAY),
    st.timedeltas(-30 * YEAR, 30 * YEAR).filter(lambda off: abs(off) > MAX_TRANSIT),
)
def test_however_wrong_a_clock_is_an_event_keeps_how_long_it_waited(
    waited: timedelta, off: timedelta
) -> None:
    assert settle_time(NOW + off - waited, NOW + off, NOW) == (NOW - waited, CORRECTED)
