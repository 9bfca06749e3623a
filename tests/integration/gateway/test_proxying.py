"""What passes through the gateway, and what it answers when nothing can."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from yarl import URL

from local.processes import free_port
from tests.integration.gateway.harness import (
    ROOT,
    RunningGateway,
    make_kong_yml,
    running_gateway,
    running_upstream,
)
from tests.waiting import BUSY_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="module")


def service(name: str, host: str, port: int = 80, **fields: Any) -> dict[str, Any]:
    route = {"name": name, "paths": [f"/{name}"]}
    return {"name": name, "host": host, "port": port, "routes": [route], **fields}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstream_port() -> AsyncIterator[int]:
    async with running_upstream() as port:
        yield port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(
    tmp_path_factory: pytest.TempPathFactory, upstream_port: int
) -> AsyncIterator[RunningGateway]:
    directory: Path = tmp_path_factory.mktemp("proxying")
    kong_yml = make_kong_yml(
        [
            service("up", "conversion-tracking-collector", read_timeout=300),
            service("dead", "127.0.0.1", free_port()),
        ],
        routes=[{"name": "no-service", "paths": ["/no-service"], "strip_path": False}],
        upstreams=yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())["upstreams"],
    )
    resolve = ("--resolve", f"collector:8080=127.0.0.1:{upstream_port}")
    async with running_gateway(directory, kong_yml, {}, *resolve) as running:
        yield running


async def echo(gateway: RunningGateway, method: str, path: str, **options: Any) -> Any:
    reply = await gateway.ask(method, path, **options)
    assert reply.status == 200
    return json.loads(reply.body)


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("/up?a=%20b+c&d", "/up?a=%20b+c&d"),
        ("/up/%7Ea//b/../%2f", "/up/~a/%2F"),
        ("/up?a=/../b//c%zz", "/up?a=/../b//c%zz"),
    ],
)
async def test_path_and_query_arrive_as_sent_but_for_kongs_normalising(
    gateway: RunningGateway, sent: str, received: str
) -> None:
    url = URL(f"http://127.0.0.1:{gateway.port}{sent}", encoded=True)
    async with gateway.session.get(url) as response:
        assert json.loads(await response.read())["target"] == received


async def test_a_compressed_body_arrives_byte_for_byte(gateway: RunningGateway) -> None:
    body = gzip.compress(b'{"a": 1}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    received = await echo(gateway, "POST", "/up", data=body, headers=headers)
    assert bytes.fromhex(received["body"]) == body
    assert ["Content-Encoding", "gzip"] in received["headers"]


async def test_a_compressed_answer_stays_compressed(gateway: RunningGateway) -> None:
    reply = await gateway.ask("GET", "/up?gzip=1")
    assert reply.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(reply.body) == b"compressed by the upstream"


async def test_a_chunked_body_arrives_with_a_length(gateway: RunningGateway) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    received = await echo(gateway, "POST", "/up", data=chunks())
    assert bytes.fromhex(received["body"]) == b"abcd"
    assert ["Content-Length", "4"] in received["headers"]


async def test_a_megabyte_passes_both_ways(gateway: RunningGateway) -> None:
    body = bytes(range(256)) * 4096
    received = await echo(gateway, "POST", "/up", data=body)
    assert bytes.fromhex(received["body"]) == body


async def test_the_client_gets_kongs_headers_and_no_made_up_ones(gateway: RunningGateway) -> None:
    reply = await gateway.ask("GET", "/up?h=Server:up")
    received = {name: value for name, value in json.loads(reply.body)["headers"]}  # noqa: C416 (pairs of JSON)
    assert reply.headers["Via"] == "1.1 kong/3.9.1"
    assert reply.headers["Server"] == "up"
    assert reply.headers["X-Kong-Upstream-Latency"].isdecimal()
    assert reply.headers["X-Kong-Proxy-Latency"].isdecimal()
    assert received["X-Kong-Request-Id"] == reply.headers["X-Kong-Request-Id"]
    assert received["Host"] == "collector:8080"


async def test_the_user_agent_passes_unchanged_and_is_not_made_up(gateway: RunningGateway) -> None:
    received = await echo(gateway, "GET", "/up", headers={"User-Agent": "Mozilla/5.0 (x)"})
    assert ["User-Agent", "Mozilla/5.0 (x)"] in received["headers"]
    options = {"skip_auto_headers": ["User-Agent", "Accept", "Accept-Encoding", "Content-Type"]}
    received = await echo(gateway, "GET", "/up", **options)
    assert not {"User-Agent", "Accept", "Accept-Encoding"} & {
        name for name, _ in received["headers"]
    }


async def test_no_proxys_word_decides_the_address(gateway: RunningGateway) -> None:
    headers = {"X-Forwarded-For": "6.6.6.6, 1.2.3.4", "X-Forwarded-Proto": "https"}
    received = dict((await echo(gateway, "GET", "/up", headers=headers))["headers"])
    assert received["X-Real-IP"] == "127.0.0.1"
    assert received["X-Forwarded-For"] == "6.6.6.6, 1.2.3.4, 127.0.0.1"
    assert received["X-Forwarded-Proto"] == "http"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/dead", 502, "An invalid response was received from the upstream server"),
        ("POST", "/up?reset=1", 502, "An invalid response was received from the upstream server"),
        ("GET", "/no-service", 503, "no Service found with those values"),
        ("POST", "/up?wait=1", 504, "The upstream server is timing out"),
        ("GET", "/up/%2e%2e/%2e%2e", 400, "Bad request"),
        ("TRACE", "/up", 405, "Method not allowed"),
    ],
)
async def test_kongs_own_answers(
    gateway: RunningGateway, method: str, path: str, status: int, message: str
) -> None:
    url = URL(f"http://127.0.0.1:{gateway.port}{path}", encoded=True)
    async with gateway.session.request(method, url, headers={"Accept": "*/*"}) as response:
        headers, body = response.headers, json.loads(await response.read())
    assert response.status == status
    assert body == {"message": message, "request_id": headers["X-Kong-Request-Id"]}
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Server"] == "kong/3.9.1"
    assert ("Via" in headers) == (status in {502, 504})
    assert ("X-Kong-Response-Latency" in headers) == (status not in {502, 504})


async def test_a_client_that_goes_away_leaves_no_trace(gateway: RunningGateway) -> None:
    for path in ("/up?wait=0.2", "/dead", "/up", "/no/route") * 25:
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        await writer.drain()
        assert writer.transport is not None
        writer.transport.abort()
    await asyncio.sleep(0.4)
    assert (await gateway.ask("GET", "/up")).status == 200
    assert "Traceback" not in gateway.read_log()


async def ask_raw(gateway: RunningGateway, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(request)
    async with asyncio.timeout(BUSY_SECONDS):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET /up HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /up HTTP/1.1\r\nHost: a\r\nX-Big: " + b"a" * 9000 + b"\r\n\r\n", b"400"),
        (b"GET /up HTTP/1.1\r\nHost: a\r\nX-Latin: \xe4\r\n\r\n", b"400"),
    ],
)
async def test_what_cannot_be_read_is_a_400_in_kongs_words(
    gateway: RunningGateway, request_line: bytes, status: bytes
) -> None:
    answer = await ask_raw(gateway, request_line)
    assert answer.split(b" ", 2)[1] == status
    assert b"Server: kong/3.9.1" in answer
    assert b"Connection: close" in answer


async def test_a_client_that_asks_before_sending_is_told_to_go_on(gateway: RunningGateway) -> None:
    answer = await ask_raw(
        gateway,
        b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
    )
    assert answer == b"HTTP/1.1 100 Continue\r\n\r\n"
