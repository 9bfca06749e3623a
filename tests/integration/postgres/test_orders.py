"""An order counts once, whoever reports it, how often, and in which order that arrives."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.event import Event, FunnelStage
from collector.event_row import EventRow, make_row
from collector.postgres.store import open_store
from collector.sql import load_query
from tests.support import Collector, Rows, empty_tables, fetch
from tests.unit.events import NOON, event, some_events


def purchase(number: int, minute: int = 0, value: float | None = 30, **fields: Any) -> Event:
    amount = None if value is None else Decimal(value)
    bought = {"funnel_stage": FunnelStage.COMPLETED_CHECKOUT, "converted": True}
    return event(number, minute, **{**bought, "conversion_value": amount, **fields})


def refund(number: int, value: int, **fields: Any) -> Event:
    return event(number, event_type="refund", conversion_value=Decimal(value), **fields)


async def store_each(database: str, *events: Event) -> None:
    """Store these events, each in a batch of its own."""
    async with open_store(database, 1, 30) as store:
        for sold in events:
            await store.insert_events([make_row(sold)])


async def values_of_sessions(database: str) -> dict[str, Any]:
    rows = await fetch(database, "SELECT session_id, conversion_value FROM conversion_funnel")
    return {row["session_id"]: row["conversion_value"] for row in rows}


async def orders(database: str) -> Rows:
    """The view's rows, by order."""
    return await fetch(database, "SELECT * FROM conversion_orders ORDER BY order_key, session_id")


async def test_an_order_that_two_sessions_report_counts_for_the_first(database: str) -> None:
    first = purchase(1, 0, session_id="a", order_id="R1")
    again = purchase(2, 9, session_id="b", order_id="R1")
    await store_each(database, again, first)
    assert await values_of_sessions(database) == {"a": 30, "b": None}
    [row] = await orders(database)
    assert (row["order_key"], row["event_id"], row["session_id"]) == ("R1", first.id, "a")
    assert (row["conversion_value"], row["repeat_ids"]) == (30, [again.id])
    assert row["ordered_at"] == NOON


async def test_an_order_that_two_sessions_report_with_one_event_id_counts_once(
    database: str,
) -> None:
    first = purchase(1, 0, session_id="a", order_id="R1")
    again = purchase(1, 9, session_id="b", order_id="R1")
    await store_each(database, again, first, again)
    assert await values_of_sessions(database) == {"a": 30, "b": None}
    [row] = await orders(database)
    assert (row["session_id"], row["repeat_ids"]) == ("a", [first.id])


async def test_a_session_that_loses_an_order_is_as_if_it_had_never_counted_there(
    database: str,
) -> None:
    await store_each(
        database,
        purchase(1, 9, 30, session_id="b", order_id="R1"),
        purchase(2, 9, 5, session_id="b", order_id="R2", currency="EUR"),
        purchase(3, 0, 30, session_id="a", order_id="R1"),
    )
    expected = await fetch(database, load_query("funnel_from_events"))
    columns = ", ".join(expected[0])
    actual = await fetch(database, f"SELECT {columns} FROM conversion_funnel ORDER BY session_id")
    assert actual == expected
    assert [row["conversion_value"] for row in actual] == [30, 5]


async def test_both_sessions_have_converted_all_the_same(database: str) -> None:
    await store_each(
        database,
        purchase(1, 0, session_id="a", order_id="R1"),
        purchase(2, 9, session_id="b", order_id="R1"),
    )
    rows = await fetch(database, "SELECT converted, completed_checkout FROM conversion_funnel")
    assert rows == [{"converted": True, "completed_checkout": True}] * 2


async def test_a_sessions_orders_add_up(database: str) -> None:
    await store_each(
        database,
        purchase(1, 0, 30, order_id="R1"),
        purchase(2, 1, 12.5, stripe_session_id="cs_2"),
        purchase(3, 2, 30, order_id="R1"),
    )
    assert await values_of_sessions(database) == {"s1": Decimal("42.5")}


