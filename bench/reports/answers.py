"""How long the reports of 30 days take: again and again, and the first time after a start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from bench.errors import BenchError
from bench.report import Report
from bench.reports.history import History, empty_caches
from collector.postgres.sessions import Connection
from collector.reports.ask import ask
from collector.reports.catalog import load_reports
from collector.reports.errors import ReportTimeout
from collector.reports.pool import connect
from collector.reports.question import Question
from collector.reports.reading import Asked, read_question
from collector.settings import Settings

RANGE = "30d"
TIMEOUT_SECONDS = 60.0

Times = dict[str, list[float]]


def settings_of(url: str) -> Settings:
    """Those of reports; each may take longer than usual, so that it can be measured."""
    return Settings(database_url=url, reports_timeout_seconds=TIMEOUT_SECONDS)


async def make_questions(history: History, names: Sequence[str]) -> list[Question]:
    """A question for each report of these names.

    Raises BenchError where there is no order that reports of one could be asked about.
    """
    async with connect(settings_of(history.url)) as connection:
        session = await first_row(connection, history, "sessions")
        order = await first_row(connection, history, "orders")
    return [
        read_question(
            Asked(
                name,
                range=RANGE,
                session=str(session["session_id"]),
                person=str(session["person"]),
                order=str(order["order_key"]),
            ),
            history.until,
        )
        for name in names
    ]


async def first_row(connection: Connection, history: History, name: str) -> dict[str, object]:
    """The first row of a list. Raises BenchError where it is empty."""
    answer = await ask(connection, read_question(Asked(name, range=RANGE), history.until))
    if not answer.rows:
        raise BenchError(f"the report {name} of {RANGE} is empty: there is too little traffic")
    return dict(answer.rows[0])


async def time_answer(connection: Connection, question: Question) -> float:
    """How many seconds an answer takes; where it is given up, how many until then."""
    begin = time.perf_counter()
    with suppress(ReportTimeout):
        await ask(connection, question)
    return time.perf_counter() - begin


async def measure_warm(
    history: History, questions: Sequence[Question], rounds: int, report: Report
) -> Times:
    """Each report once a round, over one connection; a round before is not counted."""
    times: Times = {question.report.name: [] for question in questions}
    async with connect(settings_of(history.url)) as connection:
        for number in range(rounds + 1):
            for question in questions:
                seconds = await time_answer(connection, question)
                if number:
                    times[question.report.name].append(seconds)
            report(f"warm: round {number} of {rounds}")
    return times


async def measure_cold(
    history: History, questions: Sequence[Question], rounds: int, report: Report
) -> Times:
    """Each report once a round, as the first that Postgres answers since its start."""
    times: Times = {question.report.name: [] for question in questions}
    for number in range(1, rounds + 1):
        for question in questions:
            await asyncio.to_thread(empty_caches, history.server)
            async with connect(settings_of(history.url)) as connection:
                times[question.report.name].append(await time_answer(connection, question))
        report(f"cold: round {number} of {rounds}")
    return times


def all_names() -> list[str]:
    """The names of all reports."""
    return list(load_reports())
