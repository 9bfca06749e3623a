"""Answers for tests, made of rows as Postgres gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from collector.reports.answer import Answer, make_rows, make_total
from collector.reports.reading import Asked, read_question
from collector.reports.statement import make_statement

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

ZEROS = {
    "engaged_sessions": 0,
    "bounced_sessions": 0,
    "page_views": 0,
    "conversions": 0,
    "timed_sessions": 0,
    "timed_seconds": 0,
    "order_values": None,
}


def named(name: str | None, sessions: int, **cells: Any) -> dict[str, Any]:
    """A record of a list of names."""
    return {"name": name, "names": 1, "sessions": sessions, **ZEROS, **cells}


def answer_of(report: str, records: list[dict[str, Any]], **asked: Any) -> Answer:
    """What would be answered if Postgres said this."""
    question = read_question(Asked(report, **asked), NOW)
    rows = make_rows(question.report, records)
    return Answer(question, rows, make_total(question, rows), make_statement(question), NOW)
