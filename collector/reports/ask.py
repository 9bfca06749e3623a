"""Asking Postgres: one question, one statement, one Answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg

from collector.classify.bots import bot_rule
from collector.postgres.sessions import Connection
from collector.reports.answer import Answer, Row, make_rows, make_total
from collector.reports.comparison import align
from collector.reports.errors import ReportTimeout
from collector.reports.period import begins_bucket, next_edge
from collector.reports.question import Question
from collector.reports.statement import make_statement
from collector.sql import load_query


async def ask(connection: Connection, question: Question) -> Answer:
    """The answer to a question, and to the same of the time that it is compared with.

    Raises QuestionError where a parameter is out of bounds, ReportTimeout where Postgres gives
    the statement up, and what asyncpg raises.
    """
    return await ask_as_of(connection, question, await find_as_of(connection))


async def find_as_of(connection: Connection) -> datetime | None:
    """Until when the facts hold what was stored, None where nothing was looked at yet."""
    as_of: datetime | None = await connection.fetchval(load_query("facts_as_of"))
    return as_of


async def ask_as_of(connection: Connection, question: Question, as_of: datetime | None) -> Answer:
    """As `ask`, where it is known already how far the facts are at least."""
    answer = await ask_one(connection, question, as_of)
    before = question.before()
    if before is None:
        return answer
    return compare(answer, await ask_one(connection, before, as_of))


def compare(answer: Answer, before: Answer) -> Answer:
    """The answer, with the other beside it: a row for each of its rows."""
    rows, others = align(answer, before)
    return replace(answer, rows=tuple(rows), before=replace(before, rows=tuple(others)))


async def ask_one(connection: Connection, question: Question, as_of: datetime | None) -> Answer:
    """The answer, without what it is compared with. Raises as `ask` does."""
    statement = make_statement(question)
    try:
        records = await connection.fetch(statement.sql, *statement.values)
    except asyncpg.QueryCanceledError:
        raise ReportTimeout(
            "the report takes too long: ask for a shorter range or with fewer filters"
        ) from None
    rows = tuple(in_zone(row, question.period.zone) for row in make_rows(question.report, records))
    columns = {column.name for column in question.report.columns}
    if "is_complete" in columns:
        rows = tuple(with_completeness(row, question, as_of) for row in rows)
    if "bot_rule" in columns:
        rows = tuple(with_bot_rule(row) for row in rows)
    return Answer(question, rows, make_total(question, rows), statement, as_of)


def in_zone(row: Row, zone: ZoneInfo) -> Row:
    """The row with its times in a zone."""
    return {
        name: cell.astimezone(zone) if isinstance(cell, datetime) else cell
        for name, cell in row.items()
    }


def with_bot_rule(row: Row) -> Row:
    """A row of bots, with the rule by which their User-Agent is known; not the row of the rest."""
    return {**row, "bot_rule": row["name"] and bot_rule(row["user_agent"]).value}


def with_completeness(row: Row, question: Question, as_of: datetime | None) -> Row:
    """A row of a trend, with whether its numbers are those of a whole bucket.

    They are not while events of its time may be missing, nor where the range cuts it.
    """
    period = question.period
    start = row["starts_at"]
    end = next_edge(start, question.unit, period.zone).astimezone(UTC)
    is_whole = begins_bucket(start, question.unit, period.zone) and end <= period.end
    is_over = as_of is not None and end <= as_of
    return {**row, "is_complete": is_whole and is_over}
