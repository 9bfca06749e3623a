"""GET /v1/events/pixel.gif over HTTP: always the GIF, and what went wrong in a header."""

import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from tests.support import (
    SECRET,
    Collector,
    fill_spool,
    metric,
    run_collector,
    run_collector_without_postgres,
)

PIXEL = "/v1/events/pixel.gif"
LEAST = {"session_id": "s1", "event_type": "email_open", "event_name": "Open"}


async def fetch_pixel(
    collector: Collector, query: Mapping[str, str], **headers: str
) -> tuple[int, CIMultiDictProxy[str]]:
    """Status and headers of a pixel, whose body must be the GIF."""
    async with collector.client.get(PIXEL, params=query, headers=headers) as answer:
        body = await answer.read()
        assert answer.content_type == "image/gif"
        assert body[:6] == b"GIF89a"
        assert struct.unpack("<HH", body[6:10]) == (1, 1)
        assert "no-store" in answer.headers["Cache-Control"]
        return answer.status, answer.headers


async def test_a_pixel_stores_the_event_of_its_query(collector: Collector) -> None:
    event_id = str(uuid4())
    query = {
        **LEAST,
        "event_id": event_id,
        "conversion_value": "29.99",
        "sequence": "3",
        "occurred_at": "1795348800123",
        "utm_source": "newsletter",
        "utm_medium": "email",
        "metadata": json.dumps({"issue": 7}),
        "page_title": "",
    }
    status, headers = await fetch_pixel(collector, query)
    [row] = await collector.events()
    assert (status, headers["X-CT-Result"], headers["X-CT-Event-Id"]) == (200, "stored", event_id)
    assert "X-CT-Error" not in headers
    assert (str(row["id"]), row["session_id"], row["sequence"]) == (event_id, "s1", 3)
    assert (str(row["conversion_value"]), row["channel"]) == ("29.99", "Email")
    assert (row["metadata"], row["page_title"]) == ('{"issue": 7}', None)


async def test_a_time_whose_plus_became_a_blank_is_read(collector: Collector) -> None:
    address = f"{PIXEL}?session_id=s1&occurred_at=2026-11-22T13:00:00+01:00"
    async with collector.client.get(URL(address, encoded=True)) as answer:
        assert answer.headers["X-CT-Result"] == "stored"
    [row] = await collector.events()
    assert row["occurred_at"] == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert row["marks"] is None


@pytest.mark.parametrize("event_id", [str(UUID(int=0)), "undefined", "{{ message.id }}"])
async def test_images_without_a_true_event_id_are_events_and_sessions_of_their_own(
    collector: Collector, event_id: str
) -> None:
    for _ in range(2):
        _, headers = await fetch_pixel(collector, {"event_id": event_id})
        assert headers["X-CT-Result"] == "stored"
    rows = await collector.events()
    assert len({row["id"] for row in rows}) == 2
    assert {row["session_id"] for row in rows} == {f"pixel-{row['id']}" for row in rows}


async def test_the_same_event_id_again_is_a_duplicate(collector: Collector) -> None:
    query = {**LEAST, "event_id": str(uuid4())}
    await fetch_pixel(collector, query)
    _, headers = await fetch_pixel(collector, query)
    assert headers["X-CT-Result"] == "duplicate"
    assert len(await collector.events()) == 1


async def test_an_image_without_any_parameter_is_a_page_view_of_its_own_session(
    collector: Collector,
) -> None:
    for _ in range(2):
        await fetch_pixel(collector, {}, Referer="https://a.example/pricing?x=1")
    one, two = await collector.events()
    assert (one["event_type"], one["event_name"]) == ("page_view", "page_view")
    assert one["page_url"] == "https://a.example/pricing?x=1"
    assert one["session_id"] == f"pixel-{one['id']}"
    assert one["session_id"] != two["session_id"]
    assert [funnel["visited_pricing"] for funnel in await collector.funnels()] == [True, True]


