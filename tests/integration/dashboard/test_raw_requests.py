"""Requests that no browser sends."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.integration.dashboard.dashboard import TOKEN, Dashboard

BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()
HOST = b"Host: localhost\r\n"


async def statuses(dashboard: Dashboard, request: bytes) -> list[int]:
    """The status of each answer to what is sent."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(dashboard.url.rpartition(":")[2])
    )
    try:
        writer.write(request)
        answer = await reader.read()
    finally:
        writer.close()
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", answer, re.MULTILINE)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"GET /v1/reports/channels?filter=channel%3D\xff", {200, 400}),
        (b"GET /v1/reports/\xff\xfe", {400, 404}),
        (b"GET /\xff", {400, 404}),
        (b"GET //evil.example/", {303, 400, 404}),
        (b"GET http://evil.example/", {303, 400, 404, 421}),
        (b"GET /share/\xff", {400, 404}),
        (b"GET /static/\xff", {400, 404}),
        (b"GET /v1/reports/channels?" + b"x" * 9_000, {400}),
        (
            b"GET /v1/reports/channels?"
            + b"&".join(b"filter=channel%%3D%d" % n for n in range(60)),
            {400},
        ),
        (b"GET /login?next=\xff", {400}),
        (b"GET *", {400, 404}),
        (b"OPTIONS *", {400, 404, 405}),
        (b"CONNECT evil.example:443", {400, 404, 405}),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_an_address_of_any_bytes_is_no_error_of_ours(
    dashboard: Dashboard, line: bytes, expected: set[int]
) -> None:
    request = line + b" HTTP/1.1\r\n" + HOST + BEARER + b"Connection: close\r\n\r\n"
    answers = await statuses(dashboard, request)
    assert len(answers) == 1
    assert set(answers) <= expected


@pytest.mark.parametrize(
    "headers",
    [
        b"Host: \xff\r\n",
        b"",
        HOST + HOST,
        HOST + b"Cookie: ct_dashboard=\xff\xfe\r\n",
        HOST + b"Cookie: " + b"a=b; " * 1_000 + b"\r\n",
        HOST + b"Authorization: Bearer \xff\xfe\r\n",
        HOST + b"Accept-Encoding: \xff\r\n",
        HOST + b"Sec-Fetch-Site: \xff\r\nOrigin: \xff\r\n",
    ],
    ids=lambda value: str(value)[:40],
)
async def test_headers_of_any_bytes_are_no_error_of_ours(
    dashboard: Dashboard, headers: bytes
) -> None:
    request = b"GET /v1/reports HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n"
    answers = await statuses(dashboard, request)
    assert len(answers) == 1
    assert answers[0] in (400, 401, 421)


@pytest.mark.parametrize(
    "body", [b"token=\xff", b"token=%FF", b"token=%ED%A0%80", b"", b"&&&", b"token", b"=" * 100]
)
async def test_a_form_of_any_bytes_is_no_error_of_ours(dashboard: Dashboard, body: bytes) -> None:
    kind = b"Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n"
    length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    answers = await statuses(dashboard, b"POST /login HTTP/1.1\r\n" + HOST + kind + length + body)
    assert len(answers) == 1
    assert answers[0] in (400, 401)
