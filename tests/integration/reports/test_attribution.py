"""Which touches an order has, and what each model credits them with, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from collector.reports.answer import Answer
from collector.reports.errors import QuestionError
from collector.reports.filters import SEVERAL, Dimension
from tests.integration.reports.conftest import Ask, cells, store
from tests.integration.reports.visits import DAY, MODELS, Order, Visit, events_of
from tests.support import execute
from tests.unit.events import NOON


def bought(
    *orders: Order, start: float = 0, channel: str = "Direct", session: str = "buy", **who: Any
) -> Visit:
    """A visit that buys, an order of 100 EUR unless others are given."""
    return Visit(session, start, channel, orders=orders or (Order("R1", start),), **who)


async def credits_of(report: Ask, model: str = "linear", **asked: Any) -> dict[str, Any]:
    """By channel, the conversions that a model credits, where it credits any."""
    answer = await report("attribution", **asked)
    rows = cells(answer, f"{model}_conversions")
    return {name: Decimal(parts) / 1_000_000 for name, parts in rows if parts}


def revenue_of(answer: Answer, model: str, currency: str = "EUR") -> dict[str, Decimal]:
    """By name, the revenue that a model credits."""
    return {
        name: revenue.get(currency, Decimal(0))
        for name, revenue in cells(answer, f"{model}_revenue")
    }


async def touches_of(report: Ask, order: str = "R1", **asked: Any) -> list[str]:
    """The sessions of the touches of an order, the oldest first."""
    answer = await report("conversion_touches", order=order, **asked)
    return [session for [session] in cells(answer, "session_id")]


FOUR = (
    Visit("a", -28 * DAY, "Email"),
    Visit("b", -14 * DAY, "Direct"),
    Visit("c", -7 * DAY, "Paid Search"),
    bought(),
)


@pytest.mark.parametrize(
    ("model", "worth"),
    [
        ("first_touch", {"Email": "100", "Direct": "0", "Paid Search": "0"}),
        ("last_touch", {"Email": "0", "Direct": "100", "Paid Search": "0"}),
        ("last_non_direct", {"Email": "0", "Direct": "0", "Paid Search": "100"}),
        ("linear", {"Email": "25", "Direct": "50", "Paid Search": "25"}),
        # 40, 10, 10, 40
        ("position_based", {"Email": "40", "Direct": "50", "Paid Search": "10"}),
        # 1/16 + 1/4 + 1/2 + 1 = 29/16: 3.448, 13.793, 27.586 and 55.172; two cents are left over,
        # for 3.448 and 27.586
        ("time_decay", {"Email": "3.45", "Direct": "68.96", "Paid Search": "27.59"}),
    ],
)
async def test_each_model_credits_four_touches_by_its_rule(
    database: str, report: Ask, model: str, worth: dict[str, str]
) -> None:
    await store(database, events_of(FOUR))
    answer = await report("attribution")
    assert revenue_of(answer, model) == {name: Decimal(part) for name, part in worth.items()}
    assert answer.total is not None
    assert answer.total[f"{model}_revenue"] == {"EUR": 100}
    assert answer.total[f"{model}_conversions"] == 1_000_000


@pytest.mark.parametrize("model", MODELS)
async def test_an_order_with_one_touch_is_all_its_own_in_every_model(
    database: str, report: Ask, model: str
) -> None:
    await store(database, events_of([bought(channel="Email")]))
    assert await credits_of(report, model) == {"Email": 1}


@pytest.mark.parametrize("model", ["linear", "position_based", "time_decay"])
async def test_of_two_touches_each_has_the_half_and_the_earlier_the_odd_cent(
    database: str, report: Ask, model: str
) -> None:
    order = Order("R1", 0, Decimal("10.01"))
    await store(database, events_of([Visit("a", 0, "Email"), bought(order)]))
    answer = await report("attribution")
    assert revenue_of(answer, model) == {"Email": Decimal("5.01"), "Direct": Decimal("5.00")}


@pytest.mark.parametrize(
    ("currency", "value", "parts"),
    [
        ("EUR", "1.00", ["0.34", "0.33", "0.33"]),
        ("JPY", "101", ["34", "34", "33"]),  # no decimals
        ("KWD", "1.000", ["0.334", "0.333", "0.333"]),  # three
    ],
)
async def test_revenue_is_credited_in_whole_minor_units(
    database: str, report: Ask, currency: str, value: str, parts: list[str]
) -> None:
    order = Order("R1", 0, Decimal(value), currency)
    visits = [Visit("a", -2, "Email"), Visit("b", -1, "Paid Search"), bought(order)]
    await store(database, events_of(visits))
    answer = await report("conversion_touches", order="R1")
    assert [revenue[currency] for [revenue] in cells(answer, "linear_revenue")] == [
        Decimal(part) for part in parts
    ]
    assert [parts for [parts] in cells(answer, "linear_conversions")] == [333_334, 333_333, 333_333]


async def test_where_all_touches_are_direct_the_last_one_has_the_credit(
    database: str, report: Ask
) -> None:
    await store(database, events_of([Visit("a", -DAY), bought()]))
    answer = await report("conversion_touches", order="R1")
    assert cells(answer, "session_id", "last_non_direct_conversions") == [
        ("a", 0),
        ("buy", 1_000_000),
    ]


async def test_a_session_of_unknown_channel_says_as_little_as_a_direct_one(
    database: str, report: Ask
) -> None:
    visits = [Visit("a", -DAY, "Email"), Visit("b", -1, "Referral"), bought()]
    await store(database, events_of(visits))
    # As in rows of before there were channels
    await execute(database, "UPDATE conversion_events SET channel = NULL WHERE session_id = 'b'")
    await store(database, [])
    assert await credits_of(report, "last_touch") == {"Direct": 1}
    assert await credits_of(report, "last_non_direct") == {"Email": 1}


# What other programs get wrong


async def test_the_look_back_reaches_before_the_range(database: str, report: Ask) -> None:
    await store(database, events_of([Visit("a", -30 * DAY, "Email"), bought()]))
    assert await credits_of(report, "first_touch") == {"Email": 1}


@pytest.mark.parametrize(("look_back", "first"), [("29", "Direct"), ("30", "Email")])
async def test_a_touch_before_the_look_back_is_none(
    database: str, report: Ask, look_back: str, first: str
) -> None:
    await store(database, events_of([Visit("a", -30 * DAY, "Email"), bought()]))
    assert await credits_of(report, "first_touch", look_back=look_back) == {first: 1}


@pytest.mark.parametrize("look_back", ["0", "366", "x", "-1", "1.5", ""])
async def test_a_look_back_is_from_1_to_365_days(report: Ask, look_back: str) -> None:
    with pytest.raises(QuestionError, match="look_back is a number from 1 to 365"):
        await report("attribution", look_back=look_back)


async def test_the_pages_of_a_session_are_no_touches_of_their_own(
    database: str, report: Ask
) -> None:
    own = bought(Order("R1", 3), channel="Paid Search")
    inner = [
        one
        for minute in (1, 2)
        for one in events_of([Visit("buy", minute, "Direct")])  # a page without its campaign
    ]
    await store(database, [*events_of([own]), *inner])
    assert await credits_of(report, "last_touch") == {"Paid Search": 1}
    assert await touches_of(report) == ["buy"]


async def test_touches_at_the_same_time_count_once_each_by_session(
    database: str, report: Ask
) -> None:
    visits = [Visit("b", -5, "Paid Search"), Visit("a", -5, "Email"), Visit("B", -5, "Referral")]
    await store(database, events_of([*visits, bought()]))
    assert await touches_of(report) == ["B", "a", "b", "buy"]
    answer = await report("attribution")
    assert revenue_of(answer, "linear") == dict.fromkeys(
        ["Paid Search", "Email", "Referral", "Direct"], 25
    )


async def test_each_order_of_a_session_is_a_conversion(database: str, report: Ask) -> None:
    orders = (Order("R1", 1, Decimal(10)), Order("R2", 2, Decimal(20)), Order("R3", 2, Decimal(3)))
    await store(database, events_of([Visit("a", -DAY, "Email"), bought(*orders)]))
    answer = await report("attribution")
    assert revenue_of(answer, "last_non_direct")["Email"] == 33
    assert await credits_of(report, "last_non_direct") == {"Email": 3}


async def test_the_rest_of_a_long_list_adds_up_to_the_total(database: str, report: Ask) -> None:
    await store(database, events_of(FOUR))
    answer = await report("attribution", limit="1")
    assert cells(answer, "linear_conversions", "assisted_conversions") == [
        ("Paid Search", 250_000, 0),
        (None, 750_000, 1),  # the order had touches of others, but goes to none of them
    ]
    assert answer.rows[1]["names"] == 2
    assert answer.total is not None
    assert answer.total["linear_revenue"] == {"EUR": 100}


# Who the person is


async def test_what_comes_after_an_order_changes_nothing_of_its_credit(
    database: str, report: Ask
) -> None:
    await store(database, events_of(FOUR))
    before = cells(await report("attribution"), *(f"{model}_revenue" for model in MODELS))
    later = [
        Visit("later", 1, "Email"),
        Visit("login", 5, "Email", user=1, login_at=6),  # the browser is linked to a user
        Visit("phone", -DAY, "Email", visitor="phone", user=1, login_at=7),  # and that one's phone
    ]
    await store(database, events_of(later))
    after = cells(await report("attribution"), *(f"{model}_revenue" for model in MODELS))
    assert after == before


async def test_a_login_in_the_buying_session_after_the_order_makes_no_user_of_it(
    database: str, report: Ask
) -> None:
    phone = Visit("phone", -DAY, "Email", visitor="phone", user=1, login_at=-DAY)
    own = bought(Order("R1", 1), user=1, login_at=2)
    await store(database, events_of([phone, own]))
    assert await touches_of(report) == ["buy"]


async def test_a_users_touches_are_those_of_all_devices_that_were_known(
    database: str, report: Ask
) -> None:
    visits = [
        Visit("phone before", -9 * DAY, "Email", visitor="phone"),  # the same phone, not logged in
        Visit("phone", -8 * DAY, visitor="phone", user=1, login_at=-8 * DAY),
        Visit("tablet", -7 * DAY, visitor=None, user=1, login_at=-7 * DAY),
        Visit("laptop", -6 * DAY, visitor="laptop"),  # the buying browser, not logged in
        Visit("stranger", -5 * DAY, visitor="stranger"),
        bought(Order("R1", 1), visitor="laptop", user=1, login_at=0),
    ]
    await store(database, events_of(visits))
    assert await touches_of(report) == ["phone before", "phone", "tablet", "laptop", "buy"]


async def test_a_browser_that_was_linked_before_the_look_back_is_the_users_all_the_same(
    database: str, report: Ask
) -> None:
    visits = [
        Visit("linked", -300 * DAY, visitor="phone", user=1, login_at=-300 * DAY),
        Visit("phone", -DAY, "Email", visitor="phone"),
        bought(Order("R1", 1), visitor="laptop", user=1, login_at=0),
    ]
    await store(database, events_of(visits))
    assert await touches_of(report) == ["phone", "buy"]


async def test_a_session_that_is_known_for_the_users_after_the_order_is_no_touch_of_it(
    database: str, report: Ask
) -> None:
    phone = Visit("phone", -DAY, "Email", visitor="phone", user=1, login_at=9)
    own = bought(Order("R1", 1), visitor="laptop", user=1, login_at=0)
    await store(database, events_of([phone, own]))
    assert await touches_of(report) == ["buy"]


async def test_the_sessions_of_another_user_in_the_same_browser_are_not_the_buyers(
    database: str, report: Ask
) -> None:
    visits = [
        Visit("other", -3 * DAY, "Email", user=2, login_at=-3 * DAY),
        Visit("nobody", -2 * DAY, "Referral"),
        Visit("other later", -DAY, "Email", user=2, login_at=9),  # not yet known at the order
        bought(Order("R1", 1), user=1, login_at=0),
    ]
    await store(database, events_of(visits))
    assert await touches_of(report) == ["nobody", "other later", "buy"]


async def test_an_order_without_a_known_user_goes_by_its_visitor(
    database: str, report: Ask
) -> None:
    visits = [
        Visit("logged in", -3 * DAY, "Email", user=2, login_at=-3 * DAY),
        Visit("phone", -2 * DAY, "Email", visitor="phone", user=2, login_at=-2 * DAY),
        bought(),
    ]
    await store(database, events_of(visits))
    assert await touches_of(report) == ["logged in", "buy"]


async def test_without_a_visitor_only_the_session_itself_is_known(
    database: str, report: Ask
) -> None:
    await store(database, events_of([Visit("a", -1, "Email", visitor=None), bought(visitor=None)]))
    assert await touches_of(report) == ["buy"]


# Which conversions


async def test_an_order_that_two_sessions_report_is_credited_once(
    database: str, report: Ask
) -> None:
    first = bought(channel="Email")
    again = bought(Order("R1", 9), start=8, session="again", channel="Paid Search")
    await store(database, events_of([again, first]))
    answer = await report("attribution")
    assert revenue_of(answer, "last_touch") == {"Email": 100}
    assert answer.total is not None
    assert answer.total["linear_conversions"] == 1_000_000


async def test_a_conversion_that_names_no_order_is_one_by_itself(
    database: str, report: Ask
) -> None:
    own = bought(Order(None, 1, Decimal(7)), Order(None, 2, Decimal(9)), channel="Email")
    await store(database, events_of([own]))
    answer = await report("attribution")
    assert await credits_of(report) == {"Email": 1}
    assert revenue_of(answer, "linear") == {"Email": 9}  # that of the latest, as in the funnel
    assert await touches_of(report, "buy") == ["buy"]


async def test_an_order_without_a_value_is_a_conversion_without_revenue(
    database: str, report: Ask
) -> None:
    await store(database, events_of([bought(Order("R1", 0, None))]))
    [row] = (await report("attribution")).rows
    assert (row["linear_conversions"], row["linear_revenue"]) == (1_000_000, {})


async def test_bots_are_no_touches_and_buy_nothing(database: str, report: Ask) -> None:
    visits = [
        Visit("robot", -1, "Email", is_bot=True),
        bought(),
        bought(Order("R9", 1), session="robot buys", is_bot=True),
        bought(Order(None, 1), session="robot converts", is_bot=True),
    ]
    await store(database, events_of(visits))
    assert await credits_of(report) == {"Direct": 1}
    assert await touches_of(report) == ["buy"]


async def test_a_filter_chooses_orders_by_their_session_and_no_touches(
    database: str, report: Ask
) -> None:
    other = bought(Order("R2", 0), session="other", channel="Referral", visitor="bob")
    await store(database, events_of([*FOUR, other]))
    assert await credits_of(report, filters=["channel=Direct"]) == {
        "Email": Decimal("0.25"),
        "Direct": Decimal("0.5"),
        "Paid Search": Decimal("0.25"),
    }
    assert await credits_of(report, filters=["channel=Email"]) == {}
    assert await touches_of(report, filters=["channel=Email"]) == []


async def test_an_order_is_dated_by_itself_and_not_by_its_session(
    database: str, report: Ask
) -> None:
    own = bought(Order("R1", 0), start=-DAY)  # begun the day before
    await store(database, events_of([own]))
    assert await credits_of(report) == {"Direct": 1}
    assert await credits_of(report, range="yesterday") == {}


async def test_currencies_stand_apart(database: str, report: Ask) -> None:
    orders = (Order("R1", 1, Decimal(10)), Order("R2", 2, Decimal(500), "JPY"))
    await store(database, events_of([Visit("a", -1, "Email"), bought(*orders)]))
    answer = await report("attribution")
    assert answer.total is not None
    for model in MODELS:
        assert answer.total[f"{model}_revenue"] == {"EUR": 10, "JPY": 500}


# By what, and how


@pytest.mark.parametrize("name", ["attribution", "journeys", "revenue_by"])
async def test_every_dimension_of_a_touch_can_be_credited(
    database: str, report: Ask, name: str
) -> None:
    await store(database, events_of(FOUR))
    for by in set(Dimension) - SEVERAL:
        answer = await report(name, by=by)
        assert answer.question.names == ("journey" if name == "journeys" else by)
        assert answer.total is not None


@pytest.mark.parametrize("name", ["attribution", "journeys", "revenue_by", "revenue", "orders"])
async def test_every_dimension_chooses_orders(database: str, report: Ask, name: str) -> None:
    await store(database, events_of(FOUR))
    everything = await report(name)
    for dimension in Dimension:
        assert (await report(name, filters=[f"{dimension}!=x"])).rows == everything.rows


@pytest.mark.parametrize("by", ["event_type", "page", "channel; --", ""])
async def test_what_a_session_has_several_of_cannot_be_credited(report: Ask, by: str) -> None:
    if by:
        with pytest.raises(QuestionError, match="by is one of"):
            await report("attribution", by=by)
    else:
        assert (await report("attribution", by=by)).question.names == "channel"


def assisted(answer: Answer) -> Sequence[tuple[str, int]]:
    return cells(answer, "assisted_conversions")


async def test_assisted_is_what_had_a_touch_and_not_the_last_that_is_not_direct(
    database: str, report: Ask
) -> None:
    second = bought(Order("R2", 2), start=1, session="second", channel="Email")
    await store(database, events_of([*FOUR, second]))
    # R1: Email, Direct, Paid Search, Direct. R2: the same, then Email, which has the credit.
    assert dict(assisted(await report("attribution"))) == {
        "Email": 1,
        "Direct": 2,
        "Paid Search": 1,
    }


async def test_a_journey_has_each_turn_of_the_way_once(database: str, report: Ask) -> None:
    await store(
        database,
        events_of(
            [
                *FOUR,
                Visit("d", -2 * DAY, "Email", visitor="bob"),
                Visit("e", -1 * DAY, "Email", visitor="bob"),
                bought(Order("R2", 0, Decimal(7)), session="f", channel="Email", visitor="bob"),
                bought(Order("R3", 0, Decimal(5)), session="g", channel="Email", visitor="eve"),
            ]
        ),
    )
    answer = await report("journeys")
    columns = ("journey_conversions", "revenue", "median_days", "median_touches")
    assert cells(answer, *columns) == [
        ("Email", 2, {"EUR": 12}, 1, 2),  # 2 days and 0, 3 touches and 1
        ("Email > Direct > Paid Search > Direct", 1, {"EUR": 100}, 28, 4),
    ]


async def test_the_touches_of_one_order_say_when_and_where_from(database: str, report: Ask) -> None:
    await store(database, events_of(FOUR))
    answer = await report("conversion_touches", order="R1", zone="Asia/Kathmandu")
    assert cells(answer, "touched_at", "channel", "days_before")[0] == (
        NOON - timedelta(days=28),
        "Email",
        28,
    )
    assert answer.rows[0]["touched_at"].isoformat().endswith("+05:45")


async def test_the_touches_are_those_of_the_order_that_is_said_alone(
    database: str, report: Ask
) -> None:
    other = bought(Order("R2", 0), session="other", visitor="bob")
    await store(database, events_of([*FOUR, other]))
    assert await touches_of(report, "R1") == ["a", "b", "c", "buy"]
    assert await touches_of(report, "R2") == ["other"]


async def test_the_touches_are_of_one_order_that_has_to_be_said(report: Ask) -> None:
    with pytest.raises(QuestionError, match="is of one order: say which"):
        await report("conversion_touches")
    assert (await report("conversion_touches", order="R1' OR TRUE --")).rows == ()


# An id that is not one person's

MOST_TOUCHES = 100


@pytest.mark.parametrize(
    ("others", "who"),
    [
        ({}, {}),  # a visitor id
        ({"user": 1, "login_at": -2 * DAY}, {"user": 1, "login_at": 0}),  # and a user id
    ],
)
async def test_of_more_touches_than_a_person_has_the_latest_count(
    database: str, report: Ask, others: dict[str, Any], who: dict[str, Any]
) -> None:
    """An order has 100 touches at most: its own session, and the latest 99 before it."""
    shared = [
        Visit(f"{number:03}", number - 2 * DAY, "Email" if number < 30 else "Referral", **others)
        for number in range(120)
    ]
    own = bought(Order("R1", 1, Decimal("100.01")), **who)
    await store(database, events_of([*shared, own]))
    assert await touches_of(report) == [*(visit.session for visit in shared[-99:]), "buy"]
    answer = await report("attribution")
    for model in MODELS:
        assert sum(revenue_of(answer, model).values()) == Decimal("100.01")
        assert sum((await credits_of(report, model)).values()) == 1
    assert await credits_of(report, "first_touch") == {"Email": 1}


async def test_of_a_browser_that_many_share_the_latest_sessions_are_looked_at(
    database: str, report: Ask
) -> None:
    nobodys = [Visit(f"a{number:03}", number - 3 * DAY, "Email") for number in range(10)]
    others = [
        Visit(f"b{number:03}", number - 2 * DAY, user=2, login_at=number - 2 * DAY)
        for number in range(95)
    ]
    own = bought(Order("R1", 1), user=1, login_at=0)
    await store(database, events_of([*nobodys, *others, own]))
    # The latest 99 are those of the other user, which are none of the buyer's, and four more.
    assert await touches_of(report) == [*(visit.session for visit in nobodys[-4:]), "buy"]
