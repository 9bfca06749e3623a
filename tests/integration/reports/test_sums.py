"""Reports from the sums of days say what they say from the facts of sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.event import Event, FunnelStage, SourceType
from collector.facts.sums import sum_changed_day, sum_changed_days, sum_day
from collector.postgres.sessions import Connection
from collector.reports.ask import ask
from collector.reports.catalog import load_reports
from collector.reports.filters import SEVERAL, Dimension
from collector.reports.period import Unit
from collector.reports.question import Question
from collector.reports.reading import Asked, read_question
from collector.sql import load_sum
from tests.integration.reports.conftest import NOW, Ask, store
from tests.support import empty_tables, execute
from tests.unit.events import event

DAY = 1_440  # minutes
SUMMED = [name for name, report in load_reports().items() if report.sums_sql]
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Asia/Tehran", "America/St_Johns")
RANGES = (
    ("2026-11-18", "2026-11-23"),
    ("2026-11-19T07:13", "2026-11-21T22:02:30"),
    ("2026-11-20", "2026-11-21"),
    ("2026-11-20T01:00", "2026-11-20T02:00"),
)


@st.composite
def visits(draw: st.DrawFn) -> list[Event]:
    """Events of few sessions over six days, up to the day of the questions."""
    minutes = draw(st.lists(st.integers(-5 * DAY, 300), min_size=1, max_size=12))
    return [visit_event(draw, minute) for minute in minutes]


def visit_event(draw: st.DrawFn, minute: int) -> Event:
    stage = draw(st.sampled_from([None, *FunnelStage]))
    converts = stage is FunnelStage.COMPLETED_CHECKOUT
    return event(
        draw(st.integers(1, 40)),  # so that some are sent twice
        minute,
        session_id=draw(st.sampled_from("abcdef")),
        visitor_id=draw(st.sampled_from([None, "ann", "bob"])),
        event_type=draw(st.sampled_from(["page_view", "click", "purchase"])),
        funnel_stage=stage,
        is_bot=draw(st.booleans()) and draw(st.booleans()),
        channel=draw(st.sampled_from(["Direct", "Email", "Paid Search"])),
        source_type=draw(st.sampled_from(list(SourceType))),
        utm_campaign=draw(st.sampled_from([None, "spring"])),
        page_url=draw(
            st.sampled_from([None, "https://example.com/", "https://example.com/" + "x" * 3_000])
        ),
        converted=converts,
        conversion_value=10 if converts else None,
        order_id=draw(st.sampled_from([None, "R1", "R2"])) if converts else None,
        stamp_verified=draw(st.booleans()),
    )


async def connect(database: str) -> asyncpg.Connection[asyncpg.Record]:
    return await asyncpg.connect(database, statement_cache_size=0)


async def sum_all(connection: Connection) -> None:
    """Sum all days that are over, also those that were summed just now."""
    await connection.execute("UPDATE summed_days SET summed_at = '-infinity'")
    await sum_changed_days(connection)


def questions(turn: int) -> Iterable[Question]:
    """Every report that has sums, in zones, ranges and by dimensions that take turns."""
    dimensions = [one for one in Dimension if one not in SEVERAL]
    for number, name in enumerate(SUMMED, turn):
        start, end = RANGES[number % len(RANGES)]
        report = load_reports()[name]
        asked = {
            "zone": ZONES[number % len(ZONES)],
            "bots": ("exclude", "include", "only")[number % 3],
            "unit": list(Unit)[number // 2 % len(Unit)] if report.takes("edges") else None,
            "by": (None, *dimensions)[number % 13] if report.takes("by") else None,
            "limit": ("100", "1")[number % 2],
        }
        yield read_question(Asked(name, start=start, end=end, **asked), NOW)  # type: ignore[arg-type]


async def assert_sums_are_right(connection: Connection, turn: int) -> None:
    """The answers with sums are those without."""
    for question in questions(turn):
        from_sums = await ask(connection, question)
        without = replace(question, report=replace(question.report, sums_sql=None))
        from_facts = await ask(connection, without)
        assert from_sums.rows == from_facts.rows, (question.report.name, question.period)


async def follow(database: str, first: Sequence[Event], then: Sequence[Event], turn: int) -> None:
    """What is stored, comes late, is erased and turns out to be a bot's is in the answers."""
    await empty_tables(database)
    await execute(database, "TRUNCATE stale_sessions, changed_days")
    connection = await connect(database)
    try:
        await store(database, first)
        await sum_all(connection)
        await assert_sums_are_right(connection, turn)
        await store(database, then)
        await assert_sums_are_right(connection, turn + 1)
        await execute(database, "DELETE FROM conversion_events WHERE session_id = 'a'")
        await execute(database, "UPDATE conversion_events SET is_bot = TRUE WHERE session_id = 'b'")
        await store(database, [])
        await sum_all(connection)
        await assert_sums_are_right(connection, turn + 2)
    finally:
        await connection.close()


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(visits(), visits(), st.integers(0, 59))
def test_sums_say_what_the_facts_say_whatever_comes_late_is_erased_or_turns_out_a_bot(
    database: str, first: list[Event], then: list[Event], turn: int
) -> None:
    asyncio.run(follow(database, first, then, turn))


