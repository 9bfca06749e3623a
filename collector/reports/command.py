"""The command `conversion-tracking report`."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from collector.reports.answer import Answer
from collector.reports.ask import ask
from collector.reports.catalog import load_reports
from collector.reports.csv_file import write_csv
from collector.reports.errors import QuestionError, ReportsUnavailable
from collector.reports.json_object import json_object
from collector.reports.pool import connect
from collector.reports.question import USUAL_LOOK_BACK, Question
from collector.reports.reading import USUAL_RANGE, Asked, read_question
from collector.reports.statement import make_statement
from collector.reports.text_table import write_table
from collector.settings import Settings

FORMATS: dict[str, Callable[[Answer], str]] = {
    "table": lambda answer: write_table(answer) + "\n",
    "csv": write_csv,
    "json": lambda answer: json.dumps(json_object(answer), ensure_ascii=False, indent=2) + "\n",
}


def add_report(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `report` and its options."""
    command.add_argument("name", nargs="?", metavar="NAME", help="which report; --list has them")
    command.add_argument("--list", action="store_true", help="say which reports there are")
    command.add_argument(
        "--range", metavar="RANGE", help=f"7d, month, 2026-11 ... (default: {USUAL_RANGE})"
    )
    command.add_argument("--from", dest="start", metavar="TIME", help="a date or time")
    command.add_argument("--to", dest="end", metavar="TIME", help="before which date or time")
    command.add_argument("--tz", metavar="ZONE", help="time zone (default: CT_REPORTS_TIME_ZONE)")
    command.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="FILTER",
        help="channel=Email, campaign!=spring, landing_page~pricing; may be repeated",
    )
    command.add_argument("--bots", default="exclude", help="exclude (default), include or only")
    command.add_argument("--compare", metavar="WITH", help="previous, year ..., or FROM..TO")
    command.add_argument("--unit", metavar="UNIT", help="hour, day, week or month")
    command.add_argument("--by", metavar="DIMENSION", help="split by channel, device_type ...")
    command.add_argument("--limit", metavar="N", help="how many names of a list")
    command.add_argument("--session", metavar="ID", help="of which session")
    command.add_argument("--person", metavar="ID", help="of which user, visitor or session")
    command.add_argument("--order", metavar="ID", help="of which order")
    command.add_argument(
        "--look-back", metavar="DAYS", help=f"how long before an order (default: {USUAL_LOOK_BACK})"
    )
    command.add_argument("--format", choices=FORMATS, default="table")
    command.add_argument("--sql", action="store_true", help="show the SQL and do not run it")
    command.set_defaults(run=lambda options: run_report(options, read_settings))


def run_report(options: argparse.Namespace, read_settings: Callable[[], Settings]) -> None:
    """`report`. Raises QuestionError, ReportTimeout and ReportsUnavailable."""
    if options.list:
        print(list_reports())
        return
    if options.name is None:
        raise QuestionError("say which report; --list has them")
    settings = read_settings()
    question = read_question(asked_by(options, settings), datetime.now(UTC))
    if options.sql:
        print(make_statement(question).sql.strip())
        return
    answer = asyncio.run(ask_once(settings, question))
    print(FORMATS[options.format](answer), end="")


def asked_by(options: argparse.Namespace, settings: Settings) -> Asked:
    """The question of the options."""
    return Asked(
        report=options.name,
        range=options.range,
        start=options.start,
        end=options.end,
        zone=options.tz or settings.reports_time_zone,
        filters=options.filter,
        bots=options.bots,
        compare=options.compare,
        unit=options.unit,
        by=options.by,
        limit=options.limit,
        session=options.session,
        person=options.person,
        order=options.order,
        look_back=options.look_back,
        currency=settings.reports_currency,
    )


def list_reports() -> str:
    """The reports, a line each."""
    width = max(map(len, load_reports()))
    return "\n".join(f"{r.name.ljust(width)}  {r.answers}" for r in load_reports().values())


async def ask_once(settings: Settings, question: Question) -> Answer:
    """The answer, over a connection of its own. Raises as `ask`, and ReportsUnavailable."""
    try:
        async with connect(settings) as connection:
            return await ask(connection, question)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ReportsUnavailable(f"Postgres cannot be asked: {error}") from error
