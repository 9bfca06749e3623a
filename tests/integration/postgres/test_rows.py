"""What an event becomes in Postgres: every field in its column, and the funnel beside it."""

import asyncio
import json
import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collector.event import EVENT_COLUMNS, Event, FunnelStage, Mark
from collector.event_row import EventRow, make_row
from collector.postgres.store import open_store
from collector.sql import INCLUDE, Source, load_query
from tests.support import CHROME, Collector, empty_tables, fetch
from tests.unit.events import NOON, event, event_row, some_events

FULL = {
    "session_id": "session_1703721234567_abc123def456",
    "user_id": "6f0a3d0e-6a7c-4c0e-9d5b-3f6d0b8b7c11",
    "event_type": "signup",
    "event_name": "Signed up",
    "utm_params": {
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "q4_2024",
        "utm_term": "kong",
        "utm_content": "b",
    },
    "page_url": "https://www.example.com/signup",
    "page_title": "Sign up",
    "referrer": "https://www.google.com/",
    "form_data": {"plan": "pro", "seats": 3},
    "conversion_value": 29.99,
    "currency": "eur",
    "ga_client_id": "GA1.1.1",
    "ga_session_id": 17037,
    "stripe_session_id": "cs_1",
    "stripe_customer_id": "cus_1",
    "device_type": "desktop",
    "browser": "Chrome",
    "os": "Windows",
    "fb_pixel_id": "fb1",
    "fb_event_id": "fbe1",
    "google_ads_click_id": "gads",
    "linkedin_partner_id": "li1",
    "metadata": {"screen": "1920x1080", "n": [1, 2.5, None, True]},
    "event_id": "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70",
    "sequence": 4,
    "order_id": "order-1",
    "visitor_id": "visitor-1",
    "click_ids": {"fbclid": "f"},
    "consent": {"ad_storage": "denied"},
    "user_data": {"email": "jane@customer.example"},
}

STORED = {
    **{k: v for k, v in FULL.items() if k not in ("utm_params", "event_id", "user_data")},
    **FULL["utm_params"],  # type: ignore[dict-item]  # a mapping, as the literal above shows
    "gpc": True,
    "id": UUID("018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"),
    "user_id": UUID("6f0a3d0e-6a7c-4c0e-9d5b-3f6d0b8b7c11"),
    "external_user_id": None,
    "conversion_value": Decimal("29.99"),
    "currency": "EUR",
    "ga_session_id": "17037",
    "click_ids": {"fbclid": "f", "gclid": "gads"},
    "funnel_stage": "completed_signup",
    "source_type": "paid",
    "channel": "Paid Search",
    "is_bot": False,
    "converted": False,
    "user_agent": CHROME,
    "ip_address": "127.0.0.1",
    "stamp_verified": False,
    "truncated_fields": None,
    "marks": None,
    "request_id": "kong-7",
}


async def test_every_field_arrives_in_its_column(collector: Collector) -> None:
    headers = {"X-Kong-Request-Id": "kong-7", "Sec-GPC": "1"}
    sent_at = datetime.now(UTC).replace(microsecond=456_000)  # else the clock would be off
    times = {"occurred_at": sent_at - timedelta(milliseconds=333), "sent_at": sent_at}
    sent = {
        "occurred_at": times["occurred_at"].isoformat(),
        "sent_at": round(sent_at.timestamp() * 1000),
    }
    status, _ = await collector.post("/v1/events/track", json=FULL | sent, headers=headers)
    [row] = await collector.events()
    for column in ("form_data", "metadata", "click_ids", "consent"):
        row[column] = json.loads(row[column])
    unasked = {"channel_rule", "received_at", "created_at", "updated_at"}
    assert status == 200
    assert {k: v for k, v in row.items() if k not in unasked} == STORED | times
    assert row.keys() - unasked == STORED.keys() | times.keys()
    assert None not in {row[column] for column in unasked}


async def test_every_column_of_the_original_exists_with_its_type(database: str) -> None:
    rows = await fetch(
        database,
        "SELECT table_name, column_name, data_type, character_maximum_length AS length "
        "FROM information_schema.columns WHERE table_schema = 'public'",
    )
    columns = {(r["table_name"], r["column_name"]): (r["data_type"], r["length"]) for r in rows}
    for table, column, kind, length in SPECIFIED:
        assert columns[table, column] == (kind, length), (table, column)


