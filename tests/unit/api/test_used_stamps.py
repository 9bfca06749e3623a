"""Each stamp is good for one request, in bounded memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api.stamp import Stamp
from collector.api.used_stamps import MOST_REMEMBERED, Use, UsedStamps

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MAX_AGE = timedelta(seconds=300)


def stamp(request_id: str, seconds: float = 0) -> Stamp:
    """A stamp that was made so many seconds after NOW."""
    return Stamp("203.0.113.7", NOW + timedelta(seconds=seconds), request_id)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_stamp_is_believed_once() -> None:
    used = UsedStamps(MAX_AGE)
    assert used.use(stamp("a"), NOW) is Use.FIRST
    assert used.use(stamp("b"), NOW) is Use.FIRST
    assert used.use(stamp("a"), NOW) is Use.AGAIN
    assert used.use(stamp("a"), NOW) is Use.AGAIN


@pytest.mark.parametrize("age", [0, 9.999, 150, 290, 300])
def test_it_is_remembered_as_long_as_it_is_fresh(age: float) -> None:
    used = UsedStamps(MAX_AGE)
    assert used.use(stamp("a"), NOW) is Use.FIRST
    assert used.use(stamp("b", age), after(age)) is Use.FIRST  # a new slice forgets older ones
    assert used.use(stamp("a"), after(age)) is Use.AGAIN


def test_a_gateway_whose_clock_is_ahead_or_behind_is_believed() -> None:
    used = UsedStamps(MAX_AGE)
    for seconds in (0, 299, -299, 120, -10):
        assert used.use(stamp(f"at {seconds}", seconds), NOW) is Use.FIRST
        assert used.use(stamp(f"at {seconds}", seconds), NOW) is Use.AGAIN


def test_where_there_are_too_many_no_stamp_of_a_forgotten_time_is_believed() -> None:
    used = UsedStamps(MAX_AGE, most=2)
    for number in range(3):
        assert used.use(stamp(f"early {number}"), NOW) is Use.FIRST
    assert used.use(stamp("early 0"), after(1)) is Use.FORGOTTEN
    assert used.use(stamp("early 9"), after(1)) is Use.FORGOTTEN
    assert used.use(stamp("late", 10), after(10)) is Use.FIRST
    assert used.use(stamp("late", 10), after(10)) is Use.AGAIN


def test_hours_of_traffic_hold_no_more_than_five_minutes_of_it() -> None:
    used = UsedStamps(MAX_AGE)
    for second in range(7_200):
        assert used.use(stamp(str(second), second), after(second)) is Use.FIRST
    assert 300 <= used.count <= 320


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),  # which request
            st.integers(-400, 900),  # when it was stamped
            st.integers(0, 40),  # seconds until it comes
        ),
        max_size=60,
    ),
    st.integers(1, 20),
)
def test_whatever_comes_no_stamp_is_believed_twice_and_the_bound_holds(
    coming: list[tuple[int, int, int]], most: int
) -> None:
    used = UsedStamps(MAX_AGE, most)
    believed: set[Stamp] = set()
    seconds = 0
    for number, stamped_at, passed in coming:
        seconds += passed
        if abs(seconds - stamped_at) > MAX_AGE.total_seconds():
            continue  # verify_stamp refuses it
        one = stamp(f"request {number} of {stamped_at}", stamped_at)
        if used.use(one, after(seconds)) is Use.FIRST:
            assert one not in believed
            believed.add(one)
        assert used.count <= most


def test_a_minute_at_2000_requests_a_second_is_remembered() -> None:
    assert MOST_REMEMBERED >= 60 * 2_000
