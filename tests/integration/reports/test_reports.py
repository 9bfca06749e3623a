"""What holds of every report: its file, its columns, its sums and its exports."""

import asyncio
import csv
import io
from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.event import FunnelStage
from collector.reports.answer import Answer
from collector.reports.ask import ask
from collector.reports.catalog import Kind, load_reports
from collector.reports.cells import fields_of, lines_of
from collector.reports.csv_file import defuse, write_csv
from collector.reports.reading import Asked, read_question
from collector.reports.text_table import write_table
from tests.integration.reports.conftest import NOW, Ask, store
from tests.integration.reports.shop import SHOP
from tests.support import empty_tables, execute, fetch
from tests.unit.events import event, some_events

USUAL = {"session": "ads", "person": "ads", "order": "R1"}  # for the reports of one
slowly = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def needs(name: str) -> dict[str, Any]:
    """What a report cannot do without."""
    return {key: value for key, value in USUAL.items() if load_reports()[name].takes(key)}


@pytest.mark.parametrize("name", load_reports())
async def test_a_report_runs_and_has_the_columns_that_its_head_says(
    name: str, database: str, report: Ask
) -> None:
    await store(database, SHOP)
    answer = await report(name, bots="include", compare="previous", **needs(name))
    columns = {column.name for column in answer.question.report.columns}
    for row in answer.rows:
        assert columns <= set(row)
    if answer.question.names:
        assert all({"name", "names"} <= set(row) for row in answer.rows)
    for column in answer.question.report.columns:
        kinds = {type(row[column.name]) for row in answer.rows} - {type(None)}
        if column.kind in (Kind.COUNT, Kind.CREDIT, Kind.TEXT):
            assert kinds <= {str if column.kind is Kind.TEXT else int}, column.name
    assert write_table(answer)


@pytest.mark.parametrize("name", load_reports())
async def test_the_csv_of_a_report_reads_back_as_what_is_on_the_screen(
    name: str, database: str, report: Ask
) -> None:
    hostile = '=HYPERLINK("https://evil.example","x"),\r\n"@\u202e<script>'
    evil = event(
        50,
        session_id="h",
        utm_campaign=hostile,
        channel="=1+1",
        browser="@x",
        os="+1",
        page_url=None,
    )
    await store(database, [*SHOP, evil])
    answer = await report(name, **needs(name))
    fields = fields_of(answer)
    [head, *lines] = csv.reader(io.StringIO(write_csv(answer), newline=""))
    assert head == [one.name for one in fields]
    shown = [
        [defuse(cell) if one.is_text else cell for one, cell in zip(fields, line, strict=True)]
        for line in lines_of(answer, fields)
    ]
    assert lines == shown
    for line in lines:
        assert not any(cell.startswith(("=", "+", "@")) for cell in line)


def additive(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row of sessions can be added."""
    names = ("sessions", "engaged_sessions", "bounced_sessions", "page_views", "conversions")
    return {name: row[name] for name in (*names, "orders", "revenue")}


def make_asker(database: str) -> Any:
    async def ask_many(*questions: dict[str, Any]) -> list[Answer]:
        connection = await asyncpg.connect(database)
        try:
            return [
                await ask(connection, read_question(Asked(**{"range": "today", **asked}), NOW))
                for asked in questions
            ]
        finally:
            await connection.close()

    return lambda *questions: asyncio.run(ask_many(*questions))


async def stored_anew(database: str, events: Any) -> None:
    await empty_tables(database)
    await execute(database, "TRUNCATE session_facts, stale_sessions")
    await store(database, events)


@pytest.fixture
def fresh(database: str) -> str:
    return database


@slowly
@given(some_events(), st.integers(1, 3))
def test_lists_add_up_to_the_overview_whatever_the_limit(
    fresh: str, events: list[Any], limit: int
) -> None:
    asyncio.run(stored_anew(fresh, events))
    [whole], *lists = (
        [answer.rows[0]] if answer.question.report.name == "overview" else [answer.total]
        for answer in make_asker(fresh)(
            {"report": "overview"},
            *({"report": "channels", "limit": limit} for limit in ("100", str(limit))),
            {"report": "sources", "limit": "1"},
            {"report": "landing_pages", "limit": "1"},
        )
    )
    if whole["sessions"]:
        for [total] in lists:
            assert additive(total) == additive(whole)


@slowly
@given(some_events(), st.sampled_from(["channel=Direct", "source!=google", "event_type~page"]))
def test_a_filter_never_raises_a_count_and_its_opposite_has_the_rest(
    fresh: str, events: list[Any], text: str
) -> None:
    asyncio.run(stored_anew(fresh, events))
    opposite = text.replace("!=", "=") if "!=" in text else text.replace("=", "!=")
    opposite = opposite.replace("~", "!~")
    everything, some, others = (
        answer.rows[0]
        for answer in make_asker(fresh)(
            {"report": "overview"},
            {"report": "overview", "filters": [text]},
            {"report": "overview", "filters": [opposite]},
        )
    )
    for name in ("sessions", "page_views", "conversions", "orders", "visitors"):
        assert some[name] <= everything[name]
        if name != "visitors":
            assert some[name] + others[name] == everything[name]


@slowly
@given(some_events(), st.integers(-3, 4))
def test_a_range_that_is_split_in_two_adds_up(fresh: str, events: list[Any], minute: int) -> None:
    asyncio.run(stored_anew(fresh, events))
    middle = f"2026-11-22T{11 if minute < 0 else 12}:{minute % 60:02}"
    whole, first, second = (
        answer.rows[0]
        for answer in make_asker(fresh)(
            {"report": "overview"},
            {"report": "overview", "range": None, "start": "2026-11-22", "end": middle},
            {"report": "overview", "range": None, "start": middle, "end": "2026-11-23"},
        )
    )
    for name in ("sessions", "page_views", "conversions", "orders", "bounced_sessions"):
        assert first[name] + second[name] == whole[name]


@slowly
@given(some_events())
def test_the_funnel_equals_its_table(fresh: str, events: list[Any]) -> None:
    asyncio.run(stored_anew(fresh, events))
    [answer] = make_asker(fresh)({"report": "funnel", "range": "2026"})
    flags = ", ".join(f"count(*) FILTER (WHERE {stage}) AS {stage}" for stage in FunnelStage)
    [table] = asyncio.run(
        fetch(fresh, f"SELECT count(*) AS sessions, {flags} FROM conversion_funnel")
    )
    for row in answer.rows:
        assert row["reached"] == table[row["stage"]]
        assert row["sessions"] == table["sessions"]
