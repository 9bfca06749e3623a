"""Where sessions came from, against answers worked out by hand (shop.py)."""

from decimal import Decimal

import pytest

from tests.integration.reports.conftest import Ask, cells, store
from tests.integration.reports.shop import SHOP


@pytest.mark.parametrize(
    ("report_name", "sessions"),
    [
        ("channels", {"Direct": 2, "Email": 1, "Paid Search": 1}),
        ("source_types", {"direct": 2, "paid": 1, "referral": 1}),
        ("sources", {"(direct)": 2, "google": 1, "newsletter": 1}),
        ("mediums", {"(none)": 2, "cpc": 1, "email": 1}),
        ("campaigns", {"autumn": 1, "spring": 1}),
        ("landing_pages", {"example.com/": 2, "example.com/docs": 1, "example.com/pricing": 1}),
        ("referrers", {"google.com": 1}),
        ("devices", {"desktop": 2, "mobile": 2}),
        ("browsers", {"Chrome": 3, "Firefox": 1}),
        ("systems", {"Android": 2, "Linux": 1, "Windows": 1}),
        ("channel_rules", {"direct": 2, "email": 1, "paid_search": 1}),
        ("entry_pages", {"example.com/": 2, "example.com/docs": 1, "example.com/pricing": 1}),
    ],
)
async def test_sessions_are_counted_by_name_and_the_most_come_first(
    report_name: str, sessions: dict[str, int], database: str, report: Ask
) -> None:
    await store(database, SHOP)
    assert cells(await report(report_name), "sessions") == list(sessions.items())


async def test_campaigns_have_the_rate_and_the_revenue_of_orders_that_count(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    answer = await report("campaigns")
    columns = ("conversions", "conversion_rate", "orders", "revenue", "average_order")
    assert cells(answer, *columns) == [
        ("autumn", 0, Decimal(0), 0, {}, {}),
        ("spring", 1, Decimal(1), 1, {"EUR": Decimal("30.00")}, {"EUR": Decimal("30.00")}),
    ]
    assert answer.total is not None
    assert (answer.total["sessions"], answer.total["conversion_rate"]) == (2, Decimal("0.5"))


async def test_a_channel_with_two_currencies_has_an_average_for_each(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    [direct, *_] = (await report("channels")).rows
    assert direct["revenue"] == {"EUR": 20, "USD": 9}
    assert direct["orders"] == 2


async def test_the_rule_of_a_channel_stands_beside_it(database: str, report: Ask) -> None:
    await store(database, SHOP)
    assert cells(await report("channel_rules"), "channel") == [
        ("direct", "Direct"),
        ("email", "Email"),
        ("paid_search", "Paid Search"),
    ]


async def test_what_a_limit_leaves_out_is_one_row_and_the_total_stays(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    whole, cut = await report("channels"), await report("channels", limit="1")
    [_, other] = cut.rows
    assert (other["name"], other["names"], other["sessions"]) == (None, 2, 2)
    assert other["revenue"] == {"EUR": 30}
    assert {**(cut.total or {}), "names": 3} == {**(whole.total or {}), "names": 3}


async def test_bots_are_left_out_unless_asked_for(database: str, report: Ask) -> None:
    await store(database, SHOP)
    counts = [
        (await report("overview", bots=bots)).rows[0]["sessions"]
        for bots in ("exclude", "include", "only")
    ]
    assert counts == [4, 5, 1]


@pytest.mark.parametrize(
    ("filters", "sessions"),
    [
        (["channel=Direct"], 2),
        (["channel=Direct", "channel=Email"], 3),
        (["channel=Direct", "device_type=mobile"], 1),
        (["channel!=Direct"], 2),
        (["channel!=Direct", "channel!=Email"], 1),
        (["channel~search"], 1),
        (["landing_page~pricing"], 1),
        (["source!~google"], 3),
        (["event_type=purchase"], 2),
        (["event_type!=purchase"], 2),
        (["event_type~check"], 1),
        (["page=example.com/pricing"], 3),
        (["exit_page=example.com/"], 2),
        (["campaign~%"], 0),  # no wildcard
        (["campaign=' OR 1=1 --"], 0),
    ],
)
async def test_filters_choose_sessions(
    filters: list[str], sessions: int, database: str, report: Ask
) -> None:
    await store(database, SHOP)
    [row] = (await report("overview", filters=filters)).rows
    assert row["sessions"] == sessions


async def test_rates_are_of_sessions_and_of_visitors(database: str, report: Ask) -> None:
    await store(database, SHOP)
    columns = ("sessions", "conversions", "conversion_rate", "visitors", "converting_visitors")
    [row] = (await report("conversion_rates")).rows
    assert [row[column] for column in columns] == [4, 2, Decimal("0.5"), 2, 1]
    assert row["visitor_conversion_rate"] == Decimal("0.5")  # ann, of ann and bob
    by_channel = await report("conversion_rates", by="channel")
    assert cells(by_channel, *columns) == [
        ("Direct", 2, 1, Decimal("0.5"), 2, 1),
        ("Email", 1, 0, Decimal(0), 0, 0),
        ("Paid Search", 1, 1, Decimal(1), 1, 1),
    ]
    assert by_channel.total is not None
    assert by_channel.total["sessions"] == 4
    assert by_channel.total["visitor_conversion_rate"] is None  # ann came by two channels