def specified() -> list[tuple[str, str, str, int | None]]:
    """The original's two tables (docs/contract.md#tables): name, type and length of each column."""
    events = (
        "id uuid, user_id uuid, session_id 255, event_type 100, event_name 255, utm_source 100, "
        "utm_medium 100, utm_campaign 255, utm_term 255, utm_content 255, source_type 50, "
        "referrer text, page_url text, page_title 500, form_data jsonb, conversion_value numeric, "
        "currency 3, ga_client_id 255, ga_session_id 255, converted boolean, "
        "stripe_session_id 255, stripe_customer_id 255, device_type 50, browser 100, os 100, "
        "ip_address 45, fb_pixel_id 255, fb_event_id 255, google_ads_click_id 255, "
        "linkedin_partner_id 255, metadata jsonb, created_at time, updated_at time"
    )
    funnel = (
        "id uuid, session_id 255, user_id uuid, visited_homepage boolean, "
        "visited_pricing boolean, visited_docs boolean, started_signup boolean, "
        "completed_signup boolean, started_checkout boolean, completed_checkout boolean, "
        "subscription_created boolean, utm_source 100, utm_medium 100, utm_campaign 255, "
        "converted boolean, conversion_value numeric, created_at time, updated_at time"
    )
    found: list[tuple[str, str, str, int | None]] = []
    for table, text in (("conversion_events", events), ("conversion_funnel", funnel)):
        for entry in text.split(", "):
            column, kind = entry.split()
            if kind.isdigit():
                found.append((table, column, "character varying", int(kind)))
            else:
                full = "timestamp with time zone" if kind == "time" else kind
                found.append((table, column, full, None))
    return found


SPECIFIED = specified()


@pytest.mark.parametrize(
    ("user_id", "external"), [("42", "42"), (42, "42"), ("auth0|x", "auth0|x")]
)
async def test_a_user_id_that_is_no_uuid_is_kept_as_sent_in_both_tables(
    collector: Collector, user_id: object, external: str
) -> None:
    await collector.track(user_id=user_id)
    [event], [funnel] = await collector.events(), await collector.funnels()
    assert event["external_user_id"] == funnel["external_user_id"] == external
    assert event["user_id"] == funnel["user_id"]
    assert event["user_id"].version == 5


async def test_a_long_title_is_cut_and_marked(collector: Collector) -> None:
    await collector.track(page_title="é" * 10_000)
    [row] = await collector.events()
    assert (row["page_title"], row["truncated_fields"]) == ("é" * 500, ["page_title"])


async def test_marks_are_kept_by_their_names(database: str) -> None:
    async with open_store(database, 1, 30) as store:
        await store.insert_events([event_row(1, marks=(Mark.VALUE_ROUNDED,)), event_row(2)])
    rows = await fetch(database, "SELECT marks FROM conversion_events ORDER BY id")
    assert [row["marks"] for row in rows] == [["value_rounded"], None]


async def test_a_session_walks_through_the_funnel(collector: Collector) -> None:
    page = "https://www.example.com"
    utm = {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "q4"}
    await collector.track(page_url=f"{page}/", utm_params=utm)
    await collector.track(page_url=f"{page}/pricing")
    await collector.track(page_url=f"{page}/docs/start")
    await collector.track(event_type="form_submit", page_url=f"{page}/signup")
    await collector.track(event_type="signup", user_id="42")
    await collector.track(event_type="checkout_start", conversion_value=29.99)
    await collector.track(event_type="purchase", conversion_value=29.99)
    await collector.funnel(stage="subscription_created", conversion_value="30", currency="eur")
    await collector.track(page_url=f"{page}/")
    [row] = await collector.funnels()
    assert all(row[stage] for stage in FunnelStage)
    times = [row[f"{stage}_at"] for stage in FunnelStage]
    assert times == sorted(times)
    assert (row["converted"], row["conversion_value"], row["currency"]) == (True, 30, "EUR")
    assert row["converted_at"] == row["completed_checkout_at"]
    assert (row["utm_campaign"], row["channel"]) == ("q4", "Paid Search")
    assert row["external_user_id"] == "42"


