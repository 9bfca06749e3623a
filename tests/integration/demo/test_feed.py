"""What the demo shows of the database: events that a real collector stored there."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from local.demo.app import DemoSettings, make_app
from local.demo.feed import EVENTS
from tests.integration.demo.conftest import GATEWAY
from tests.support import Collector, execute, serve_app

HOSTILE = "<script>alert(1)</script>"


async def get_json(demo: aiohttp.ClientSession, path: str, **query: str) -> Any:
    """The JSON of an answer of 200."""
    async with demo.get(path, params=query) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


async def test_before_the_first_event_there_is_nothing(demo: aiohttp.ClientSession) -> None:
    assert await get_json(demo, "/api/last") == {"sessions": [], "events": []}
    assert await get_json(demo, "/api/session", id="unknown") == {"session": None}
    assert await get_json(demo, "/api/session") == {"session": None}


async def test_an_event_is_shown_as_it_is_stored(
    demo: aiohttp.ClientSession, collector: Collector
) -> None:
    event_id = str(uuid4())
    await collector.track(
        event_id=event_id,
        event_type="checkout_start",
        event_name=HOSTILE,
        page_url="http://localhost:5177/checkout",
        conversion_value="29.90",
        currency="EUR",
        utm_params={"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "spring"},
    )
    [event] = (await get_json(demo, "/api/last"))["events"]
    [stored] = await collector.events()
    assert event.pop("created_at") == stored["created_at"].isoformat()
    assert event == {
        "id": event_id,
        "session_id": "s1",
        "event_type": "checkout_start",
        "event_name": HOSTILE,
        "funnel_stage": "started_checkout",
        "is_bot": False,
        "page_url": "http://localhost:5177/checkout",
        "source_type": "paid",
        "channel": "Paid Search",
        "channel_rule": stored["channel_rule"],
        "utm_campaign": "spring",
        "device_type": "desktop",
        "browser": "Chrome",
        "os": "Windows",
        "conversion_value": "29.90",
        "currency": "EUR",
    }


async def test_all_that_is_stored_of_an_event_is_shown_when_it_is_asked_for(
    demo: aiohttp.ClientSession, collector: Collector
) -> None:
    event_id = str(uuid4())
    await collector.track(event_id=event_id, conversion_value="29.90", metadata={"plan": HOSTILE})
    session = (await collector.events())[0]["session_id"]
    shown = (await get_json(demo, "/api/event", session=session, id=event_id))["event"]
    assert (shown["id"], shown["conversion_value"]) == (event_id, "29.90")
    assert shown["metadata"] == {"plan": HOSTILE}
    assert list(shown) == sorted(shown)
    assert None not in shown.values()
    for other in (str(uuid4()), "x", "1' OR '1'='1"):
        found = await get_json(demo, "/api/event", session=session, id=other)
        assert found == {"event": None}
    assert await get_json(demo, "/api/event", session="x", id=event_id) == {"event": None}


async def test_a_session_has_its_stages_in_order_with_their_times(
    demo: aiohttp.ClientSession, collector: Collector
) -> None:
    await collector.track(page_url="http://localhost:5177/pricing")
    await collector.track(event_type="signup")
    session = (await get_json(demo, "/api/session", id="s1"))["session"]
    [stored] = await collector.funnels()
    assert {stage["stage"]: stage["reached_at"] for stage in session["stages"]} == {
        "visited_homepage": None,
        "visited_pricing": stored["visited_pricing_at"].isoformat(),
        "visited_docs": None,
        "started_signup": None,
        "completed_signup": stored["completed_signup_at"].isoformat(),
        "started_checkout": None,
        "completed_checkout": None,
        "subscription_created": None,
    }
    assert [stage["stage"] for stage in session["stages"]][-1] == "subscription_created"
    assert (session["session_id"], session["converted"]) == ("s1", False)
    assert (await get_json(demo, "/api/last"))["sessions"] == [session]


async def test_of_many_events_the_last_are_shown_the_newest_first(
    demo: aiohttp.ClientSession, collector: Collector
) -> None:
    names = [f"event {number}" for number in range(EVENTS + 3)]
    for name in names:
        await collector.track(event_name=name)
    events = (await get_json(demo, "/api/last"))["events"]
    assert [event["event_name"] for event in events] == names[:2:-1]


async def test_a_bots_event_is_shown_though_it_moves_no_funnel(
    demo: aiohttp.ClientSession, collector: Collector
) -> None:
    await collector.post(
        "/v1/events/track",
        json={"session_id": "s1", "event_type": "signup", "event_name": "Bot"},
        headers={"User-Agent": "curl/8.5.0"},
    )
    last = await get_json(demo, "/api/last")
    assert ([event["is_bot"] for event in last["events"]], last["sessions"]) == ([True], [])


async def test_while_postgres_is_away_the_pages_are_there_and_the_feed_says_why_not(
    tmp_path: Path,
) -> None:
    settings = DemoSettings(GATEWAY, f"postgresql://postgres@/postgres?host={tmp_path}")
    async with serve_app(make_app(settings)) as url, aiohttp.ClientSession(url) as client:
        async with client.get("/") as page:
            assert page.status == 200
        for path in ("/api/last", "/api/session?id=s1"):
            async with client.get(path) as answer:
                said = await answer.json()
                assert (answer.status, said["error"]) == (503, "database_away")
                assert said["message"].startswith("Postgres does not answer")


async def test_the_feed_recovers_from_connections_that_were_cut(
    demo: aiohttp.ClientSession, database: str
) -> None:
    await get_json(demo, "/api/last")
    await execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    statuses = []
    for _ in range(5):  # that a connection was cut may be noticed only when it is used
        async with demo.get("/api/last") as answer:
            statuses.append(answer.status)
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200
