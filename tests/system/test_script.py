"""The script for pages, as browsers and caches get it through the gateway."""

import gzip

import pytest

from collector.api.script import SCRIPT_FILE
from tests.system.running import ORIGIN, SCRIPT, Gateway, cors_headers

SOURCE = SCRIPT_FILE.read_bytes()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_page_of_any_origin_gets_the_script_and_then_a_304(
    gateway: Gateway, encoding: str
) -> None:
    sent = {"Origin": "https://unknown.example", "Accept-Encoding": encoding}
    first = await gateway.send("GET", SCRIPT, headers=sent, auto_decompress=False)
    body = gzip.decompress(first.body) if encoding == "gzip" else first.body
    assert (first.status, body) == (200, SOURCE)
    assert first.headers.get("Content-Encoding", "identity") == encoding
    assert first.headers["Content-Type"] == "text/javascript; charset=utf-8"
    known = {**sent, "If-None-Match": first.headers["ETag"]}
    again = await gateway.send("GET", SCRIPT, headers=known)
    assert (again.status, again.body) == (304, b"")
    for answer in (first, again):
        assert answer.headers["ETag"] == first.headers["ETag"]
        assert "max-age=86400" in answer.headers["Cache-Control"]
        assert answer.headers["Vary"] == "Accept-Encoding"


async def test_the_script_is_answered_alike_for_every_origin(gateway: Gateway) -> None:
    for headers in ({}, {"Origin": ORIGIN}, {"Origin": "https://unknown.example"}):
        answer = await gateway.send("GET", SCRIPT, headers=headers)
        assert cors_headers(answer) == {"access-control-allow-origin": "*"}
        assert answer.headers.getall("Vary") == ["Accept-Encoding"]
        # A cache would give one client's count to all.
        assert not [name for name in answer.headers if "ratelimit" in name.lower()]


async def test_a_head_is_a_get_without_the_body(gateway: Gateway) -> None:
    answer = await gateway.send("HEAD", SCRIPT, headers={"Accept-Encoding": "identity"})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(SOURCE))


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", SCRIPT), ("GET", SCRIPT + "x"), ("GET", "/x" + SCRIPT)],
)
async def test_nothing_else_is_let_through(gateway: Gateway, method: str, path: str) -> None:
    assert (await gateway.send(method, path)).status == 404


async def test_a_preflight_for_the_script_is_answered(gateway: Gateway) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    answer = await gateway.send("OPTIONS", SCRIPT, headers=asked)
    assert answer.status == 200
    assert cors_headers(answer) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "*",
        "access-control-max-age": "86400",
    }


async def test_a_request_with_a_body_does_not_reach_the_collector(gateway: Gateway) -> None:
    answer = await gateway.send("GET", SCRIPT, data=b"x" * 2_000)
    assert answer.status == 413
