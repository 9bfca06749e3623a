"""What is put beside a row of another time, and how its change is said."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.reports.answer import Answer
from collector.reports.ask import compare
from collector.reports.catalog import Kind
from collector.reports.cells import fields_of, lines_of, total_of
from collector.reports.comparison import change_of
from tests.unit.reports.answers import answer_of, named


@pytest.mark.parametrize(
    ("now", "before", "kind", "change"),
    [
        (30, 20, Kind.COUNT, Decimal("0.5")),
        (0, 20, Kind.COUNT, Decimal(-1)),
        (20, 0, Kind.COUNT, "new"),
        (0, 0, Kind.COUNT, Decimal(0)),
        (Decimal(10), Decimal(-20), Kind.MONEY, Decimal("1.5")),  # refunds before
        (Decimal("0.03"), Decimal("0.02"), Kind.SHARE, Decimal("0.01")),
        (Decimal("0.03"), Decimal(0), Kind.SHARE, Decimal("0.03")),
        (None, 20, Kind.COUNT, None),
        (20, None, Kind.NUMBER, None),
    ],
)
def test_a_change_is_a_share_of_what_was_before(
    now: Any, before: Any, kind: Kind, change: Any
) -> None:
    assert change_of(now, before, kind) == change


def compared(now: list[dict[str, Any]], before: list[dict[str, Any]], **asked: Any) -> Answer:
    return compare(answer_of("channels", now, **asked), answer_of("channels", before, **asked))


def sessions_of(answer: Answer) -> list[tuple[str | None, int, int]]:
    assert answer.before
    return [
        (row["name"], row["sessions"], other["sessions"])
        for row, other in zip(answer.rows, answer.before.rows, strict=True)
    ]


def test_names_are_compared_by_name_whatever_their_places() -> None:
    both = compared([named("a", 5), named("b", 3)], [named("b", 9), named("a", 1)])
    assert sessions_of(both) == [("a", 5, 1), ("b", 3, 9)]


def test_a_name_that_is_new_is_compared_with_nothing() -> None:
    assert sessions_of(compared([named("a", 5)], [])) == [("a", 5, 0)]


def test_what_is_left_is_compared_with_all_that_is_left() -> None:
    now = [named("a", 5), named(None, 2, names=4)]
    before = [named("b", 9), named("a", 1), named("c", 3)]
    assert sessions_of(compared(now, before)) == [("a", 5, 1), (None, 2, 12)]


def test_names_that_came_up_only_before_are_a_row_so_that_columns_add_up() -> None:
    both = compared([named("a", 5)], [named("a", 1), named("b", 9), named("c", 3)])
    assert sessions_of(both) == [("a", 5, 1), (None, 0, 12)]
    assert both.rows[1]["names"] == 2


counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9))


@given(counts, counts, st.integers(0, 6))
def test_both_sides_add_up_to_their_totals(
    now: dict[str, int], before: dict[str, int], limit: int
) -> None:
    shown = [named(name, count) for name, count in list(now.items())[:limit]]
    rest = list(now.values())[limit:]
    if rest:
        shown.append(named(None, sum(rest), names=len(rest)))
    both = compared(shown, [named(name, count) for name, count in before.items()])
    assert both.total is not None
    rows = sessions_of(both)
    assert sum(row[1] for row in rows) == both.total.get("sessions", 0) == sum(now.values())
    assert sum(row[2] for row in rows) == sum(before.values())


def hourly(zone: str, day: str, *hours: str) -> Answer:
    rows = [
        {"starts_at": datetime.fromisoformat(hour), **named(None, number)}
        for number, hour in enumerate(hours)
    ]
    answer = answer_of("trend", [], range=day, unit="hour", zone=zone)
    here = answer.question.period.zone
    rows = [{**row, "starts_at": row["starts_at"].astimezone(UTC).astimezone(here)} for row in rows]
    return replace(answer, rows=tuple(rows))


def test_hours_are_compared_by_the_clock_on_the_wall() -> None:
    changed = hourly(
        "Europe/Berlin",
        "2026-10-25",
        *("2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"),
        "2026-10-25T03:00+01:00",
    )
    usual = hourly(
        "Europe/Berlin", "2026-10-24", *(f"2026-10-24T0{hour}:00+02:00" for hour in (1, 2, 3))
    )
    both = compare(changed, usual)
    assert both.before
    assert [row.get("sessions") for row in both.before.rows] == [0, 1, None, 2]


def test_numbers_have_what_was_before_and_the_change_beside_them() -> None:
    orders = '{"EUR": [2, 30.00]}'
    both = compared(
        [named("a", 30, conversions=3, order_values=orders)], [named("a", 20, conversions=1)]
    )
    fields = fields_of(both)
    [line] = lines_of(both, fields)
    shown = dict(zip((one.name for one in fields), line, strict=True))
    assert (shown["sessions"], shown["sessions_before"], shown["sessions_change"]) == (
        *("30", "20", "0.5000"),
    )
    assert (shown["conversion_rate_before"], shown["conversion_rate_change"]) == (
        *("0.0500", "0.0500"),
    )
    assert (shown["revenue_EUR"], shown["revenue_EUR_before"], shown["revenue_EUR_change"]) == (
        *("30.00", "0", "new"),
    )
    assert (shown["average_order_EUR_before"], shown["average_order_EUR_change"]) == ("", "")
    total = total_of(both, fields)
    assert total is not None
    assert total[1:4] == ["30", "20", "0.5000"]


def test_without_a_comparison_there_are_no_such_columns() -> None:
    alone = answer_of("channels", [named("a", 30)])
    assert not [one.name for one in fields_of(alone) if one.name.endswith(("_before", "_change"))]
