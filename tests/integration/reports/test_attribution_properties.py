"""What holds of attribution whatever people did, and that a second implementation says the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.reports.answer import Answer
from tests.integration.reports.conftest import Ask, cells, store
from tests.integration.reports.visits import DAY, MODELS, Order, Visit, attribute, events_of
from tests.support import empty_tables, execute

SOME = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)

RANGE = {"start": "2026-11-20", "end": "2026-11-24"}  # four days about NOON


@st.composite
def some_visits(draw: st.DrawFn) -> list[Visit]:
    """A dozen visits at most, of few people, browsers and moments, so that they often meet."""
    number = draw(st.integers(1, 12))
    return [draw(a_visit(f"{place:02}")) for place in range(number)]


@st.composite
def a_visit(draw: st.DrawFn, session: str) -> Visit:
    """A visit of the last month, with a login and orders at times."""
    start = draw(st.sampled_from([-35, -30, -14, -7, -2, -1, 0])) * DAY + draw(st.integers(0, 3))
    orders = draw(st.lists(an_order(start), max_size=2)) if start >= -2 * DAY else []
    return Visit(
        session,
        start,
        draw(st.sampled_from(["Direct", "Direct", "Email", "Paid Search", "Referral"])),
        visitor=draw(st.sampled_from([None, "ann", "ann", "bob"])),
        user=draw(st.sampled_from([None, None, 1, 2])),
        login_at=start + draw(st.sampled_from([0, 2, 2 * DAY])),
        orders=tuple(orders),
        is_bot=draw(st.sampled_from([False] * 7 + [True])),
    )


@st.composite
def an_order(draw: st.DrawFn, start: int) -> Order:
    """An order within minutes of the begin of its visit; at times the same in several."""
    key = draw(st.sampled_from(["R1", "R2", "R3", "R4", "R5", None]))
    currency = draw(st.sampled_from(["EUR", "EUR", "JPY", "KWD"]))
    decimals = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    value = draw(st.none() | st.decimals(0, 1_000, places=decimals))
    return Order(key, start + draw(st.integers(0, 5)) + draw(moments), value, currency)


# Of two reports of one order the earlier counts, so no two are of the same moment.
moments = st.floats(0.001, 0.999)


async def fill(database: str, visits: list[Visit]) -> None:
    """These visits and no others are stored."""
    await empty_tables(database)
    await execute(database, "TRUNCATE session_facts")
    await store(database, events_of(visits))


def totals(answer: Answer, model: str) -> tuple[Any, Any]:
    """The conversions and the revenue of a model."""
    assert answer.total is not None
    revenue = answer.total.get(f"{model}_revenue", {})
    return answer.total.get(f"{model}_conversions", 0), {k: v for k, v in revenue.items() if v}


@SOME
@given(visits=some_visits())
async def test_the_report_is_what_the_rules_say_one_by_one(
    database: str, report: Ask, visits: list[Visit]
) -> None:
    await fill(database, visits)
    answer = await report("attribution", range=None, **RANGE)
    for model in MODELS:
        conversions, revenue = attribute(visits, model)
        rows = cells(answer, f"{model}_conversions", f"{model}_revenue")
        assert {name: parts for name, parts, _ in rows if parts} == +conversions, model
        for currency in ("EUR", "JPY", "KWD"):
            worth = {name: by.get(currency) for name, _, by in rows if by.get(currency)}
            assert worth == +revenue[currency], model


@SOME
@given(visits=some_visits())
async def test_every_model_adds_up_to_the_same_which_is_the_revenue(
    database: str, report: Ask, visits: list[Visit]
) -> None:
    await fill(database, visits)
    answer = await report("attribution", range=None, limit="1", **RANGE)
    [first, *others] = [totals(answer, model) for model in MODELS]
    assert others == [first] * 5
    sold = await report("revenue_by", range=None, **RANGE)
    assert sold.total is not None
    counted, revenue = sold.total.get("counted_orders", 0), sold.total["revenue"]
    assert first == (counted * 1_000_000, {k: v for k, v in revenue.items() if v})


@SOME
@given(visits=some_visits(), later=some_visits())
async def test_what_comes_later_changes_nothing_of_the_orders_before(
    database: str, report: Ask, visits: list[Visit], later: list[Visit]
) -> None:
    await fill(database, visits)
    columns = [f"{model}_{what}" for model in MODELS for what in ("conversions", "revenue")]
    before = cells(await report("attribution", range=None, **RANGE), *columns)
    # Visits after all orders, and visits before them of which it is known later whose they were.
    shift = 40 * DAY
    after = [
        replace(visit, session=f"later {visit.session}", start=visit.start + shift, orders=())
        for visit in later
    ]
    logins = [
        replace(visit, user=visit.user or 1, login_at=shift, orders=())
        for visit in visits
        if visit.user is None
    ]
    await store(
        database,
        events_of([replace(visit, login_at=visit.login_at + shift) for visit in after]),
    )
    await store(database, [one for one in events_of(logins) if one.event_type == "login"])
    assert cells(await report("attribution", range=None, **RANGE), *columns) == before


@SOME
@given(visits=some_visits())
async def test_what_the_filters_split_adds_up_to_the_whole(
    database: str, report: Ask, visits: list[Visit]
) -> None:
    await fill(database, visits)
    whole = await report("attribution", range=None, **RANGE)
    parts = [
        await report("attribution", range=None, filters=[f"channel{sign}Email"], **RANGE)
        for sign in ("=", "!=")
    ]
    for model in MODELS:
        assert totals(whole, model)[0] == sum(totals(part, model)[0] for part in parts)
