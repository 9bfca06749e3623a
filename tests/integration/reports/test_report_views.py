"""The views for other programs, and the roles of the documentation that may read them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from collector.reports.ask import ask
from collector.reports.catalog import load_reports
from collector.reports.reading import Asked, read_question
from tests.integration.reports.conftest import NOW, Ask, cells, store
from tests.integration.reports.visits import DAY, Order, Visit, at, events_of
from tests.support import execute, fetch
from tests.unit.events import user

VISITS = [
    Visit("a", -31 * DAY, "Referral"),
    Visit("b", -30 * DAY, "Email"),
    Visit("c", -DAY, user=1, login_at=9),
    Visit("d", 0, "Paid Search", orders=(Order("R1", 1, Decimal(30)),), user=1, login_at=2),
    Visit("e", 0, visitor="eve", orders=(Order(None, 3, Decimal(5), "JPY"),)),
    Visit("robot", 0, visitor="ann", orders=(Order(None, 3),), is_bot=True),
]


async def test_the_view_of_sessions_has_one_row_a_session_of_a_person(database: str) -> None:
    await store(database, events_of(VISITS))
    rows = await fetch(
        database,
        "SELECT session_id, channel, duration_seconds, converted FROM ct_sessions ORDER BY 1",
    )
    assert [tuple(row.values()) for row in rows] == [
        ("a", "Referral", 0, False),
        ("b", "Email", 0, False),
        ("c", "Direct", DAY * 60 + 540, False),
        ("d", "Paid Search", 120, True),
        ("e", "Direct", 180, True),
    ]


async def test_the_view_of_orders_has_one_row_an_order_with_its_refunds(database: str) -> None:
    given_back = at(
        9, event_type="refund", order_id="R1", conversion_value=Decimal(10), currency="EUR"
    )
    await store(database, [*events_of(VISITS), given_back])
    rows = await fetch(
        database,
        "SELECT order_id, session_id, value, currency, refunded, net_value, user_id, channel "
        "FROM ct_orders ORDER BY session_id",
    )
    assert [tuple(row.values()) for row in rows] == [
        # The user was known a minute later.
        ("R1", "d", 30, "EUR", 10, 20, None, "Paid Search"),
        (None, "e", 5, "JPY", 0, 5, None, "Direct"),
    ]


async def test_the_view_of_touches_has_those_of_the_report(database: str, report: Ask) -> None:
    await store(database, events_of(VISITS))
    rows = await fetch(
        database,
        "SELECT order_session_id, session_id, channel, touch_number, touches FROM ct_touches "
        "ORDER BY order_session_id, touch_number",
    )
    assert [tuple(row.values()) for row in rows] == [
        ("d", "c", "Direct", 1, 2),  # b began more than 30 days before the order
        ("d", "d", "Paid Search", 2, 2),
        ("e", "e", "Direct", 1, 1),
    ]
    touches = cells(await report("conversion_touches", order="R1"), "session_id", "channel")
    assert touches == [("c", "Direct"), ("d", "Paid Search")]


async def test_a_user_who_was_known_at_the_order_stands_in_the_view(database: str) -> None:
    sold = Visit("a", 0, orders=(Order("R1", 2),), user=1, login_at=1)
    await store(database, events_of([sold]))
    [row] = await fetch(database, "SELECT user_id FROM ct_orders")
    assert row["user_id"] == user(1)


async def test_the_views_have_the_documented_columns(database: str, root: Path) -> None:
    text = (root / "docs/reports.md").read_text()
    for view in ("ct_sessions", "ct_orders", "ct_touches"):
        table = text.partition(f"`{view}`, one row")[2].partition("\n\n")[2].partition("\n\n")[0]
        cells_of_names = [line.split(" | ")[0] for line in table.splitlines()]
        named = {name for cell in cells_of_names for name in re.findall("`(.+?)`", cell)}
        columns = await fetch(
            database,
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1 "
            "ORDER BY ordinal_position",
            view,
        )
        existing = [column["column_name"] for column in columns]
        assert named <= set(existing), view
        spans = [re.findall("`(.+?)`", cell) for cell in cells_of_names if "..." in cell]
        spanned = {
            name
            for first, last in spans
            for name in existing[existing.index(first) : existing.index(last) + 1]
        }
        assert set(existing) == named | spanned, view


@pytest.fixture
async def roles(database: str, root: Path) -> AsyncIterator[None]:
    """The roles that the documentation makes. A role is of the whole server."""
    text = (root / "docs/reports.md").read_text()
    for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL):
        if "CREATE ROLE" in block:
            await execute(database, block)
    yield
    for role in ("ct_reader", "ct_reports"):
        await execute(database, f"DROP OWNED BY {role}; DROP ROLE {role}")


def as_role(database: str, role: str) -> str:
    """The same database, for another role."""
    return database.replace("postgres@", f"{role}@", 1)


@pytest.mark.usefixtures("roles")
async def test_the_documented_role_reads_the_views_and_no_events(database: str) -> None:
    await store(database, events_of(VISITS))
    reader = as_role(database, "ct_reader")
    for view, rows in (("ct_sessions", 5), ("ct_orders", 2), ("ct_touches", 3)):
        assert len(await fetch(reader, f"SELECT * FROM {view}")) == rows
    for table in ("conversion_events", "counted_orders", "rejected_events", "currency_rates"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(reader, f"SELECT * FROM {table}")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await execute(reader, "DELETE FROM session_facts")
    [timeout] = await fetch(reader, "SHOW statement_timeout")
    assert timeout == {"statement_timeout": "15s"}


@pytest.mark.usefixtures("roles")
async def test_the_documented_role_of_the_reports_answers_them_all(database: str) -> None:
    await store(database, events_of(VISITS))
    reader = as_role(database, "ct_reports")
    connection = await asyncpg.connect(reader)
    try:
        for name in load_reports():
            asked = Asked(name, range="today", session="d", person="ann", order="R1")
            assert (await ask(connection, read_question(asked, NOW))).question.report.name == name
    finally:
        await connection.close()
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await execute(reader, "DELETE FROM session_facts")


async def test_the_documented_rates_are_taken(database: str, root: Path) -> None:
    text = (root / "docs/reports.md").read_text()
    [statement] = re.findall(r"```sql\n(INSERT INTO currency_rates.*?)```", text, re.DOTALL)
    await execute(database, statement)
    await execute(database, statement)
    assert len(await fetch(database, "SELECT * FROM currency_rates")) == 2
