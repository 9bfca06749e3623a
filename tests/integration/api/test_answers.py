"""Every case in the contract's table of answers, from a collector over HTTP."""

import asyncio
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from collector.api.stamp import sign_stamp
from tests.support import (
    CHROME,
    SECRET,
    Collector,
    fill_spool,
    metric,
    run_collector,
    run_collector_without_postgres,
)

TRACK, FUNNEL, BATCH = "/v1/events/track", "/v1/events/funnel", "/v1/events/batch"
LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
BODY = json.dumps(LEAST).encode()
MEBIBYTE = 1_048_576


def stamp(client_ip: str, secret: str = SECRET) -> dict[str, str]:
    received_at = str(int(datetime.now(UTC).timestamp() * 1000))
    return {
        "X-Client-IP": client_ip,
        "X-Received-At": received_at,
        "X-Gateway-Signature": sign_stamp(client_ip, received_at, secret.encode()),
    }


async def test_a_stored_event_is_answered_with_its_id(collector: Collector) -> None:
    status, answer = await collector.track(event_name="Test Event")
    [row] = await collector.events()
    assert status == 200
    assert answer == {
        "success": True,
        "event_id": str(row["id"]),
        "message": "Event 'Test Event' tracked successfully",
    }


async def test_the_same_event_again_is_answered_alike_and_stored_once(
    collector: Collector,
) -> None:
    event_id = str(uuid4())
    first = await collector.track(event_id=event_id, event_type="subscription_created")
    before = await collector.funnels()
    again = await collector.track(event_id=event_id, event_type="subscription_created")
    assert again == (200, {**first[1], "duplicate": True})
    assert len(await collector.events()) == 1
    assert await collector.funnels() == before


async def test_the_same_event_id_in_another_session_is_another_event(
    collector: Collector,
) -> None:
    signup = {"event_id": str(uuid4()), "event_type": "signup"}
    answers = [await collector.track(session_id=session, **signup) for session in "abab"]
    assert [answer.get("duplicate", False) for _, answer in answers] == [False, False, True, True]
    assert len(await collector.events()) == 2
    assert [row["completed_signup"] for row in await collector.funnels()] == [True, True]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff", b"session_id=s1"])
async def test_what_is_no_json_object_is_answered_400(collector: Collector, body: bytes) -> None:
    status, answer = await collector.post(TRACK, data=body, headers={"Content-Type": "text/plain"})
    assert status == 400
    assert answer["error"] == "invalid_json"
    assert answer["success"] is False
    assert answer["message"]
    assert answer["errors"] == []


async def test_a_broken_contract_is_answered_422_with_every_field(collector: Collector) -> None:
    status, answer = await collector.post(TRACK, json={"session_id": True, "currency": "EURO"})
    assert status == 422
    assert answer["error"] == "invalid_event"
    fields = {e["field"] for e in answer["errors"]}
    assert fields == {"session_id", "event_type", "event_name", "currency"}
    assert all(e["message"] for e in answer["errors"])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x" * (MEBIBYTE + 1), {}),
        (gzip.compress(b" " * (MEBIBYTE + 1)), {"Content-Encoding": "gzip"}),
        (gzip.compress(b"\x00" * 100_000_000), {"Content-Encoding": "gzip"}),
    ],
    ids=["plain", "after gunzip", "bomb"],
)
async def test_a_body_over_the_limit_is_answered_413(
    collector: Collector, body: bytes, headers: dict[str, str]
) -> None:
    json_type = {"Content-Type": "application/json"}
    status, answer = await collector.post(TRACK, data=io.BytesIO(body), headers=headers | json_type)
    assert (status, answer["error"]) == (413, "body_too_large")


async def test_a_body_over_the_limit_in_chunks_is_answered_413(collector: Collector) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * 65_536

    status, answer = await collector.post(
        TRACK, data=chunks(), headers={"Content-Type": "application/json"}
    )
    assert (status, answer["error"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/html"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "br"},
        {"Content-Type": "application/json", "Content-Encoding": "deflate"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip, gzip"},
    ],
)
async def test_another_type_or_encoding_is_answered_415(
    collector: Collector, headers: dict[str, str]
) -> None:
    status, answer = await collector.post(TRACK, data=BODY, headers=headers)
    assert (status, answer["error"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY, {"Content-Type": "application/json"}),
        (BODY, {"Content-Type": "application/json; charset=UTF-8"}),
        (BODY, {"Content-Type": "text/plain;charset=UTF-8"}),
        (
            gzip.compress(BODY, mtime=0),
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        ),
        (BODY, {"Content-Type": "application/json", "Content-Encoding": "identity"}),
    ],
)
async def test_json_and_plain_text_are_read_as_they_are_or_gzipped(
    collector: Collector, body: bytes, headers: dict[str, str]
) -> None:
    status, _ = await collector.post(TRACK, data=body, headers=headers)
    assert status == 200


async def test_a_body_without_a_content_type_is_read(collector: Collector) -> None:
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as client,
        client.post(collector.url + TRACK, data=BODY) as answer,
    ):
        assert answer.status == 200


@pytest.mark.parametrize("path", [TRACK, FUNNEL, BATCH])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
async def test_a_wrong_method_is_answered_405_with_allow(
    collector: Collector, method: str, path: str
) -> None:
    async with collector.client.request(method, path) as answer:
        assert answer.status == 405
        assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize("path", [TRACK, FUNNEL, BATCH])
