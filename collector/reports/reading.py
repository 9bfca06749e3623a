"""From texts to a question: of a command's options, of an address, of a form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from collector.reports.catalog import Report, find_report
from collector.reports.errors import QuestionError
from collector.reports.filters import SEVERAL, Bots, Dimension, parse_filters
from collector.reports.period import (
    Comparison,
    Period,
    Unit,
    compare_with,
    find_zone,
    parse_edges,
    parse_period,
    usual_unit,
)
from collector.reports.question import (
    MOST_LOOK_BACK,
    MOST_ROWS,
    USUAL_LIMIT,
    USUAL_LOOK_BACK,
    Question,
)

USUAL_RANGE = "30d"
USUAL_ZONE = "UTC"

PLAIN_NUMBER = re.compile(r"[0-9]{1,9}")

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as texts, whose names are those of the address and of the options."""

    report: str
    range: str | None = None
    start: str | None = None
    end: str | None = None
    zone: str = USUAL_ZONE
    filters: Sequence[str] = ()
    bots: str = Bots.EXCLUDE
    compare: str | None = None
    unit: str | None = None
    by: str | None = None
    limit: str | None = None
    session: str | None = None
    person: str | None = None
    order: str | None = None
    look_back: str | None = None
    currency: str | None = None


def read_question(asked: Asked, now: datetime) -> Question:
    """The question. Raises QuestionError, with a message that says what is wrong."""
    report = find_report(asked.report)
    period = read_period(asked, find_zone(asked.zone), now)
    return Question(
        report=report,
        period=period,
        asked_at=now,
        filters=parse_filters(asked.filters),
        bots=choose(Bots, asked.bots, "bots"),
        limit=read_limit(asked.limit),
        unit=choose(Unit, asked.unit, "unit") if asked.unit else usual_unit(period),
        by=read_by(asked.by, report) if asked.by else None,
        compared=read_comparison(asked.compare, period, now) if asked.compare else None,
        session=read_id(asked.session),
        person=read_id(asked.person),
        order=read_id(asked.order),
        look_back=read_look_back(asked.look_back),
        currency=asked.currency,
    )


def read_period(asked: Asked, zone: ZoneInfo, now: datetime) -> Period:
    """From `range`, or from `start` to before `end`. Raises QuestionError."""
    if asked.start is None and asked.end is None:
        return parse_period(asked.range or USUAL_RANGE, zone, now)
    if asked.range is not None:
        raise QuestionError("ask for a range, or from and to, not for both")
    if asked.start is None:
        raise QuestionError("to needs from")
    return parse_edges(asked.start, asked.end or now.astimezone(zone).isoformat(), zone)


def read_comparison(text: str, period: Period, now: datetime) -> Period:
    """`previous`, `year` ..., or another range `2026-10-01..2026-11-01`. Raises QuestionError."""
    start, dots, end = text.partition("..")
    if dots:
        return parse_edges(start, end, period.zone)
    return compare_with(period, choose(Comparison, text, "compare"), now)


def read_by(text: str, report: Report) -> Dimension:
    """The dimension to split a report by. Raises QuestionError where it cannot be."""
    if not report.takes("by"):
        raise QuestionError(f"the report {report.name} cannot be split by a dimension")
    usable = [dimension for dimension in Dimension if dimension not in SEVERAL]
    if text not in usable:
        raise QuestionError(f"by is one of: {', '.join(usable)}")
    return Dimension(text)


def read_limit(text: str | None) -> int:
    """How many names a list has at most. Raises QuestionError."""
    if text is None:
        return USUAL_LIMIT
    return read_number(text, "limit", MOST_ROWS)


def read_look_back(text: str | None) -> int:
    """How many days before an order are looked at. Raises QuestionError."""
    if text is None:
        return USUAL_LOOK_BACK
    return read_number(text, "look_back", MOST_LOOK_BACK)


def read_number(text: str, option: str, most: int) -> int:
    """A number from 1. Raises QuestionError."""
    if not PLAIN_NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise QuestionError(f"{option} is a number from 1 to {most}")
    return int(text)


def read_id(text: str | None) -> str | None:
    """An id of a session, a person or an order. Postgres has no text with NUL, so none has one."""
    return text and text.replace("\0", "\ufffd")


def choose(kind: type[Choice], text: str, option: str) -> Choice:
    """The member of an enumeration. Raises QuestionError where it has none of that name."""
    try:
        return kind(text)
    except ValueError:
        raise QuestionError(f"{option} is one of: {', '.join(kind)}") from None