async def test_a_sessions_row_appears_with_its_first_event_of_any_kind(
    collector: Collector,
) -> None:
    await collector.track(page_url="https://www.example.com/blog", utm_params={"utm_source": "x"})
    [row] = await collector.funnels()
    assert row["utm_source"] == "x"
    assert not row["visited_homepage"]


@pytest.mark.parametrize("user_agent", ["curl/8.5.0", "python-requests/2.32", "Googlebot/2.1"])
async def test_a_bots_event_is_stored_and_marked_and_moves_no_funnel(
    collector: Collector, user_agent: str
) -> None:
    body = {"session_id": "s1", "event_type": "signup", "event_name": "x"}
    headers = {"User-Agent": user_agent}
    status, _ = await collector.post("/v1/events/track", json=body, headers=headers)
    assert status == 200
    assert [row["is_bot"] for row in await collector.events()] == [True]
    assert await collector.funnels() == []


async def test_a_stage_that_a_server_states_moves_the_funnel(collector: Collector) -> None:
    body = {"session_id": "s1", "stage": "subscription_created", "user_id": "42"}
    headers = {"User-Agent": "python-requests/2.32"}
    status, answer = await collector.post("/v1/events/funnel", json=body, headers=headers)
    [event], [funnel] = await collector.events(), await collector.funnels()
    assert (status, answer["event_id"]) == (200, str(event["id"]))
    assert event["event_type"] == event["event_name"] == "subscription_created"
    assert (event["is_bot"], event["converted"]) == (False, True)
    assert funnel["converted"]


async def test_1000_first_events_of_one_session_at_once_make_one_row(collector: Collector) -> None:
    answers = await asyncio.gather(*(collector.track(session_id="busy") for _ in range(1_000)))
    assert {status for status, _ in answers} == {200}
    assert len(await collector.funnels()) == 1
    assert len(await collector.events()) == 1_000


async def test_20_writers_in_two_orders_over_100_sessions_never_deadlock(database: str) -> None:
    order = [f"session {n}" for n in range(100)]
    async with open_store(database, 20, 30) as store:
        batches = [sessions_in(order if n % 2 else order[::-1], n) for n in range(20)]
        stored = await asyncio.gather(*(store.insert_events(batch) for batch in batches))
    assert [len(ids) for ids in stored] == [100] * 20
    [row] = await fetch(database, "SELECT count(*) FROM conversion_funnel")
    assert row["count"] == 100


async def test_writers_of_one_event_id_in_many_sessions_never_deadlock(database: str) -> None:
    sessions = [f"session {n}" for n in range(200)]
    async with open_store(database, 20, 30) as store:
        batches = [
            [event_row(1, session_id=session) for session in sessions[:: 1 if n % 2 else -1]]
            for n in range(20)
        ]
        stored = await asyncio.gather(*(store.insert_events(batch) for batch in batches))
    assert sum(len(keys) for keys in stored) == 200


async def test_the_insert_is_planned_once_a_connection(database: str) -> None:
    async with open_store(database, 1, 30) as store:
        for number in range(2):
            await store.insert_events([event_row(number)])
        kept = await store._pool.fetch(
            "SELECT generic_plans + custom_plans AS runs FROM pg_prepared_statements "
            "WHERE statement = $1",
            load_query("insert_events"),
        )
    assert [row["runs"] for row in kept] == [2]


def sessions_in(order: list[str], writer: int) -> list[EventRow]:
    return [event_row(writer * 1_000 + n, session_id=session) for n, session in enumerate(order, 1)]


@pytest.mark.parametrize("stage", list(FunnelStage))
@pytest.mark.parametrize("minutes", [(1, 5), (5, 1)])
async def test_a_stage_reached_in_two_batches_was_reached_first_when_it_was_reached_first(
    database: str, stage: FunnelStage, minutes: tuple[int, int]
) -> None:
    async with open_store(database, 1, 30) as store:
        for number, minute in enumerate(minutes):
            await store.insert_events([event_row(number, minute, funnel_stage=stage)])
    [funnel] = await fetch(database, "SELECT * FROM conversion_funnel")
    assert funnel[stage]
    assert funnel[f"{stage}_at"] == NOON + timedelta(minutes=1)
    assert [s for s in FunnelStage if funnel[s]] == [stage]