async def test_what_names_no_order_adds_nothing_to_the_orders_of_a_session(database: str) -> None:
    subscribed = purchase(2, 1, 30, funnel_stage=FunnelStage.SUBSCRIPTION_CREATED)
    await store_each(database, purchase(1, 0, 30, order_id="R1"), subscribed)
    assert await values_of_sessions(database) == {"s1": 30}


async def test_an_order_id_names_the_order_before_stripes_session(database: str) -> None:
    await store_each(
        database,
        purchase(1, 0, order_id="R1", stripe_session_id="cs_1"),
        purchase(2, 1, order_id="R2", stripe_session_id="cs_1"),
        purchase(3, 2, stripe_session_id="R1"),
    )
    assert [row["order_key"] for row in await orders(database)] == ["R1", "R2"]


@pytest.mark.parametrize("batches", [1, 2])
async def test_a_report_without_a_value_never_counts_where_another_has_one(
    database: str, batches: int
) -> None:
    reports = (
        purchase(1, 0, None, session_id="browser", order_id="R1"),
        purchase(2, 1, 30, session_id="server", order_id="R1"),
    )
    if batches == 2:
        await store_each(database, *reports)
    else:
        async with open_store(database, 1, 30) as store:
            await store.insert_events([make_row(report) for report in reports])
    assert await values_of_sessions(database) == {"browser": None, "server": 30}


async def test_amounts_of_two_currencies_are_not_added(database: str) -> None:
    await store_each(
        database,
        purchase(1, 0, 10, order_id="R1", currency="USD"),
        purchase(2, 1, 20, order_id="R2", currency="EUR"),
        purchase(3, 2, 40, order_id="R3", currency="USD"),
    )
    [row] = await fetch(database, "SELECT conversion_value, currency FROM conversion_funnel")
    assert row == {"conversion_value": 50, "currency": "USD"}


async def test_refunds_reduce_an_order_and_no_funnel(database: str) -> None:
    await store_each(
        database,
        refund(1, 10, order_id="R1", session_id="support"),
        refund(2, 5, order_id="R1", session_id="support", is_bot=True),
        refund(3, 7, order_id="R1", currency="EUR"),
        refund(4, 7, order_id="R2"),
        purchase(5, 0, 30, session_id="a", order_id="R1"),
    )
    assert await values_of_sessions(database) == {"a": 30, "support": None, "s1": None}
    [row] = await orders(database)
    assert (row["conversion_value"], row["refunded"], row["net_value"]) == (30, 15, 15)


async def test_a_session_that_converts_and_names_no_order_is_a_row_as_well(database: str) -> None:
    await store_each(database, purchase(1, 3, 30, channel="Email"), purchase(2, 4, 40))
    [row] = await orders(database)
    assert (row["order_key"], row["event_id"], row["conversion_value"]) == (None, None, 40)
    assert (row["session_id"], row["channel"]) == ("s1", "Email")


async def test_a_session_whose_row_was_deleted_can_lose_its_order(database: str) -> None:
    await store_each(database, purchase(1, 5, session_id="a", order_id="R1"))
    await fetch(database, "DELETE FROM conversion_funnel")
    await store_each(database, purchase(2, 0, session_id="b", order_id="R1"))
    assert await values_of_sessions(database) == {"a": None, "b": 30}


@pytest.mark.parametrize("path", ["track", "funnel"])
async def test_browser_and_server_report_one_order(collector: Collector, path: str) -> None:
    order = {"order_id": "R1", "conversion_value": 30}
    await collector.track(event_type="purchase", **order)
    if path == "track":
        status, _ = await collector.track(session_id="s2", event_type="purchase", **order)
    else:
        status, _ = await collector.funnel(session_id="s2", stage="completed_checkout", **order)
    assert status == 200
    assert await values_of_sessions(collector.database) == {"s1": 30, "s2": None}