async def test_addresses_of_the_query_and_of_the_header_are_redacted(
    collector: Collector,
) -> None:
    await fetch_pixel(collector, {}, Referer="https://a.example/pricing?email=jane%40b.example")
    await fetch_pixel(collector, {**LEAST, "referrer": "https://a.example/?token=abc"})
    header, query = await collector.events()
    assert header["page_url"] == "https://a.example/pricing?email=(redacted)"
    assert query["referrer"] == "https://a.example/?token=(redacted)"
    assert [event["marks"] for event in (header, query)] == [["address_redacted"]] * 2


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({**LEAST, "currency": "EURO"}, "invalid_event; currency"),
        ({**LEAST, "event_id": "x", "conversion_value": "-1"}, {"event_id", "conversion_value"}),
        ({**LEAST, "metadata": "{"}, "invalid_event; metadata"),
        ({**LEAST, "metadata": "[" * 2_000}, "invalid_event; metadata"),
        ({**LEAST, "metadata": '{"a": NaN}'}, "invalid_event; metadata"),
        ({**LEAST, "sequence": "0"}, "invalid_event; sequence"),
        ({**LEAST, "sequence": "9" * 30}, "invalid_event; sequence"),
    ],
)
async def test_what_breaks_the_contract_is_named_in_a_header_and_answered_200(
    collector: Collector, query: dict[str, str], error: Any
) -> None:
    status, headers = await fetch_pixel(collector, query)
    assert status == 200
    code, _, fields = headers["X-CT-Error"].partition("; ")
    expected = error.partition("; ")[2] if isinstance(error, str) else error
    assert code == "invalid_event"
    assert set(fields.split(", ")) == ({expected} if isinstance(expected, str) else expected)
    assert "X-CT-Result" not in headers
    assert await collector.events() == []


async def test_a_hidden_zero_in_the_query_is_stored_as_a_replacement(collector: Collector) -> None:
    await fetch_pixel(collector, {**LEAST, "page_title": "a\x00b"})
    [row] = await collector.events()
    assert row["page_title"] == "a\ufffdb"


async def test_unknown_parameters_are_ignored_and_counted(collector: Collector) -> None:
    status, _ = await fetch_pixel(collector, {**LEAST, "cachebuster": "17"})
    assert status == 200
    assert await metric(collector, "ct_unknown_fields_total") == 1


async def test_without_postgres_the_event_is_safe_on_disk_until_that_is_full(
    tmp_path: Path,
) -> None:
    async with run_collector_without_postgres(tmp_path) as collector:
        status, headers = await fetch_pixel(collector, LEAST)
        assert (status, headers["X-CT-Result"]) == (202, "spooled")
        await fill_spool(collector)
        filled = dict(LEAST)
        while (answer := await fetch_pixel(collector, filled))[0] == 202:
            filled["page_title"] = "x" * 4_000
    assert (answer[0], "X-CT-Result" in answer[1]) == (503, False)
    assert answer[1]["X-CT-Error"] in ("store_unavailable", "spool_full")
    assert int(answer[1]["Retry-After"]) >= 1


async def test_a_refused_unsigned_request_gets_the_gif_too(database: str) -> None:
    async with run_collector(
        database, gateway_secret=SECRET, unsigned_requests="refuse"
    ) as collector:
        status, headers = await fetch_pixel(collector, LEAST)
    assert (status, headers["X-CT-Error"]) == (403, "unsigned_request")


@pytest.mark.parametrize("method", ["HEAD", "POST"])
async def test_only_get_stores_an_event(collector: Collector, method: str) -> None:
    async with collector.client.request(method, PIXEL, params=LEAST) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,OPTIONS")
    assert await collector.events() == []


async def test_options_is_answered_and_stores_nothing(collector: Collector) -> None:
    async with collector.client.options(PIXEL, params=LEAST) as answer:
        assert (answer.status, answer.headers["Allow"]) == (200, "GET, OPTIONS")
        assert await answer.json() == {"allow": "GET, OPTIONS"}
    assert await collector.events() == []
