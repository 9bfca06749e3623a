"""What one session and one person did, and who is here now: answers worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from collector.event import Event, SourceType
from collector.reports.errors import QuestionError
from tests.integration.reports.conftest import NOW, Ask, cells, store
from tests.integration.reports.shop import buy, view
from tests.support import execute
from tests.unit.events import event, user

FIRST = {
    "session_id": "first",
    "visitor_id": "ann",
    "source_type": SourceType.PAID,
    "channel": "Paid Search",
    "utm_campaign": "spring",
}
SECOND = {"session_id": "second", "visitor_id": "ann", "user_id": user(1)}
OTHER = {"session_id": "other", "visitor_id": "bob"}

# Ann comes by an advertisement and is back an hour later, when she logs in and buys.
VISITS = (
    view(1, 0, "/", page_title="Home", **FIRST),
    view(2, 1, "/pricing?plan=pro", **FIRST),
    view(3, 60, "/pricing", **SECOND),
    buy(4, 62, "R1", 30, "EUR", **SECOND),
    view(5, 30, "/docs", **OTHER),
)


async def test_a_session_is_shown_event_by_event_whatever_range_and_filters(
    database: str, report: Ask
) -> None:
    await store(database, VISITS)
    answer = await report(
        "session", session="second", range="2020", filters=["channel=Email"], bots="only"
    )
    shown = ("event_type", "page", "order_key", "amount", "converted")
    assert cells(answer, *shown) == [
        ("page_view", "example.com/pricing", None, {}, False),
        ("purchase", "(none)", "R1", {"EUR": Decimal("30.00")}, True),
    ]


async def test_of_a_long_session_the_first_events_are_shown(database: str, report: Ask) -> None:
    await store(database, VISITS)
    answer = await report("session", session="first", limit="1")
    assert cells(answer, "page", "page_title", "campaign") == [("example.com/", "Home", "spring")]


@pytest.mark.parametrize(
    ("person", "pages"),
    [
        ("ann", ["example.com/", "example.com/pricing", "example.com/pricing", "(none)"]),
        (str(user(1)), ["example.com/pricing", "(none)"]),
        ("first", ["example.com/", "example.com/pricing"]),
        ("bob", ["example.com/docs"]),
        ("nobody", []),
        ("' OR TRUE --", []),
        ("a\0b", []),
    ],
)
async def test_a_person_is_a_user_a_visitor_or_a_session(
    person: str, pages: list[str], database: str, report: Ask
) -> None:
    await store(database, VISITS)
    assert cells(await report("person", person=person), "page") == [(page,) for page in pages]


async def test_of_a_person_the_last_events_of_the_range_are_shown_in_their_order(
    database: str, report: Ask
) -> None:
    await store(database, VISITS)
    last = await report("person", person="ann", limit="2")
    assert cells(last, "session_id", "event_type") == [
        ("second", "page_view"),
        ("second", "purchase"),
    ]
    assert (await report("person", person="ann", range="yesterday")).rows == ()


@pytest.mark.parametrize("name", ["session", "person"])
async def test_a_report_of_one_needs_to_know_of_which(name: str, report: Ask) -> None:
    with pytest.raises(QuestionError, match=f"is of one {name}: say which"):
        await report(name)


async def test_the_latest_sessions_come_first(database: str, report: Ask) -> None:
    await store(database, VISITS)
    answer = await report("sessions")
    shown = ("session_id", "person", "page_views", "duration", "converted", "amount")
    assert cells(answer, *shown) == [
        ("second", str(user(1)), 1, Decimal(120), True, {"EUR": Decimal("30.00")}),
        ("other", "bob", 1, Decimal(0), False, {}),
        ("first", "ann", 2, Decimal(60), False, {}),
    ]
    assert len((await report("sessions", limit="2")).rows) == 2
    filtered = await report("sessions", filters=["channel=Paid Search"])
    assert cells(filtered, "session_id") == [("first",)]


def live_view(number: int, minutes_ago: int, path: str, session: str, **fields: Any) -> Event:
    """A page view so many minutes before the question is asked, which is six hours past noon."""
    return view(number, 360 - minutes_ago, path, session_id=session, **fields)


LIVE = (
    live_view(1, 4, "/", "a"),
    live_view(2, 2, "/pricing", "a"),
    event(3, 359, session_id="a", event_type="scroll"),  # which has no page
    live_view(4, 1, "/pricing", "b"),
    live_view(5, 3, "/docs", "c"),
    live_view(6, 6, "/docs", "gone"),
    live_view(7, 1, "/", "robot", is_bot=True),
)


async def test_sessions_of_the_last_five_minutes_are_at_their_last_page(
    database: str, report: Ask
) -> None:
    await store(database, LIVE)
    answer = await report("live", range="2020", filters=["channel=Email"])
    assert cells(answer, "live_sessions", "live_events") == [
        ("example.com/pricing", 2, 4),
        ("example.com/docs", 1, 1),
    ]
    assert answer.total is not None
    assert (answer.total["live_sessions"], answer.total["live_events"]) == (3, 5)
    [_, other] = (await report("live", limit="1")).rows
    assert (other["name"], other["live_sessions"]) == (None, 1)


async def test_what_happened_now_and_was_stored_before_is_not_live(
    database: str, report: Ask
) -> None:
    await store(database, LIVE)
    await execute(
        database, f"UPDATE conversion_events SET created_at = '{NOW}'::timestamptz - interval '6 m'"
    )
    assert (await report("live")).rows == ()


async def test_the_last_events_are_those_that_were_stored_last_bots_as_well(
    database: str, report: Ask
) -> None:
    await store(database, LIVE)
    await execute(
        database,
        "UPDATE conversion_events SET created_at = received_at WHERE session_id IN ('b', 'robot')",
    )
    await execute(
        database,
        "UPDATE conversion_events SET created_at = received_at - interval '1 hour' "
        "WHERE session_id NOT IN ('b', 'robot')",
    )
    answer = await report("live_events", limit="2")
    assert sorted(cells(answer, "session_id", "is_bot")) == [("b", False), ("robot", True)]