async def test_a_thank_you_page_that_is_loaded_again_is_the_same_event(
    collector: Collector,
) -> None:
    bought = {"event_type": "purchase", "order_id": "R1", "conversion_value": 30}
    _, first = await collector.track(**bought)
    _, again = await collector.track(**bought)
    assert again == {**first, "duplicate": True}
    assert len(await collector.events()) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"event_type": "refund"},
        {"event_type": "checkout_start"},
        {"order_id": "R2"},
        {"session_id": "s2"},
        {"event_type": "subscription_created"},
        {"event_id": "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"},
    ],
    ids=str,
)
async def test_what_differs_in_more_than_time_is_another_event(
    collector: Collector, fields: dict[str, str]
) -> None:
    bought = {"event_type": "purchase", "order_id": "R1", "conversion_value": 30}
    await collector.track(**bought)
    await collector.track(**{**bought, **fields})
    assert len(await collector.events()) == 2


@given(st.data())
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_in_any_order_and_any_batches_each_order_counts_once(
    database: str, data: st.DataObject
) -> None:
    events = data.draw(some_events())
    sent = data.draw(st.permutations(events))
    size = data.draw(st.integers(1, len(sent)))
    await empty_tables(database)
    async with open_store(database, 1, 30) as store:
        for start in range(0, len(sent), size):
            await store.insert_events([make_row(e) for e in sent[start : start + size]])
    counting = counting_events(events)
    rows = await fetch(database, "SELECT order_key, event_id FROM counted_orders")
    assert {row["order_key"]: row["event_id"] for row in rows} == {
        key: counts.id for key, counts in counting.items()
    }
    for row in await fetch(database, "SELECT * FROM conversion_funnel"):
        of_session = [e for e in counting.values() if e.session_id == row["session_id"]]
        if row["order_values"] is not None:
            assert row["conversion_value"] == worth(of_session)
        else:
            assert of_session == []


def order_of(sold: Event) -> str | None:
    return sold.order_id or sold.stripe_session_id


def counting_events(events: Iterable[Event]) -> dict[str, Event]:
    """The event that counts for each order: the first by time that has a value."""
    reports = defaultdict(list)
    for sold in events:
        key = order_of(sold)
        if sold.converted and not sold.is_bot and key:
            reports[key].append(sold)
    return {key: min(rivals, key=rank) for key, rivals in reports.items()}


def rank(sold: Event) -> tuple[Any, ...]:
    happened_at = min(sold.occurred_at or sold.received_at, sold.received_at)
    return sold.conversion_value is None, happened_at, sold.id, sold.session_id


def worth(sold: list[Event]) -> Decimal | None:
    """The sum in the currency that most orders have, by its name where two have as many."""
    amounts = defaultdict(list)
    for order in sold:
        if order.conversion_value is not None:
            amounts[order.currency].append(order.conversion_value)
    if not amounts:
        return None
    return sum(min(amounts.items(), key=lambda pair: (-len(pair[1]), pair[0]))[1], Decimal(0))


async def test_20_writers_of_the_same_orders_never_deadlock_and_count_each_once(
    database: str,
) -> None:
    async with open_store(database, 20, 60) as store:
        batches = [reports_of(writer) for writer in range(20)]
        stored = await asyncio.gather(*(store.insert_events(batch) for batch in batches))
    assert [len(ids) for ids in stored] == [60] * 20
    first = await fetch(database, "SELECT DISTINCT session_id FROM counted_orders")
    assert [row["session_id"] for row in first] == ["writer 0"]
    [total] = await fetch(database, "SELECT sum(conversion_value) FROM conversion_funnel")
    assert total["sum"] == 60 * 30


def reports_of(writer: int) -> list[EventRow]:
    """60 orders, the same for each writer, the earliest of the first; in either direction."""
    numbers = range(60) if writer % 2 else range(59, -1, -1)
    return [
        make_row(
            purchase(
                1 + writer * 1_000 + n, writer, order_id=f"R{n}", session_id=f"writer {writer}"
            )
        )
        for n in numbers
    ]
