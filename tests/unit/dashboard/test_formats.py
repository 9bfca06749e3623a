"""Numbers, times and changes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.dashboard.formats import (
    Change,
    Direction,
    compare_numbers,
    shorten,
    shorten_amount,
    write_amount,
    write_bucket,
    write_cell,
    write_count,
    write_period,
    write_seconds,
    write_share,
    write_short_time,
    write_tick,
)
from collector.reports.catalog import Kind
from collector.reports.period import Period, Unit

AMOUNTS = st.decimals(0, 10**15, allow_nan=False, places=2)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (12_345, "12.3k"),
        (123_456, "123k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_234_567, "1.23M"),
        (12_345_678, "12.3M"),
        (4_560_000_000, "4.56B"),
        (7_000_000_000_000, "7.00T"),
        (10**18, "1,000,000T"),
        (-12_345, "−12.3k"),
    ],
)
def test_a_headline_shows_three_digits_that_matter(number: int, text: str) -> None:
    assert shorten(number) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("0", "0%"),
        ("0.0001", "<0.1%"),
        ("0.001", "0.1%"),
        ("0.0312", "3.1%"),
        ("0.5", "50%"),
        ("0.9996", "99.9%"),
        ("1", "100%"),
        ("1.039", "103.9%"),
        ("12.5", "1,250%"),
    ],
)
def test_a_share_that_is_not_nothing_or_all_does_not_look_so(share: str, text: str) -> None:
    assert write_share(Decimal(share)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "EUR", "€1,234.50"),
        ("-130.5", "USD", "−$130.50"),
        ("244100", "JPY", "¥244,100"),
        ("1.5", "KWD", "KWD\u00a01.500"),
        ("-2", "CHF", "−CHF\u00a02.00"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(amount: str, currency: str, text: str) -> None:
    assert write_amount(Decimal(amount), currency) == text


def test_a_large_amount_is_shortened_in_a_headline() -> None:
    assert shorten_amount(Decimal("9999.99"), "EUR") == "€9,999.99"
    assert shorten_amount(Decimal("11541"), "USD") == "$11.5k"
    assert shorten_amount(Decimal("11541"), "CHF") == "CHF\u00a011.5k"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        ("59.4", "59s"),
        ("59.5", "1m 00s"),
        (83, "1m 23s"),
        (7_500, "2h 05m"),
        (273_600, "3d 4h"),
    ],
)
def test_a_duration_shows_its_two_largest_units(seconds: str | int, text: str) -> None:
    assert write_seconds(Decimal(seconds)) == text


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (None, Kind.SHARE, "–"),
        (1_234, Kind.COUNT, "1,234"),
        (Decimal("5.957"), Kind.NUMBER, "5.96"),
        (Decimal("0.031"), Kind.SHARE, "3.1%"),
        (2_500_000, Kind.CREDIT, "2.50"),
        (3_000_000, Kind.CREDIT, "3"),
        (True, Kind.FLAG, "yes"),
        (["Email", "Direct"], Kind.LIST, "Email > Direct"),
        (datetime(2026, 11, 5, 14, 3, 9, tzinfo=UTC), Kind.TIME, "5 Nov 2026, 14:03:09"),
        ("<b>", Kind.TEXT, "<b>"),
    ],
)
def test_each_kind_of_cell_has_its_form(cell: object, kind: Kind, text: str) -> None:
    assert write_cell(cell, kind) == text


def test_an_amount_that_is_not_there_is_not_zero() -> None:
    assert write_cell({"EUR": Decimal(1)}, Kind.MONEY, "USD") == "–"
    assert write_cell(None, Kind.MONEY, "USD") == "–"


@pytest.mark.parametrize(
    ("first", "after", "text"),
    [
        ("2026-11-05", "2026-11-06", "Thu 5 Nov 2026"),
        ("2026-11-01", "2026-12-01", "1 – 30 Nov 2026"),
        ("2026-10-31", "2026-11-30", "31 Oct – 29 Nov 2026"),
        ("2025-12-30", "2026-01-03", "30 Dec 2025 – 2 Jan 2026"),
        ("2026-10-01", "2026-10-30T02:46", "1 – 30 Oct 2026, to 02:46"),
        ("2026-10-01T08:00", "2026-10-02T09:30", "1 Oct 2026, 08:00 – 2 Oct 2026, 09:30"),
    ],
)
def test_a_range_is_said_without_what_both_dates_have(first: str, after: str, text: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    start, end = (datetime.fromisoformat(one).replace(tzinfo=zone) for one in (first, after))
    assert write_period(Period(start, end, zone)) == text


@pytest.mark.parametrize(
    ("unit", "bucket", "tick"),
    [
        (Unit.HOUR, "Thu 5 Nov, 14:00", "14:00"),
        (Unit.DAY, "Thu 5 Nov 2026", "5 Nov"),
        (Unit.WEEK, "week from 5 Nov 2026", "5 Nov"),
        (Unit.MONTH, "November 2026", "Nov 2026"),
    ],
)
def test_a_point_of_a_trend_says_what_it_is_of(unit: Unit, bucket: str, tick: str) -> None:
    start = datetime(2026, 11, 5, 14, tzinfo=UTC)
    assert write_bucket(start, unit) == bucket
    assert write_tick(start, unit) == tick


def test_a_time_in_a_list_leaves_the_year_to_its_title() -> None:
    assert write_short_time(datetime(2026, 11, 5, 14, 3, 9, tzinfo=UTC)) == "5 Nov, 14:03:09"


@pytest.mark.parametrize(
    ("now", "before", "kind", "text", "is_good"),
    [
        (110, 100, Kind.COUNT, "+10.0%", True),
        (90, 100, Kind.COUNT, "−10.0%", False),
        (100, 100, Kind.COUNT, "0%", None),
        (1_619, 100, Kind.COUNT, "+1,519%", True),
        (5, 0, Kind.COUNT, "new", None),
        ("0.031", "0.028", Kind.SHARE, "+0.3 pts", True),
        ("0.028", "0.031", Kind.SHARE, "−0.3 pts", False),
        (50, -100, Kind.COUNT, "+150%", True),
    ],
)
def test_a_change_is_a_part_of_the_number_before(
    now: int | str,
    before: int | str,
    kind: Kind,
    text: str,
    is_good: bool | None,
) -> None:
    change = compare_numbers(Decimal(now), Decimal(before), kind, counted=100)
    assert change is not None
    assert (change.text, change.is_good) == (text, is_good)


def test_less_of_what_is_bad_is_good() -> None:
    change = compare_numbers(
        Decimal("0.3"), Decimal("0.4"), Kind.SHARE, counted=100, less_is_better=True
    )
    assert change == Change("−10.0 pts", "down 10.0 points", Direction.DOWN, True, False)


def test_a_change_of_few_is_marked() -> None:
    few = compare_numbers(2, 1, Kind.COUNT, counted=9)
    many = compare_numbers(20, 10, Kind.COUNT, counted=10)
    assert few is not None
    assert few.is_small
    assert many is not None
    assert not many.is_small


@pytest.mark.parametrize(("now", "before"), [(None, 1), (1, None), (0, 0)])
def test_there_is_no_change_where_nothing_is_known_or_was(
    now: int | None, before: int | None
) -> None:
    assert compare_numbers(now, before, Kind.COUNT, counted=100) is None


@given(st.integers(0, 10**18))
def test_a_count_keeps_all_its_digits(number: int) -> None:
    assert int(write_count(number).replace(",", "")) == number


@given(st.integers(10_000, 10**15 - 1))
def test_a_short_number_is_within_a_hundredth_of_the_number(number: int) -> None:
    text = shorten(number)
    factor = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}[text[-1]]
    assert abs(Decimal(text[:-1].replace(",", "")) * factor - number) <= number / Decimal(100)
    assert len(text) <= 6


@given(AMOUNTS)
def test_an_amount_is_read_back_as_it_was(amount: Decimal) -> None:
    assert Decimal(write_amount(amount, "USD").removeprefix("$").replace(",", "")) == amount


@given(st.decimals(0, 1, places=6))
def test_only_nothing_is_0_percent_and_only_all_is_100(share: Decimal) -> None:
    text = write_share(share)
    assert (text == "0%") == (share == 0)
    assert (text == "100%") == (share == 1)