@pytest.mark.parametrize(
    "rivals",
    [
        ({"conversion_value": Decimal(9), "currency": "ZAR"}, {"conversion_value": Decimal(10)}),
        (
            {
                "conversion_value": Decimal(99),
                "funnel_stage": FunnelStage.COMPLETED_SIGNUP,
                "occurred_at": NOON,
            },
            {"conversion_value": Decimal(10), "occurred_at": NOON - timedelta(hours=1)},
        ),
        (
            {"conversion_value": Decimal(10), "currency": "EUR"},
            {"conversion_value": Decimal(10), "currency": "USD"},
        ),
    ],
    ids=["value", "stage", "currency"],
)
async def test_of_two_values_the_same_one_wins_in_either_order(
    database: str, rivals: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    for session, order in (("there", rivals), ("back", rivals[::-1])):
        async with open_store(database, 1, 30) as store:
            for fields in order:
                bought = {"funnel_stage": FunnelStage.COMPLETED_CHECKOUT, "converted": True}
                sold = event(**{**bought, **fields})
                await store.insert_events([make_row(replace(sold, id=uuid4(), session_id=session))])
    rows = await fetch(database, "SELECT conversion_value, currency FROM conversion_funnel")
    assert rows == [{"conversion_value": Decimal(10), "currency": "USD"}] * 2


@given(st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_in_any_order_and_any_batches_the_funnel_is_what_the_events_say(
    database: str, data: st.DataObject
) -> None:
    events = data.draw(some_events())
    sent = data.draw(st.permutations(events))
    cut, last = sorted(data.draw(st.tuples(*[st.integers(0, len(sent))] * 2)))
    await empty_tables(database)
    async with open_store(database, 1, 30) as store:
        for batch in (sent[:cut], sent[cut:last], sent[last:], sent[:1]):
            if batch:
                await store.insert_events([make_row(event) for event in batch])
    expected = await fetch(database, load_query("funnel_from_events"))
    columns = ", ".join(expected[0]) if expected else "session_id"
    actual = await fetch(database, f"SELECT {columns} FROM conversion_funnel ORDER BY session_id")
    assert actual == expected
    assert {r["session_id"] for r in actual} == {e.session_id for e in events if not e.is_bot}


def random_urls(count: int) -> list[str]:
    chosen = random.Random(1)
    return ["".join(chosen.choices("/:?#[]@%é\u202e ht.", k=30)) for _ in range(count)]


@pytest.mark.parametrize(
    "page_url",
    [
        "not a URL",
        "javascript:alert(1)",
        "https://bücher.example/ü",
        "https://x.com/?" + "q" * 10_000,
        "http://[::1",
        *random_urls(10),
    ],
)
async def test_any_page_url_is_stored_as_sent(collector: Collector, page_url: str) -> None:
    status, _ = await collector.track(page_url=page_url)
    [row] = await collector.events()
    assert (status, row["page_url"], row["channel"]) == (200, page_url, "Direct")


async def test_the_sql_files_say_what_they_answer(root: Path, database: str) -> None:
    files = sorted((root / "db" / "queries").glob("*.sql"))
    assert files
    connection = await asyncpg.connect(database)
    for file in files:
        text = load_query(file.stem)
        assert text.startswith("-- "), file
        for word in ("Parameters:", "Columns:"):
            assert word in text, (file, word)
        await connection.prepare(text)
    await connection.close()


def test_each_fragment_of_sql_says_what_it_is_and_is_included(root: Path) -> None:
    included = {
        match["name"].replace("_of_SOURCE", f"_of_{source}")
        for file in (root / "db").rglob("*.sql")
        for match in INCLUDE.finditer(file.read_text())
        for source in Source
    }
    fragments = {file.stem: file.read_text() for file in (root / "db").rglob("fragments/*.sql")}
    assert fragments.keys() == included
    assert all(text.startswith("-- ") and text.endswith("\n") for text in fragments.values())


def test_insert_events_fills_a_column_for_each_field_of_an_event_but_user_data(root: Path) -> None:
    lines = (root / "db/queries/fragments/event_columns.sql").read_text().splitlines()
    columns = " ".join(line for line in lines if not line.startswith("-- "))
    assert re.findall(r"\w+", columns) == list(EVENT_COLUMNS)
    # It waits in the outbox alone, until it is sent: no event that is kept says who a customer is.
    assert Event.__struct_fields__ == (*EVENT_COLUMNS, "user_data")
