"""Bad input through the gateway: what must happen, and that the next event is stored."""

import asyncio
import gzip
import io
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import aiohttp
import pytest

from collector.api.stamp import sign_stamp
from collector.settings import DEFAULT_USER_ID_NAMESPACE
from tests.system.running import FUNNEL, TRACK, Answer, Gateway

JSON_TYPE = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
async def next_event_is_stored(gateway: Gateway) -> AsyncIterator[None]:
    """After each test the next good event is stored."""
    yield
    answer = await gateway.track(event_name="The next one")
    assert answer.status == 200
    stored = await gateway.rows()
    assert answer.json()["event_id"] in {str(row["id"]) for row in stored}


async def send_raw(gateway: Gateway, body: bytes, **headers: str) -> Answer:
    """A body as it is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gateway.send("POST", TRACK, data=io.BytesIO(body), headers=JSON_TYPE | named)


def field_names(answer: Answer) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("session_id", ["", "x" * 256, True, None])
async def test_a_wrong_session_id_is_422_and_named(gateway: Gateway, session_id: object) -> None:
    answer = await gateway.track(session_id=session_id)
    assert (answer.status, field_names(answer)) == (422, ["session_id"])


async def test_a_missing_session_id_is_422_and_named(gateway: Gateway) -> None:
    body = {"event_type": "page_view", "event_name": "Page"}
    answer = await gateway.send("POST", TRACK, json=body)
    assert (answer.status, field_names(answer)) == (422, ["session_id"])


UPPER_UUID = "6F0A3D0E-6A7C-4C0E-9D5B-3F6D0B8B7C11"


@pytest.mark.parametrize(
    ("user_id", "stored", "external"),
    [
        (42, uuid5(DEFAULT_USER_ID_NAMESPACE, "42"), "42"),
        ("auth0|x", uuid5(DEFAULT_USER_ID_NAMESPACE, "auth0|x"), "auth0|x"),
        (UPPER_UUID, UUID(UPPER_UUID), None),
    ],
)
async def test_any_user_id_is_stored(
    gateway: Gateway, user_id: object, stored: UUID, external: str | None
) -> None:
    answer = await gateway.track(user_id=user_id)
    [row] = await gateway.rows()
    assert answer.status == 200
    assert (row["user_id"], row["external_user_id"]) == (stored, external)


async def test_a_user_id_of_300_characters_is_422(gateway: Gateway) -> None:
    answer = await gateway.track(user_id="x" * 300)
    assert (answer.status, field_names(answer)) == (422, ["user_id"])


async def test_a_page_title_of_10000_characters_is_cut_and_marked(gateway: Gateway) -> None:
    answer = await gateway.track(page_title="t" * 10_000)
    [row] = await gateway.rows()
    assert answer.status == 200
    assert (row["page_title"], row["truncated_fields"]) == ("t" * 500, ["page_title"])


@pytest.mark.parametrize("escape", [r"\u0000", r"\ud800"])
async def test_what_postgres_cannot_store_becomes_a_replacement(
    gateway: Gateway, escape: str
) -> None:
    metadata = f'{{"a{escape}": {{"b": ["{escape}c"]}}}}'
    fields = f'"page_title": "x{escape}y", "metadata": {metadata}'
    body = json.dumps(gateway.event())[:-1] + ", " + fields + "}"
    answer = await send_raw(gateway, body.encode())
    [row] = await gateway.rows()
    assert answer.status == 200
    assert row["page_title"] == "x\ufffdy"
    assert json.loads(row["metadata"]) == {"a\ufffd": {"b": ["\ufffdc"]}}


@pytest.mark.parametrize(
    ("literal", "cents"),
    [
        ("29.99", "29.99"),
        ('"29.99"', "29.99"),
        ("0.005", "0.01"),
        ("1e400", None),
        ("NaN", None),
        ("-1", None),
        ("1000000000000000", "1000000000000000"),
        ("1000000000000000.01", None),
    ],
)
async def test_a_conversion_value_is_the_cents_that_a_person_would_expect_or_422(
    gateway: Gateway, literal: str, cents: str | None
) -> None:
    body = json.dumps(gateway.event())[:-1] + f', "conversion_value": {literal}}}'
    answer = await send_raw(gateway, body.encode())
    rows = await gateway.rows()
    if cents is None:
        assert (answer.status, field_names(answer), rows) == (422, ["conversion_value"], [])
    else:
        assert (answer.status, [r["conversion_value"] for r in rows]) == (200, [Decimal(cents)])


@pytest.mark.parametrize(
    ("currency", "stored"), [("usd", "USD"), (None, "USD"), ("US", None), ("EURO", None)]
)
async def test_a_currency_is_three_letters_or_the_default_or_422(
    gateway: Gateway, currency: str | None, stored: str | None
) -> None:
    answer = await gateway.track(currency=currency)
    rows = await gateway.rows()
    if stored is None:
        assert (answer.status, field_names(answer), rows) == (422, ["currency"], [])
    else:
        assert (answer.status, [r["currency"] for r in rows]) == (200, [stored])


def resident_bytes(process_id: int) -> int:
    """The memory that a process holds now."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("name", "body", "headers", "status"),
    [
        ("nested 1,000 deep", b'{"metadata":' + b'{"a":' * 1_000 + b"1" + b"}" * 1_001, {}, 422),
        ("2 MB", b'{"metadata": "' + b"x" * 2_000_000 + b'"}', {}, 413),
        (
            "a gzip bomb",
            gzip.compress(b" " * 500_000_000, 9),
            {"Content_Encoding": "gzip"},
            413,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_body_that_is_an_attack_is_refused_without_a_memory_spike(
    gateway: Gateway, name: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    collector = gateway.system.collector
    before = resident_bytes(collector.pid) if collector else 0
    answer = await send_raw(gateway, body, **headers)
    after = resident_bytes(collector.pid) if collector else 0
    assert answer.status == status, name
    assert after - before < 30_000_000


async def test_1000_first_events_of_one_session_at_once_make_one_funnel_row(
    gateway: Gateway,
) -> None:
    answers = await asyncio.gather(*(gateway.track() for _ in range(1_000)))
    assert {answer.status for answer in answers} == {200}
    assert len(await gateway.rows()) == 1_000
    assert len(await gateway.system.funnels(gateway.session_id)) == 1


async def test_100_sessions_hit_in_two_orders_by_20_writers_never_deadlock(
    gateway: Gateway,
) -> None:
    sessions = [f"{gateway.session_id} {n}" for n in range(50)]

    async def write(order: list[str]) -> list[int]:
        answers = [await gateway.track(session_id=session) for session in order]
        return [answer.status for answer in answers]

    orders = [sessions if n % 2 else sessions[::-1] for n in range(20)]
    statuses = await asyncio.gather(*(write(order) for order in orders))
    assert statuses == [[200] * 50] * 20
    for session in sessions:
        assert len(await gateway.system.funnels(session)) == 1


def forged(secret: str) -> dict[str, str]:
    now = str(int(time.time() * 1000))
    return {
        "X-Client-IP": "203.0.113.66",
        "X-Received-At": now,
        "X-Gateway-Signature": sign_stamp("203.0.113.66", now, secret.encode()),
        "X-Forwarded-For": "203.0.113.66",
        "X-Real-IP": "203.0.113.66",
    }


@pytest.mark.parametrize("secret", ["", "a guess"])
async def test_a_stamp_forged_through_the_gateway_never_arrives(
    gateway: Gateway, secret: str
) -> None:
    answer = await gateway.track(headers=forged(secret))
    [row] = await gateway.rows()
    assert answer.status == 200
    assert row["stamp_verified"]
    assert row["ip_address"] != "203.0.113.66"
    if gateway.address:
        assert row["ip_address"] == gateway.address


async def test_a_stamp_forged_straight_at_the_collector_is_not_believed(gateway: Gateway) -> None:
    url = gateway.system.collector_url or gateway.system.gateway_url
    headers = forged("a guess")
    async with (
        aiohttp.ClientSession() as client,
        client.post(url + TRACK, json=gateway.event(), headers=headers) as answer,
    ):
        assert answer.status == 200
    [row] = await gateway.rows()
    assert row["ip_address"] != "203.0.113.66"


@pytest.mark.parametrize(
    ("page_url", "channel"),
    [
        ("not a URL", "Direct"),
        ("javascript:alert(1)", "Direct"),
        ("https://bücher.example/?utm_x=ü", "Direct"),
        ("https://shop.example/?q=" + "a" * 10_000, "Direct"),
        ("https://shop.example/?gclid=abc&q=" + "a" * 10_000, "Paid Search"),
    ],
)
async def test_any_page_url_is_stored_and_the_channel_falls_back(
    gateway: Gateway, page_url: str, channel: str
) -> None:
    answer = await gateway.track(page_url=page_url)
    [row] = await gateway.rows()
    assert (answer.status, row["page_url"], row["channel"]) == (200, page_url, channel)


Send = Callable[[Gateway], Awaitable[Answer]]

ANSWERS: list[tuple[str, Send, int, str | None]] = [
    ("not JSON", lambda g: send_raw(g, b"{"), 400, "invalid_json"),
    ("not UTF-8", lambda g: send_raw(g, b'{"a": "\xff"}'), 400, "invalid_json"),
    ("not an object", lambda g: send_raw(g, b"[]"), 400, "invalid_json"),
    ("no fields", lambda g: send_raw(g, b"{}"), 422, "invalid_event"),
    (
        "too large after gunzip",
        lambda g: send_raw(g, gzip.compress(b" " * 1_100_000), Content_Encoding="gzip"),
        413,
        "body_too_large",
    ),
    ("a form", lambda g: send_raw(g, b"a=1", Content_Type="text/html"), 415, None),
    ("brotli", lambda g: send_raw(g, b"{}", Content_Encoding="br"), 415, None),
    ("no stage", lambda g: g.send("POST", FUNNEL, json={"session_id": "s"}), 422, "invalid_event"),
]


@pytest.mark.parametrize(("name", "send", "status", "error"), ANSWERS, ids=[a[0] for a in ANSWERS])
async def test_each_refusal_of_the_contract_comes_through_the_gateway(
    gateway: Gateway, name: str, send: Send, status: int, error: str | None
) -> None:
    answer = await send(gateway)
    assert answer.status == status, name
    assert answer.json()["error"] == (error or "unsupported_media_type")


async def test_the_same_event_again_is_a_duplicate(gateway: Gateway) -> None:
    event_id = "018f4d3e-7c1a-7b2e-9a51-" + gateway.session_id[-12:]
    first = await gateway.track(event_id=event_id)
    again = await gateway.track(event_id=event_id)
    assert again.json() == {**first.json(), "duplicate": True}
    assert len(await gateway.rows()) == 1


async def test_gzip_and_plain_text_are_read(gateway: Gateway) -> None:
    body = json.dumps(gateway.event()).encode()
    zipped = await send_raw(gateway, gzip.compress(body), Content_Encoding="gzip")
    plain: Any = await send_raw(gateway, body, Content_Type="text/plain;charset=UTF-8")
    assert (zipped.status, plain.status) == (200, 200)
    assert len(await gateway.rows()) == 2
