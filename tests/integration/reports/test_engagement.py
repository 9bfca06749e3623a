"""Overview, pages and event types, against answers worked out by hand (shop.py)."""

from decimal import Decimal

from collector.event import Event
from tests.integration.reports.conftest import Ask, cells, store
from tests.integration.reports.shop import MAIL, SHOP, view
from tests.integration.reports.visits import at


async def test_the_overview_counts_sessions_visitors_and_what_they_did(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    [row] = (await report("overview")).rows
    assert row["sessions"] == 4  # ads, again, bounce, mail
    assert row["visitors"] == 2  # ann twice, bob; mail has no id
    assert row["page_views"] == 2 + 2 + 1 + 2
    assert row["pages_per_session"] == Decimal(7) / 4
    assert (row["engaged_sessions"], row["bounced_sessions"]) == (3, 1)
    assert (row["engagement_rate"], row["bounce_rate"]) == (Decimal("0.75"), Decimal("0.25"))
    assert (row["conversions"], row["conversion_rate"]) == (2, Decimal("0.5"))
    assert row["orders"] == 3
    assert row["revenue"] == {"EUR": 50, "USD": 9}
    assert row["average_order"] == {"EUR": 25, "USD": 9}


async def test_time_on_site_is_of_sessions_with_two_events_or_more(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    [row] = (await report("overview")).rows
    minutes = (10, 3, 1)  # ads, again, mail; not bounce, which has one event
    assert row["timed_sessions"] == 3
    assert row["time_on_site"] == Decimal(sum(minutes) * 60) / 3
    assert row["median_time_on_site"] == 180


async def test_an_overview_of_no_sessions_is_zeros_and_no_rates(report: Ask) -> None:
    [row] = (await report("overview")).rows
    assert (row["sessions"], row["visitors"], row["orders"], row["revenue"]) == (0, 0, 0, {})
    assert row["conversion_rate"] is row["time_on_site"] is row["median_time_on_site"] is None


async def test_pages_say_views_sessions_entries_and_exits(database: str, report: Ask) -> None:
    await store(database, [*SHOP, view(20, 8, "/pricing", **MAIL)])
    answer = await report("pages")
    assert cells(answer, "page_views", "viewing_sessions", "entries", "exits", "exit_rate") == [
        ("example.com/pricing", 4, 3, 1, 3, Decimal(3) / 4),  # mail saw it twice
        ("example.com/", 3, 3, 2, 1, Decimal(1) / 3),
        ("example.com/docs", 1, 1, 1, 0, Decimal(0)),
    ]
    assert answer.total is not None
    assert (answer.total["page_views"], answer.total["entries"], answer.total["exits"]) == (8, 4, 4)
    assert "viewing_sessions" not in answer.total


def told(minute: float, path: str, session: str, **metadata: object) -> Event:
    """The tracker's word on how long a page was looked at."""
    address = f"https://example.com{path}"
    return at(
        minute, session_id=session, event_type="engagement", page_url=address, metadata=metadata
    )


async def test_time_on_pages_is_what_the_tracker_told_by_session_and_page(
    database: str, report: Ask
) -> None:
    await store(
        database,
        [
            told(1, "/pricing", "a", engaged_seconds=30, scroll_percent=40),
            told(2, "/pricing", "a", engaged_seconds=10.5, scroll_percent=80),
            told(3, "/pricing", "b", engaged_seconds=20, scroll_percent=20),
            told(4, "/pricing", "c", engaged_seconds=1e300, scroll_percent=-5),
            told(5, "/docs", "b", engaged_seconds=5, scroll_percent=100),
            # Of these nothing can be read.
            told(6, "/docs", "c", engaged_seconds="long", scroll_percent=100),
            told(7, "/docs", "d"),
            told(8, "/docs", "d", engaged_seconds=None),
        ],
    )
    answer = await report("page_engagement")
    assert cells(answer, "timed_visits", "page_time", "median_page_time", "scroll_depth") == [
        (
            "example.com/pricing",
            3,
            (Decimal("40.5") + 20 + 86400) / 3,
            Decimal("40.5"),
            Decimal(1) / 3,
        ),
        ("example.com/docs", 1, 5, 5, 1),
    ]
    assert answer.total is not None
    assert answer.total["timed_visits"] == 4
    assert answer.total["page_time"] == (Decimal("40.5") + 20 + 86400 + 5) / 4
    assert answer.total["scroll_depth"] == Decimal("0.5")
    assert "median_page_time" not in answer.total


async def test_what_is_left_of_many_pages_is_one_row_that_adds_up(
    database: str, report: Ask
) -> None:
    await store(database, SHOP)
    [_, other] = (await report("pages", limit="1")).rows
    assert (other["name"], other["names"]) == (None, 2)
    assert (other["page_views"], other["entries"], other["exits"]) == (4, 2, 2)
    assert other["viewing_sessions"] is None  # a session may have seen both


async def test_of_a_long_session_the_first_hundred_views_count_and_the_last(
    database: str, report: Ask
) -> None:
    await store(
        database,
        [view(number, 0, f"/{min(number, 103)}", session_id="long") for number in range(1, 121)],
    )
    rows = {row["name"]: row for row in (await report("pages", limit="200")).rows}
    assert len(rows) == 101
    assert (rows["example.com/1"]["entries"], rows["example.com/1"]["exits"]) == (1, 0)
    assert (rows["example.com/103"]["page_views"], rows["example.com/103"]["exits"]) == (1, 1)
