"""Sessions by hour, day, week and month, in zones of all kinds."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from collector.reports.answer import Answer
from tests.integration.reports.conftest import Ask, store
from tests.integration.reports.shop import SHOP
from tests.unit.events import NOON, event


def counts(answer: Answer) -> dict[str, int]:
    """Where there are sessions, by when the bucket begins."""
    return {row["starts_at"].isoformat(): row["sessions"] for row in answer.rows if row["sessions"]}


async def test_a_trend_has_all_hours_and_what_was_in_them(database: str, report: Ask) -> None:
    await store(database, SHOP)
    answer = await report("trend")
    assert len(answer.rows) == 24
    assert counts(answer) == {"2026-11-22T12:00:00+00:00": 4}
    row = answer.rows[12]
    assert (row["visitors"], row["page_views"], row["conversions"]) == (2, 7, 2)
    assert row["revenue"] == {"EUR": 50, "USD": 9}
    assert row["time_on_site"] == Decimal(280)


TIMES = (
    "2026-10-24T22:30+00:00",
    "2026-10-25T00:30+00:00",
    "2026-10-25T01:30+00:00",
    "2026-10-25T22:30+00:00",
    "2026-10-25T23:30+00:00",
)


@pytest.mark.parametrize(
    ("zone", "unit", "expected"),
    [
        # A day of 25 hours, whose third comes twice.
        (
            "Europe/Berlin",
            "hour",
            {
                "2026-10-25T00:00:00+02:00": 1,
                "2026-10-25T02:00:00+02:00": 1,
                "2026-10-25T02:00:00+01:00": 1,
                "2026-10-25T23:00:00+01:00": 1,
            },
        ),
        ("Europe/Berlin", "day", {"2026-10-25T00:00:00+02:00": 4}),
        ("UTC", "day", {"2026-10-25T00:00:00+00:00": 4}),
        (
            "Asia/Kathmandu",
            "hour",
            {
                "2026-10-25T04:00:00+05:45": 1,
                "2026-10-25T06:00:00+05:45": 1,
                "2026-10-25T07:00:00+05:45": 1,
            },
        ),
        (
            "Asia/Tehran",
            "hour",
            {
                "2026-10-25T02:00:00+03:30": 1,
                "2026-10-25T04:00:00+03:30": 1,
                "2026-10-25T05:00:00+03:30": 1,
            },
        ),
    ],
)
async def test_buckets_are_those_of_the_zone(
    zone: str, unit: str, expected: dict[str, int], database: str, report: Ask
) -> None:
    await store(
        database,
        [
            event(number, session_id=f"s{number}", occurred_at=datetime.fromisoformat(time))
            for number, time in enumerate(TIMES, 1)
        ],
    )
    answer = await report("trend", range="2026-10-25", zone=zone, unit=unit)
    assert counts(answer) == expected


async def test_the_running_bucket_and_those_that_the_range_cuts_are_not_complete(
    database: str, report: Ask
) -> None:
    await store(database, [event(1)])
    now = datetime.now(UTC)
    answer = await report(
        "trend", range=None, start=f"{NOON:%Y-%m-%d}T10:30", end=f"{NOON:%Y-%m-%d}T13:30"
    )
    assert [row["is_complete"] for row in answer.rows] == [False, True, True, False]
    year = await report("trend", range=str(now.year), unit="month", zone="UTC")
    assert [row["is_complete"] for row in year.rows] == [
        number < now.month for number in range(1, 13)
    ]


async def test_nothing_is_complete_before_events_were_looked_at(report: Ask) -> None:
    answer = await report("trend", range="2026-11-01")
    assert not any(row["is_complete"] for row in answer.rows)


async def test_a_trend_is_compared_with_the_day_before_up_to_the_same_hour(
    database: str, report: Ask
) -> None:
    times = ("2026-11-21T17:30", "2026-11-21T18:30", "2026-11-22T12:00")
    await store(
        database,
        [
            event(number, session_id=f"s{number}", occurred_at=datetime.fromisoformat(f"{time}Z"))
            for number, time in enumerate(times, 1)
        ],
    )
    answer = await report("trend", compare="previous")  # asked at 18:00
    assert answer.before is not None
    assert [row.get("sessions") for row in answer.before.rows] == [0] * 17 + [1] + [None] * 6
