"""Ranges, buckets and what is compared with what, in any time zone."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.reports.errors import QuestionError
from collector.reports.period import (
    Comparison,
    Period,
    Unit,
    begins_bucket,
    bucket_edges,
    compare_with,
    find_zone,
    parse_edges,
    parse_moment,
    parse_period,
    usual_unit,
)
from collector.settings import known_zones

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday

ZONES = st.sampled_from(sorted(known_zones())).map(ZoneInfo)
MOMENTS = st.integers(0, 70 * 366 * 24 * 3600).map(lambda s: datetime.fromtimestamp(s, UTC))


def text_of(period: Period) -> str:
    """By the clock on the wall: '2026-11-01 2026-12-01', with times where they are no dates."""
    return " ".join(
        f"{edge:%Y-%m-%d}" if (edge.hour, edge.minute) == (0, 0) else f"{edge:%Y-%m-%dT%H:%M}"
        for edge in (period.start, period.end)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2026-11-22 2026-11-23"),
        ("yesterday", "2026-11-21 2026-11-22"),
        ("1d", "2026-11-22 2026-11-23"),
        ("7d", "2026-11-16 2026-11-23"),
        ("week", "2026-11-16 2026-11-23"),
        ("month", "2026-11-01 2026-12-01"),
        ("year", "2026-01-01 2027-01-01"),
        ("2025", "2025-01-01 2026-01-01"),
        ("2026-12", "2026-12-01 2027-01-01"),
        ("2026-11-05", "2026-11-05 2026-11-06"),
        (" Today ", "2026-11-22 2026-11-23"),
    ],
)
def test_a_short_text_says_a_range(text: str, expected: str) -> None:
    assert text_of(parse_period(text, BERLIN, NOW)) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13", "2026-02-30", "d", "-7d", "99999d", "0000", "9999", "²d", "٣d"]
)
def test_what_is_no_range_is_said_with_those_that_are(text: str) -> None:
    with pytest.raises(QuestionError, match="range"):
        parse_period(text, BERLIN, NOW)


@given(st.text() | st.from_regex(r"[0-9d-]{1,10}", fullmatch=True), ZONES)
def test_any_text_is_a_range_or_a_question_error(text: str, zone: ZoneInfo) -> None:
    try:
        period = parse_period(text, zone, NOW)
    except QuestionError:
        return
    assert period.start.astimezone(UTC) < period.end


@given(st.text() | st.from_regex(r"[0-9T:+Z-]{1,20}", fullmatch=True), ZONES)
def test_any_text_is_a_moment_or_a_question_error(text: str, zone: ZoneInfo) -> None:
    with suppress(QuestionError):
        assert parse_moment(text, zone).tzinfo is zone


def test_the_days_are_those_of_the_zone() -> None:
    late = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    assert text_of(parse_period("today", ZoneInfo("Asia/Kathmandu"), late)).startswith("2026-11-23")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "+05:00", "utc; DROP TABLE x", "../passwd"])
def test_an_unknown_zone_is_said_with_one_that_is_known(name: str) -> None:
    with pytest.raises(QuestionError, match="Europe/Berlin"):
        find_zone(name)


def test_a_range_that_ends_before_it_begins_is_none() -> None:
    with pytest.raises(QuestionError, match="before it begins"):
        parse_edges("2026-11-02", "2026-11-01", BERLIN)


def test_a_range_of_more_than_ten_years_is_none() -> None:
    with pytest.raises(QuestionError, match="longer than"):
        parse_edges("2006-11-02", "2026-11-01", BERLIN)


def test_a_range_inside_the_hour_that_comes_twice_ends_after_it_begins() -> None:
    twice = parse_edges("2026-10-25T02:30+02:00", "2026-10-25T02:10+01:00", BERLIN)
    assert twice.end.astimezone(UTC) - twice.start.astimezone(UTC) == timedelta(minutes=40)


def test_a_time_that_a_clock_change_skips_is_moved_on() -> None:
    assert parse_moment("2026-03-29T02:30", BERLIN).isoformat() == "2026-03-29T03:30:00+02:00"


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-11-22", "Europe/Berlin", 24),
        ("2026-11-22", "Asia/Kathmandu", 24),  # +05:45
        ("2026-11-22", "Asia/Tehran", 24),  # +03:30
        ("2026-10-04", "Australia/Lord_Howe", 24),  # 23:30 hours: the clock goes on by half an hour
        ("2026-04-05", "Australia/Lord_Howe", 25),  # 24:30 hours
    ],
)
def test_a_day_has_as_many_buckets_as_it_has_hours(day: str, zone: str, hours: int) -> None:
    period = parse_period(day, ZoneInfo(zone), NOW)
    assert len(bucket_edges(period, Unit.HOUR)) == hours


def test_an_hour_that_comes_twice_is_two_buckets() -> None:
    edges = bucket_edges(parse_period("2026-10-25", BERLIN, NOW), Unit.HOUR)
    assert [edge.isoformat() for edge in edges[1:5]] == [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_a_range_up_to_the_second_of_them_has_the_first() -> None:
    period = parse_edges("2026-10-25T01:00+02:00", "2026-10-25T02:00+01:00", BERLIN)
    assert [edge.hour for edge in bucket_edges(period, Unit.HOUR)] == [1, 2]


def test_buckets_begin_with_the_hours_of_the_zone() -> None:
    period = parse_period("2026-11-22", ZoneInfo("Asia/Kathmandu"), NOW)
    first, second, *_ = bucket_edges(period, Unit.HOUR)
    assert first.astimezone(UTC).isoformat() == "2026-11-21T18:15:00+00:00"
    assert second.isoformat() == "2026-11-22T01:00:00+05:45"


@pytest.mark.parametrize(
    ("unit", "edges"),
    [
        (Unit.WEEK, ["2026-10-30", "2026-11-02", "2026-11-09"]),
        (Unit.MONTH, ["2026-10-30", "2026-11-01"]),
    ],
)
def test_weeks_begin_on_monday_and_months_on_their_first(unit: Unit, edges: list[str]) -> None:
    period = parse_edges("2026-10-30", "2026-11-11", BERLIN)
    assert [f"{edge:%Y-%m-%d}" for edge in bucket_edges(period, unit)] == edges


@given(MOMENTS, st.integers(1, 60 * 24 * 40), ZONES, st.sampled_from(Unit))
def test_buckets_follow_each_other_and_none_is_longer_than_its_unit(
    start: datetime, minutes: int, zone: ZoneInfo, unit: Unit
) -> None:
    end = start + timedelta(minutes=minutes)
    period = Period(start.astimezone(zone), end.astimezone(zone), zone)
    edges = [edge.astimezone(UTC) for edge in bucket_edges(period, unit)]
    assert edges[0] == start
    most = {Unit.HOUR: 1, Unit.DAY: 49, Unit.WEEK: 8 * 24, Unit.MONTH: 32 * 24}[unit]
    for edge, following in pairwise([*edges, end]):
        assert timedelta(0) < following - edge <= timedelta(hours=most)
    assert all(begins_bucket(edge.astimezone(zone), unit, zone) for edge in edges[1:])


def test_more_buckets_than_a_chart_can_show_are_refused() -> None:
    with pytest.raises(QuestionError, match="wider unit"):
        bucket_edges(parse_period("2026", BERLIN, NOW), Unit.HOUR)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("today", Unit.HOUR), ("30d", Unit.DAY), ("year", Unit.WEEK), ("900d", Unit.MONTH)],
)
def test_a_range_is_mostly_looked_at_in_some_dozens_of_buckets(text: str, unit: Unit) -> None:
    assert usual_unit(parse_period(text, BERLIN, NOW)) is unit


LATER = datetime(2030, 1, 1, tzinfo=UTC)
AFTER_CHANGE = datetime(2026, 10, 26, 12, tzinfo=UTC)
IN_SKIPPED = datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "comparison", "now", "expected"),
    [
        # Of days as many days before.
        ("2026-11-05", "previous", LATER, "2026-11-04 2026-11-05"),
        ("7d", "previous", NOW, "2026-11-09 2026-11-15T13:00"),  # running: up to the same time
        ("today", "previous", NOW, "2026-11-21 2026-11-21T13:00"),
        # Of months the months before, whatever their lengths.
        ("2026-11", "previous", LATER, "2026-10-01 2026-11-01"),
        ("2026-03", "previous", LATER, "2026-02-01 2026-03-01"),
        ("2026", "previous", LATER, "2025-01-01 2026-01-01"),
        ("month", "previous", NOW, "2026-10-01 2026-10-22T13:00"),
        ("month", "previous", datetime(2026, 3, 30, 12, tzinfo=UTC), "2026-02-01 2026-03-01"),
        # The same days of the week.
        ("2026-11-05", "previous_weekday", LATER, "2026-10-29 2026-10-30"),
        ("30d", "previous_weekday", LATER, "2029-10-29 2029-11-27T01:00"),
        ("2026-11-05", "year_weekday", LATER, "2025-11-06 2025-11-07"),
        # The same dates.
        ("2026-11", "year", LATER, "2025-11-01 2025-12-01"),
        ("today", "year", NOW, "2025-11-22 2025-11-22T13:00"),
        ("2028-02", "year", LATER, "2027-02-01 2027-03-01"),
        ("2028-02-28", "year", LATER, "2027-02-28 2027-03-01"),
        ("2028-02-29", "year", LATER, "2027-02-28 2027-03-01"),
        ("today", "year", datetime(2028, 2, 29, 12, tzinfo=UTC), "2027-02-28 2027-02-28T13:00"),
        # A clock change between the two: the same time by the clock on the wall.
        ("2026-10-26", "previous_weekday", LATER, "2026-10-19 2026-10-20"),
        ("today", "previous", AFTER_CHANGE, "2026-10-25 2026-10-25T13:00"),
        # The hour that the day before skipped.
        ("today", "previous", IN_SKIPPED, "2026-03-29 2026-03-29T03:30"),
    ],
)  # fmt: skip
def test_what_a_range_is_compared_with(
    text: str, comparison: str, now: datetime, expected: str
) -> None:
    period = parse_period(text, BERLIN, now)
    assert text_of(compare_with(period, Comparison(comparison), now)) == expected


@given(MOMENTS, st.integers(1, 60 * 24 * 500), ZONES, st.sampled_from(Comparison), MOMENTS)
def test_what_is_compared_with_is_before_and_not_empty(
    start: datetime, minutes: int, zone: ZoneInfo, comparison: Comparison, now: datetime
) -> None:
    end = start + timedelta(minutes=minutes)
    period = Period(start.astimezone(zone), end.astimezone(zone), zone)
    earlier = compare_with(period, comparison, now)
    assert earlier.start.astimezone(UTC) < earlier.end
    assert earlier.start.astimezone(UTC) < start


def test_there_is_nothing_before_the_begin_of_the_calendar() -> None:
    period = parse_edges("0001-01-02", "0001-01-03", ZoneInfo("UTC"))
    with pytest.raises(QuestionError, match="no such time"):
        compare_with(period, Comparison.YEAR, NOW)