@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://x.com", "Access-Control-Request-Method": "POST"}]
)
async def test_options_is_answered_200_with_allow_and_no_cors_header(
    collector: Collector, path: str, headers: dict[str, str]
) -> None:
    async with collector.client.options(path, headers=headers) as answer:
        assert answer.status == 200
        assert await answer.json() == {"allow": "POST, OPTIONS"}
        assert answer.headers["Allow"] == "POST, OPTIONS"
        # Kong would send them twice, which breaks a browser
        # (docs/kong-measured.md#headers-and-phases).
        assert not [h for h in answer.headers if h.lower().startswith("access-control-")]


async def test_an_unknown_path_is_answered_404(collector: Collector) -> None:
    status, answer = await collector.post("/v1/events/nothing", json=LEAST)
    assert (status, answer["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    "asked",
    [
        f"POST {TRACK}",
        "GET /v1/events/pixel.gif?event_type=page_view",
        "GET /healthz",
        "POST /v1/events/nothing",
    ],
)
async def test_an_unknown_expectation_is_answered_as_other_errors(
    collector: Collector, asked: str
) -> None:
    reader, writer = await asyncio.open_connection(*address_of(collector))
    head = f"{asked} HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n"
    writer.write(f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
    lines, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert lines.startswith(b"HTTP/1.1 417 ")
    assert b"Content-Type: application/json" in lines
    answer = json.loads(body)
    assert (answer["success"], answer["error"]) == (False, "expectation_failed")
    assert await metric(collector, 'ct_refused_requests_total{error="expectation_failed"}') == 1


def address_of(collector: Collector) -> tuple[str, int]:
    """Its host and port."""
    host, _, port = collector.url.removeprefix("http://").partition(":")
    return host, int(port)


async def test_health_is_alive_and_readiness_asks_postgres(collector: Collector) -> None:
    for path, answer in (("/healthz", "ok"), ("/readyz", "ready")):
        async with collector.client.get(path) as response:
            assert (response.status, (await response.json())["status"]) == (200, answer)


async def test_a_collector_without_postgres_is_alive_but_not_ready_and_asks_for_a_retry_when_full(
    tmp_path: Path,
) -> None:
    async with run_collector_without_postgres(tmp_path) as collector:
        async with collector.client.get("/healthz") as response:
            assert response.status == 200
        async with collector.client.get("/readyz") as response:
            assert response.status == 503
        assert (await collector.track())[0] == 202
        await fill_spool(collector)
        large = {**LEAST, "metadata": {"x": "x" * 100_000}}
        async with collector.client.post(TRACK, json=large) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) >= 1
            assert (await response.json())["error"] == "spool_full"


async def test_a_signed_stamp_gives_the_client_address_and_the_time(collector: Collector) -> None:
    headers = stamp("203.0.113.7")
    await collector.post(TRACK, json=LEAST, headers=headers)
    [row] = await collector.events()
    assert (row["ip_address"], row["stamp_verified"]) == ("203.0.113.7", True)
    assert int(row["received_at"].timestamp() * 1000) == int(headers["X-Received-At"])


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Client-IP": "203.0.113.7", "X-Received-At": "1795348800123"},
        stamp("203.0.113.7", "a guess"),
        {**stamp("203.0.113.7"), "X-Client-IP": "203.0.113.8"},
        {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7"},
        {"X-Client-IP": "", "X-Received-At": "", "X-Gateway-Signature": ""},
    ],
)
async def test_a_forged_stamp_is_never_stored_as_the_clients_address(
    collector: Collector, headers: dict[str, str]
) -> None:
    status, _ = await collector.post(TRACK, json=LEAST, headers=headers)
    [row] = await collector.events()
    assert (status, row["ip_address"], row["stamp_verified"]) == (200, "127.0.0.1", False)
    async with collector.client.get("/metrics") as response:
        assert "ct_unsigned_requests_total 1.0" in await response.text()


async def test_unsigned_requests_are_refused_where_a_setting_says_so(database: str) -> None:
    async with run_collector(
        database, gateway_secret=SECRET, unsigned_requests="refuse"
    ) as collector:
        status, answer = await collector.track()
        assert (status, answer["error"]) == (403, "unsigned_request")
        status, _ = await collector.post(TRACK, json=LEAST, headers=stamp("203.0.113.7"))
        assert status == 200


async def test_two_secrets_are_valid_while_one_is_rotated(database: str) -> None:
    new, old, older = ("the new secret of the tests", "the old secret of them", "the older secret")
    async with run_collector(
        database, gateway_secret=new, gateway_secret_previous=old, unsigned_requests="refuse"
    ) as collector:
        for secret, expected in ((new, 200), (old, 200), (older, 403)):
            status, _ = await collector.post(
                TRACK, json=LEAST, headers=stamp("203.0.113.7", secret)
            )
            assert status == expected, secret


async def test_what_is_refused_cut_or_unknown_is_counted(collector: Collector) -> None:
    await collector.track(page_title="x" * 501, from_the_future=1)
    await collector.track(currency="EURO")
    await collector.post(TRACK, data=b"{")
    async with collector.client.get("/metrics") as response:
        text = await response.text()
    for line in (
        'ct_events_total{result="stored"} 1.0',
        'ct_refused_requests_total{error="invalid_event"} 1.0',
        'ct_refused_requests_total{error="unsupported_media_type"} 1.0',
        "ct_truncated_fields_total 1.0",
        "ct_unknown_fields_total 1.0",
    ):
        assert line in text


async def test_a_header_in_bytes_that_are_not_utf_8_is_stored_with_a_replacement(
    collector: Collector,
) -> None:
    host, port = collector.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST {TRACK} HTTP/1.1\r\nHost: x\r\nUser-Agent: {CHROME} \xff\r\n"
        f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1") + BODY)
    answer = await reader.read()
    writer.close()
    assert b" 200 " in answer.splitlines()[0]
    [row] = await collector.events()
    assert row["user_agent"] == f"{CHROME} \ufffd"
