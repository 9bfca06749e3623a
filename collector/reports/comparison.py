"""An answer beside that of another time: which row is compared with which, and what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from collector.reports.answer import Answer, Row, add_rows, with_columns
from collector.reports.catalog import Kind, Report
from collector.reports.period import Unit
from collector.reports.question import Question

# What the change of a number is, by itself: none where one of the two is not known.
Change: TypeAlias = Decimal | Literal["new"] | None


def change_of(now: Any, before: Any, kind: Kind) -> Change:
    """How a number changed: by which share of what it was; a share by how much of the whole.

    A rate that went from 0.02 to 0.03 changed by 0.01, a count that went from 20 to 30 by 0.5.
    "new": from nothing, of which nothing is a share.
    """
    if now is None or before is None:
        return None
    if kind is Kind.SHARE:
        return Decimal(now) - Decimal(before)
    if before == 0:
        return "new" if now else Decimal(0)
    return (Decimal(now) - Decimal(before)) / abs(Decimal(before))


def align(answer: Answer, before: Answer) -> tuple[Sequence[Row], Sequence[Row]]:
    """The rows of an answer and those of the other time: each beside what it is compared with.

    Rows with names are compared by name; what is left of one list with all that is left of the
    other, which is a row of its own where only the other time had it. `before` must have all
    names. Rows without names are compared by their place, hours by the clock on the wall. A row
    is empty where there is nothing to compare it with.
    """
    if answer.question.names is None:
        others = dict(zip(places(before), before.rows, strict=True))
        return answer.rows, [others.get(place, {}) for place in places(answer)]
    return align_names(answer, before)


def places(answer: Answer) -> Iterator[object]:
    """What tells the rows of a report without names apart."""
    question = answer.question
    for number, row in enumerate(answer.rows):
        start = row.get("starts_at")
        yield number if start is None or question.unit is not Unit.HOUR else hour(question, start)


def hour(question: Question, start: datetime) -> tuple[timedelta, int]:
    """By the clock on the wall, since the begin of the range; and whether it came before."""
    return start.replace(tzinfo=None) - question.period.start.replace(tzinfo=None), start.fold


def align_names(answer: Answer, before: Answer) -> tuple[Sequence[Row], Sequence[Row]]:
    """As `align`, of rows with names."""
    report = answer.question.report
    others = dict(with_numbers(before.rows))
    kept = [(key, row) for key, row in with_numbers(answer.rows) if row["name"] is not None]
    paired = [
        (row, others.pop(key) if key in others else nothing(report, row)) for key, row in kept
    ]
    left = [row for row in answer.rows if row["name"] is None]
    leavings: dict[int, list[Row]] = defaultdict(list)
    for (_, number), row in others.items():
        leavings[number].append(row)
    for number in range(max(len(left), max(leavings, default=-1) + 1)):
        earlier = leavings[number]
        other = add_up(report, earlier)
        now = left[number] if number < len(left) else {**nothing(report, other), **rest(earlier)}
        paired.append((now, other or nothing(report, now)))
    return [now for now, _ in paired], [other for _, other in paired]


def with_numbers(rows: Iterable[Row]) -> Iterator[tuple[tuple[str | None, int], Row]]:
    """The rows, each with its name and which of the rows of that name it is."""
    seen: dict[str | None, int] = defaultdict(int)
    for row in rows:
        yield (row["name"], seen[row["name"]]), row
        seen[row["name"]] += 1


def rest(rows: Sequence[Row]) -> Row:
    """The name of a row that stands for several."""
    return {"name": None, "names": sum(row["names"] for row in rows)}


def add_up(report: Report, rows: Sequence[Row]) -> Row:
    """One row of several, with the words that all of them have."""
    if not rows:
        return {}
    words = {
        column.name: rows[0].get(column.name)
        for column in report.columns
        if column.kind is Kind.TEXT and len({row.get(column.name) for row in rows}) == 1
    }
    return {**add_rows(report, rows), **words, **rest(rows)}


def nothing(report: Report, like: Row) -> Row:
    """The row of a name at a time at which it did not come up."""
    zeros = {name: 0 for name, cell in like.items() if isinstance(cell, int)}
    words = {name: cell for name, cell in like.items() if isinstance(cell, str)}
    return with_columns(report, {**zeros, **words, "names": like.get("names", 1)})
