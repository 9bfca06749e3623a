"""Every way in which browsers, servers and their libraries write a time."""

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.times import time_of_count, time_of_milliseconds, time_of_text

TEN = datetime(2026, 11, 28, 10, tzinfo=UTC)
HALF = TEN + timedelta(milliseconds=500)

TEXTS = {
    # RFC 3339, section 5.6, and its notes.
    "2026-11-28T10:00:00Z": TEN,
    "2026-11-28t10:00:00z": TEN,
    "2026-11-28 10:00:00Z": TEN,
    "2026-11-28T11:00:00+01:00": TEN,
    "2026-11-28T04:30:00-05:30": TEN,
    "2026-11-28T10:00:00-00:00": TEN,
    "2026-11-28T10:00:00.5Z": HALF,
    "2026-11-28T10:00:00,5Z": HALF,
    "2026-11-28T10:00:00.500000999Z": HALF,
    "2026-11-28T10:00:00." + "0" * 40 + "Z": TEN,
    "2026-11-28 10:00:00.5+00:00": HALF,
    "2016-12-31T23:59:60Z": datetime(2017, 1, 1, tzinfo=UTC),
    "2016-12-31T15:59:60.5-08:00": datetime(2017, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
    "2026-11-27T24:00:00Z": datetime(2026, 11, 28, tzinfo=UTC),
    "2026-11-28T11:00:00+01:00[Europe/Paris]": TEN,
    "2026-11-28T10:00:00Z[UTC][u-ca=hebrew]": TEN,
    # A plus in a query that was decoded.
    "2026-11-28T12:00:00 02:00": TEN,
    "2026-11-28 12:00:00 0200": TEN,
    # ISO 8601.
    "2026-11-28T10:00": TEN,
    "2026-11-28T11:00+01": TEN,
    "2026-11-28T11:00:00+0100": TEN,
    "20261128T100000Z": TEN,
    "20261128T110000+0100": TEN,
    "2026-W48-6T10:00:00Z": TEN,
    "2026-11-28": datetime(2026, 11, 28, tzinfo=UTC),
    # Naive, as MySQL, PHP and Python write it.
    "2026-11-28 10:00:00": TEN,
    "2026-11-28T10:00:00.500000": HALF,
    # Ruby and Go.
    "2026-11-28 10:00:00 UTC": TEN,
    "2026-11-28 11:00:00 +0100": TEN,
    "2026-11-28 10:00:00 +0000 UTC": TEN,
    "2026-11-28 11:00:00.5 +0100 CET": HALF,
    # HTTP (RFC 9110), mail (RFC 5322), PHP's date('r'), JavaScript's toUTCString and toString.
    "Sat, 28 Nov 2026 10:00:00 GMT": TEN,
    "Saturday, 28-Nov-2026 10:00:00 GMT": TEN,
    "Sat, 28 Nov 2026 11:00:00 +0100": TEN,
    "28 Nov 2026 05:00 -0500": TEN,
    "Sat Nov 28 2026 11:00:00 GMT+0100 (Central European Standard Time)": TEN,
    "Sat Nov 28 2026 05:00:00 GMT-0500": TEN,
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_time_as_text_is_read_in_every_form(text: str) -> None:
    assert time_of_text(text) == TEXTS[text]


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "11/28/2026", "28.11.2026 10:00", "2026-13-01T10:00:00Z"),
        *("2026-02-30T10:00:00Z", "2026-11-28T25:00:00Z", "2026-11-28T24:00:01Z"),
        *("2026-11-28T10:60:00Z", "2026-11-28T10:00:61Z", "2026-11-28T10:00:00+24:00"),
        *("2026-11-28T10:00:00+01:60", "2026-11-28T10:00:00 CET", "Sat, 28 Foo 2026 10:00:00 GMT"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T24:00:00Z", "٢٠٢٦-11-28T10:00:00Z"),
    ],
)
def test_what_is_no_time_is_none_of_them(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        time_of_text(text)


@given(
    st.datetimes(
        min_value=datetime(1, 1, 3),  # noqa: DTZ001  # naive, as hypothesis wants it
        max_value=datetime(9999, 12, 29),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
def test_what_python_writes_is_read_back(time: datetime) -> None:
    exact = time.replace(tzinfo=UTC) - (time.utcoffset() or timedelta())
    rounded = (time.utcoffset() or timedelta()) % timedelta(minutes=1)
    assert time_of_text(time.isoformat()) == exact
    if not rounded:
        assert time_of_text(time.isoformat(" ").replace("+", " ")) == exact


@given(st.text())
def test_any_text_is_a_time_or_none(text: str) -> None:
    with contextlib.suppress(ValueError, OverflowError):
        assert time_of_text(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("count", "time"),
    [
        ("1795860000", TEN),
        ("1795860000.5", HALF),
        ("1795860000000", TEN),
        ("1795860000500", HALF),
        ("1.7958600005e12", HALF),
        ("1795860000500000", HALF),
        ("1795860000500000000", HALF),
        ("1420070400", datetime(2015, 1, 1, tzinfo=UTC)),
        # A clock that began in 1970 counts milliseconds.
        ("90000", datetime(1970, 1, 1, 0, 1, 30, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("-1000", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_unit_of_a_count_is_told_by_its_size(count: str, time: datetime) -> None:
    assert time_of_count(Decimal(count)) == time


@pytest.mark.parametrize("count", ["1e20", "-1e20", "1e400"])
def test_a_count_too_large_for_any_unit_is_no_time(count: str) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        time_of_count(Decimal(count))


@given(st.integers(10**11, 10**14 - 1))
def test_milliseconds_are_the_same_by_either_way(count: int) -> None:
    assert time_of_milliseconds(count) == time_of_count(Decimal(count))


@given(st.integers(1_420_070_400, 4_102_444_800))
def test_a_second_is_the_same_in_every_unit(second: int) -> None:
    units = [Decimal(second) * unit for unit in (1, 10**3, 10**6, 10**9)]
    assert {time_of_count(count) for count in units} == {datetime.fromtimestamp(second, UTC)}
