"""The funnel, against answers worked out by hand (shop.py), and against its table."""

from decimal import Decimal

from collector.event import FunnelStage
from tests.integration.reports.conftest import Ask, cells, store
from tests.integration.reports.shop import SHOP


async def test_the_funnel_says_how_many_reached_each_stage_and_stopped_there(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    answer = await report("funnel")
    assert cells(answer, "stage", "reached", "dropped") == [
        ("visited_homepage", 3, 1),  # bounce stopped; mail had seen the prices
        ("visited_pricing", 3, 1),  # mail
        ("visited_docs", 1, 0),
        ("started_signup", 1, 0),
        ("completed_signup", 1, 0),
        ("started_checkout", 1, 0),
        ("completed_checkout", 2, 0),  # both bought: they did not stop
        ("subscription_created", 0, 0),
    ]
    shares = cells(answer, "reached_share", "stage_share", "drop_off")
    assert shares[:3] == [
        (Decimal("0.75"), None, Decimal(1) / 3),
        (Decimal("0.75"), Decimal(1), Decimal(1) / 3),
        (Decimal("0.25"), Decimal(1) / 3, Decimal(0)),
    ]
    assert shares[6:] == [
        (Decimal("0.5"), Decimal(2), Decimal(0)),  # two, by one that is known to have begun it
        (Decimal(0), Decimal(0), None),
    ]
    assert answer.total is None


async def test_the_time_to_a_stage_is_from_the_nearest_before_it_that_was_reached(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    assert [seconds for [seconds] in cells(await report("funnel"), "median_step")] == [
        None,
        60,  # ads 0 to 1; mail saw the prices first
        None,  # again saw the docs first
        120,  # ads 1 to 3
        60,  # ads 3 to 4
        120,  # ads 4 to 6
        (240 + 180) / 2,  # ads 6 to 10, again 2 (the docs) to 5
        None,
    ]


async def test_a_funnel_of_no_sessions_has_its_eight_stages(report: Ask) -> None:
    answer = await report("funnel")
    assert cells(answer, "stage", "reached") == [(stage.value, 0) for stage in FunnelStage]


async def test_the_funnel_by_a_dimension_is_a_funnel_for_each_name(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    rows = (await report("funnel", by="channel", limit="2")).rows
    assert [row["name"] for row in rows] == ["Direct"] * 8 + ["Email"] * 8 + [None] * 8
    assert [row["reached"] for row in rows] == [
        *(1, 1, 1, 0, 0, 0, 1, 0),
        *(1, 1, 0, 0, 0, 0, 0, 0),
        *(1, 1, 0, 1, 1, 1, 1, 0),
    ]
    assert {row["sessions"] for row in rows[:8]} == {2}


async def test_a_funnel_by_a_dimension_without_sessions_has_no_rows(report: Ask) -> None:
    assert (await report("funnel", by="channel")).rows == ()