@pytest.fixture
async def connection(database: str) -> Any:
    connection = await connect(database)
    yield connection
    await connection.close()


async def summed(connection: Connection) -> list[str]:
    """The days whose sums hold."""
    rows = await connection.fetch(
        "SELECT day FROM summed_days WHERE day NOT IN (SELECT day FROM changed_days) ORDER BY day"
    )
    return [row["day"].isoformat() for row in rows]


def day_event(number: int, days: int, **fields: Any) -> Event:
    return event(number, days * DAY, **{"session_id": f"s{number}", **fields})


# What a report reads of a day whose sums hold and say something else than the facts.
LIES = {
    "session_sums": "sessions = 70, conversions = 7",
    "page_sums": "page_views = 70",
    "event_type_sums": "event_sessions = 70",
    "quarter_sums": "sessions = 70, all_events = 70",
}
READ = {
    "pages": ("page_sums", "page_views"),
    "event_types": ("event_type_sums", "event_sessions"),
    "overview": ("quarter_sums", "sessions"),
    "trend": ("quarter_sums", "sessions"),
    "data_quality": ("quarter_sums", "all_events"),
}


@pytest.mark.parametrize(
    "name", [name for name in SUMMED if name not in ("campaigns", "referrers")]
)
async def test_a_report_reads_the_sums_of_days_that_lie_in_its_range(
    name: str, database: str, report: Ask, connection: Connection
) -> None:
    await store(
        database,
        [day_event(1, -2, page_url="https://example.com/", channel="Email"), day_event(2, 0)],
    )
    await sum_all(connection)
    if name == "funnel":
        await connection.execute("UPDATE stage_sums SET sessions = 70")
        table, column = "stage_sums", "sessions"
    else:
        table, column = READ.get(name, ("session_sums", "sessions"))
        if name == "exit_pages":
            table, column = "page_sums", "exits"
            await connection.execute("UPDATE page_sums SET exits = 70")
        else:
            await connection.execute(f"UPDATE {table} SET {LIES[table]}")
    whole = await report(name, range=None, start="2026-11-20", end="2026-11-21")
    assert 70 in [row[column] for row in whole.rows], table
    cut = await report(name, range=None, start="2026-11-20T00:01", end="2026-11-21")
    assert 70 not in [row[column] for row in cut.rows]
    filtered = await report(
        name, range=None, start="2026-11-20", end="2026-11-21", filters=["event_type=page_view"]
    )
    assert 70 not in [row[column] for row in filtered.rows]


async def test_days_are_summed_when_they_are_over(database: str, connection: Connection) -> None:
    await store(database, [day_event(1, -2), day_event(2, -1)])
    await execute(database, "UPDATE session_facts SET started_at = now() WHERE session_id = 's2'")
    assert await sum_changed_days(connection) == 2  # its old day has no session any more
    assert await summed(connection) == ["2026-11-20", "2026-11-21"]
    assert await connection.fetchval("SELECT count(*) FROM changed_days") == 1  # today


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE session_facts SET engaged = TRUE WHERE session_id = 's1'",
        "DELETE FROM session_facts WHERE session_id = 's1'",
    ],
)
async def test_a_change_of_a_fact_takes_the_sums_of_its_day_out_of_use_until_it_is_summed_anew(
    change: str, database: str, connection: Connection
) -> None:
    await store(database, [day_event(1, -2), day_event(2, -1)])
    await sum_all(connection)
    await connection.execute(change)
    assert await summed(connection) == ["2026-11-21"]
    assert await sum_changed_day(connection) is None  # it was summed just now
    await sum_all(connection)
    assert await summed(connection) == ["2026-11-20", "2026-11-21"]


async def test_truncated_facts_leave_no_sums_in_use(database: str, connection: Connection) -> None:
    await store(database, [day_event(1, -2)])
    await sum_all(connection)
    await connection.execute("TRUNCATE session_facts")
    assert await summed(connection) == []


async def test_what_changes_while_a_day_is_summed_is_not_lost(
    database: str, connection: Connection
) -> None:
    await store(database, [day_event(1, -2)])
    other = await connect(database)
    try:
        async with other.transaction():  # begun before, and done after
            await other.execute("UPDATE session_facts SET page_views = 7")
            await sum_all(connection)
        assert await summed(connection) == []
        async with connection.transaction():
            await connection.execute("UPDATE summed_days SET summed_at = '-infinity'")
            day = await connection.fetchval(load_sum("take_changed_day"))
            await sum_day(connection, day)
            await other.execute("UPDATE session_facts SET page_views = 8")  # done in between
        assert await summed(connection) == []
    finally:
        await other.close()
    await sum_all(connection)
    assert await summed(connection) == ["2026-11-20"]
