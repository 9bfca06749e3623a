"""What orders brought, against answers worked out by hand."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import asyncpg
import pytest

from collector.cli import main
from collector.event import Event
from collector.reports.csv_file import write_csv
from collector.reports.json_object import json_object
from tests.integration.reports.conftest import Ask, cells, store
from tests.integration.reports.visits import DAY, Order, Visit, at, events_of
from tests.support import execute


def refund(order: str, value: str, minute: float, currency: str = "EUR") -> Event:
    """A refund that a server sends, in a session of its own."""
    return at(
        minute,
        event_type="refund",
        order_id=order,
        conversion_value=Decimal(value),
        currency=currency,
        session_id="server",
    )


# R1 and R2 the day before yesterday and yesterday, R3 and R4 today; R5 is a bot's.
SALES = [
    *events_of(
        [
            Visit("a", -2 * DAY, "Email", orders=(Order("R1", -2 * DAY, Decimal("10.10")),)),
            Visit("b", -DAY, "Email", orders=(Order("R2", -DAY, Decimal(20)),)),
            Visit(
                "c", 0, orders=(Order("R3", 1, Decimal(31)), Order("R4", 2, Decimal(500), "JPY"))
            ),
            Visit("d", 0, orders=(Order("R5", 1, Decimal(99)),), is_bot=True),
        ]
    ),
    refund("R1", "4", 5),  # today, of an order of the day before yesterday
    refund("R1", "0.50", 6),
    refund("R3", "31", 7),
    refund("R4", "1", 8, "EUR"),  # in another currency than the order's
]
THREE_DAYS = {"range": "3d", "unit": "day"}


async def test_revenue_and_refunds_are_dated_by_the_order(database: str, report: Ask) -> None:
    await store(database, SALES)
    answer = await report("revenue", **THREE_DAYS)
    columns = ("orders", "revenue", "refunds", "net_revenue", "average_order")
    assert cells(answer, *columns) == [
        (1, {"EUR": Decimal("10.10")}, {"EUR": Decimal("-4.50")}, {"EUR": Decimal("5.60")},
         {"EUR": Decimal("10.10")}),
        (1, {"EUR": 20}, {}, {"EUR": 20}, {"EUR": 20}),
        (2, {"EUR": 31, "JPY": 500}, {"EUR": -31}, {"EUR": 0, "JPY": 500},
         {"EUR": 31, "JPY": 500}),
    ]  # fmt: skip
    assert [row["is_complete"] for row in answer.rows] == [True, True, True]


async def test_a_time_without_orders_has_a_row_of_its_own(report: Ask) -> None:
    answer = await report("revenue", **THREE_DAYS)
    assert cells(answer, "orders", "revenue", "net_revenue") == [(0, {}, {})] * 3


async def test_revenue_by_a_dimension_adds_up_with_its_rest(database: str, report: Ask) -> None:
    await store(database, SALES)
    answer = await report("revenue_by", range="3d", limit="1")
    columns = ("counted_orders", "revenue", "refunds", "net_revenue")
    assert cells(answer, *columns) == [
        ("Direct", 2, {"EUR": 31, "JPY": 500}, {"EUR": -31}, {"EUR": 0, "JPY": 500}),
        (None, 2, {"EUR": Decimal("30.10")}, {"EUR": Decimal("-4.50")}, {"EUR": Decimal("25.60")}),
    ]
    assert answer.total is not None
    assert answer.total["revenue"] == {"EUR": Decimal("61.10"), "JPY": 500}
    assert answer.total["net_revenue"] == {"EUR": Decimal("25.60"), "JPY": 500}
    assert answer.total["average_order"] == {"EUR": Decimal("20.37"), "JPY": 500}  # 61.10 by 3


async def test_revenue_by_the_source_counts_the_same_orders(database: str, report: Ask) -> None:
    await store(database, SALES)
    answer = await report("revenue_by", range="3d", by="source")
    assert answer.question.names == "source"
    assert cells(answer, "counted_orders") == [("(direct)", 4)]


async def test_orders_are_listed_from_the_newest(database: str, report: Ask) -> None:
    unnamed = Visit("e", -3, "Referral", orders=(Order(None, -3, None),))
    await store(database, [*SALES, *events_of([unnamed])])
    answer = await report("orders", range="3d", limit="4")
    columns = ("order_key", "session_id", "channel", "revenue", "refunds", "net_revenue")
    assert cells(answer, *columns) == [
        ("R4", "c", "Direct", {"JPY": 500}, {}, {"JPY": 500}),
        ("R3", "c", "Direct", {"EUR": 31}, {"EUR": -31}, {"EUR": 0}),
        (None, "e", "Referral", {}, {}, {}),
        ("R2", "b", "Email", {"EUR": 20}, {}, {"EUR": 20}),
    ]


async def test_filters_choose_orders_by_their_session(database: str, report: Ask) -> None:
    await store(database, SALES)
    answer = await report("orders", range="3d", filters=["channel=Email", "event_type=purchase"])
    assert cells(answer, "order_key") == [("R2",), ("R1",)]


async def test_an_order_that_two_sessions_report_is_listed_once(database: str, report: Ask) -> None:
    twice = [
        Visit("late", 3, orders=(Order("R1", 4, Decimal(10)),)),
        Visit("early", 0, "Email", orders=(Order("R1", 1, Decimal(10)),)),
    ]
    await store(database, events_of(twice))
    assert cells(await report("orders"), "order_key", "session_id") == [("R1", "early")]
    assert cells(await report("revenue_by"), "revenue") == [("Email", {"EUR": 10})]


@pytest.mark.parametrize(("bots", "orders"), [("exclude", 0), ("include", 1), ("only", 1)])
async def test_what_a_bot_converts_counts_only_where_bots_are_asked_for(
    database: str, report: Ask, bots: str, orders: int
) -> None:
    robot = Visit("robot", 0, orders=(Order(None, 0, Decimal(5)),), is_bot=True)
    await store(database, events_of([robot]))
    assert len((await report("orders", bots=bots)).rows) == orders


# One currency


RATES = """
    INSERT INTO currency_rates (day, currency, into_currency, rate) VALUES
        ('2026-11-20', 'JPY', 'EUR', 0.0061),
        ('2026-11-21', 'USD', 'EUR', 0.9),
        ('2026-11-22', 'USD', 'EUR', 0.8),
        ('2026-11-23', 'USD', 'EUR', 0.1),
        ('2026-11-20', 'USD', 'GBP', 0.5),
        ('2026-11-20', 'EUR', 'USD', 1.2)
"""

# NOON is of 22 November. The dollars before the 21st have no rate, nor have the crowns.
ABROAD = events_of(
    [
        Visit("a", -2 * DAY, "Email", orders=(Order("R1", -2 * DAY, Decimal(10), "USD"),)),
        Visit("b", -DAY, "Email", orders=(Order("R2", -DAY, Decimal(10), "USD"),)),
        Visit("c", 0, orders=(Order("R3", 1, Decimal("0.72"), "USD"),)),
        Visit("d", 0, orders=(Order("R4", 1, Decimal(500), "JPY"),)),
        Visit("e", 0, orders=(Order("R5", 1, Decimal(9), "SEK"),)),
        Visit("f", 0, orders=(Order("R6", 1, Decimal(1)),)),
    ]
)


async def test_each_order_is_turned_by_the_latest_rate_at_or_before_its_day(
    database: str, report: Ask
) -> None:
    await store(database, [*ABROAD, refund("R2", "5", 0, "USD")])
    await execute(database, RATES)
    answer = await report("revenue", currency="EUR", **THREE_DAYS)
    assert cells(answer, "revenue", "refunds") == [
        ({"USD": 10}, {}),  # shown apart: there was no rate yet
        ({"EUR": 9}, {"EUR": Decimal("-4.50")}),  # by the rate of the order's day
        # 0.72 by 0.8 is 0.576, 500 by 0.0061 is 3.05, and 1
        ({"EUR": Decimal("4.63"), "SEK": 9}, {}),
    ]
    by_session = await report("channels", range="3d", currency="EUR")
    assert dict(cells(by_session, "revenue")) == {
        "Email": {"EUR": 9, "USD": 10},
        "Direct": {"EUR": Decimal("4.63"), "SEK": 9},
    }
    attributed = await report("attribution", range="3d", currency="EUR")
    assert attributed.total is not None
    assert attributed.total["linear_revenue"] == {"EUR": Decimal("13.63"), "SEK": 9, "USD": 10}


async def test_without_a_reporting_currency_each_amount_stays_in_its_own(
    database: str, report: Ask
) -> None:
    await store(database, ABROAD)
    await execute(database, RATES)
    [row] = (await report("revenue_by", range="3d", by="device_type")).rows
    assert row["revenue"] == {"EUR": 1, "JPY": 500, "SEK": 9, "USD": Decimal("20.72")}


@pytest.mark.parametrize("name", ["overview", "trend", "channels", "revenue", "attribution"])
async def test_every_report_of_revenue_is_in_the_reporting_currency(
    database: str, report: Ask, name: str
) -> None:
    sold = Visit("a", 0, orders=(Order("R1", 1, Decimal(10), "USD"),))
    await store(database, events_of([sold]))
    await execute(database, RATES)
    answer = await report(name, currency="EUR", unit="day")
    column = "linear_revenue" if name == "attribution" else "revenue"
    assert [row[column] for row in answer.rows] == [{"EUR": 8}]


@pytest.mark.parametrize(
    "row",
    [
        "'2026-11-01', 'USD', 'EUR', 0",
        "'2026-11-01', 'USD', 'EUR', -1",
        "'2026-11-01', 'USD', 'EUR', 'NaN'",
        "'2026-11-01', 'USD', 'EUR', 'Infinity'",
        "'2026-11-01', 'USD', 'EUR', NULL",
        "'2026-11-01', 'usd', 'EUR', 1",
        "'2026-11-01', 'US', 'EUR', 1",
        "'2026-11-01', 'EUR', 'EUR', 1",
        "'infinity', 'USD', 'EUR', 1",
        "'2026-11-20', 'JPY', 'EUR', 2",  # a second rate of the day
    ],
)
async def test_a_rate_that_makes_no_sense_is_refused(database: str, row: str) -> None:
    await execute(database, RATES)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await execute(database, f"INSERT INTO currency_rates VALUES ({row})")


# As texts


async def test_parts_of_conversions_are_decimals_in_files(database: str, report: Ask) -> None:
    three = [Visit("a", -2, "Email"), Visit("b", -1, "Referral")]
    own = Visit("c", 0, orders=(Order("R1", 0),))
    await store(database, events_of([*three, own]))
    answer = await report("attribution")
    [email] = [row for row in json_object(answer)["rows"] if row["name"] == "Email"]
    assert email["linear_conversions"] == "0.333334"
    assert email["linear_revenue"] == {"EUR": "33.34"}
    assert "0.333334" in write_csv(answer)
    assert json_object(answer)["total"]["linear_conversions"] == "1"


async def test_the_command_asks_with_the_setting_and_the_options(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sold = Visit("a", 0, "Email", orders=(Order("R1", 1, Decimal(10), "USD"),))
    await store(database, events_of([sold, Visit("b", -40 * DAY, "Referral")]))
    await execute(database, RATES)
    monkeypatch.setenv("CT_DATABASE_URL", database)
    monkeypatch.setenv("CT_REPORTS_CURRENCY", "EUR")
    options = ["--range", "2026-11-22", "--order", "R1", "--look-back", "50", "--format", "csv"]
    await asyncio.to_thread(main, ["report", "conversion_touches", *options])
    [head, first, second] = capsys.readouterr().out.splitlines()
    assert "linear_revenue_EUR" in head
    assert ("Referral" in first, "Email" in second) == (True, True)
