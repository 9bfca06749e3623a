"""A plugin on the real kong-pdk server, behind the gateway: what was measured on Kong."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from local.processes import free_port
from tests.integration.gateway.harness import (
    Reply,
    RunningGateway,
    make_kong_yml,
    probe,
    probe_environment,
    running_gateway,
    running_probe_server,
    running_upstream,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEHAVIOURS = (
    *("nothing", "set_headers", "set_content_type", "show", "exit_text", "exit_typed"),
    *("exit_no_content", "exit_without_body", "bad_header", "bad_status", "too_many_headers"),
    *("response_phase", "not_implemented"),
)


def make_services(upstream_port: int) -> list[dict[str, Any]]:
    routes: list[dict[str, Any]] = [
        {"name": name, "paths": [f"/{name}"], "strip_path": False, "plugins": [probe(name)]}
        for name in BEHAVIOURS
    ]
    limits = {
        "limited": {"name": "rate-limiting", "config": {"minute": 1, "limit_by": "ip"}},
        "sized": {
            "name": "request-size-limiting",
            "config": {"allowed_payload_size": 10, "size_unit": "bytes"},
        },
    }
    routes += [
        {"name": name, "paths": [f"/{name}"], "plugins": [limit, probe("set_headers")]}
        for name, limit in limits.items()
    ]
    down = {"name": "down", "paths": ["/down"], "plugins": [probe("set_headers")]}
    return [
        {
            "name": "up",
            "host": "127.0.0.1",
            "port": upstream_port,
            "read_timeout": 500,
            "routes": routes,
        },
        {"name": "down", "host": "127.0.0.1", "port": free_port(), "routes": [down]},
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningGateway]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    async with running_upstream() as port:
        kong_yml = make_kong_yml(
            make_services(port),
            routes=[
                {
                    "name": "no-service",
                    "paths": ["/no_service"],
                    "strip_path": False,
                    "plugins": [probe("set_headers")],
                }
            ],
        )
        async with (
            running_probe_server(directory),
            running_gateway(directory, kong_yml, probe_environment(directory)) as running,
        ):
            yield running


def assert_set_by_plugin(reply: Reply) -> None:
    assert reply.headers["X-Set"] == "by plugin"
    assert reply.headers.getall("X-List") == ["a", "b"]
    assert reply.headers["X-Number"] == "7200"
    assert reply.headers["X-Bool"] == "true"
    assert reply.headers["X-Under"] == "u"
    assert reply.headers["X-Evil"] == "a%0D%0AX-Injected: 1"


@pytest.mark.parametrize(
    ("method", "path", "status", "source"),
    [
        ("GET", "/set_headers", 200, "Via"),
        ("GET", "/set_headers?status=500", 500, "Via"),
        ("GET", "/down", 502, "Via"),
        ("POST", "/set_headers?wait=2", 504, "Via"),
        ("GET", "/no_service", 503, "X-Kong-Response-Latency"),
    ],
)
async def test_headers_set_in_access_arrive_on_every_answer(
    gateway: RunningGateway, method: str, path: str, status: int, source: str
) -> None:
    reply = await gateway.ask(method, path)
    assert reply.status == status
    assert_set_by_plugin(reply)
    assert source in reply.headers


async def test_headers_set_in_access_arrive_on_a_429(gateway: RunningGateway) -> None:
    replies = [await gateway.ask("GET", "/limited") for _ in range(3)]
    assert replies[-1].status == 429
    assert_set_by_plugin(replies[-1])
    assert json.loads(replies[-1].body)["message"] == "API rate limit exceeded"
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60


async def test_headers_set_in_access_arrive_on_a_413(gateway: RunningGateway) -> None:
    reply = await gateway.ask("POST", "/sized", data=b"x" * 11)
    assert reply.status == 413
    assert_set_by_plugin(reply)


async def test_without_a_route_no_plugin_runs(gateway: RunningGateway) -> None:
    reply = await gateway.ask("GET", "/no/such/route")
    assert reply.status == 404
    assert "X-Set" not in reply.headers
    assert json.loads(reply.body) == {
        "message": "no Route matched with those values",
        "request_id": reply.headers["X-Kong-Request-Id"],
    }
    assert reply.headers["Server"] == "kong/3.9.1"


async def test_a_header_that_both_set_comes_twice_the_plugins_first(
    gateway: RunningGateway,
) -> None:
    reply = await gateway.ask("GET", "/set_headers?h=X-Set:up&h=Vary:Accept-Encoding")
    assert reply.headers.getall("X-Set") == ["by plugin", "up"]
    assert reply.headers.getall("Vary") == ["Origin", "Accept-Encoding"]


async def test_the_upstreams_content_type_wins_over_a_plugins(gateway: RunningGateway) -> None:
    reply = await gateway.ask("GET", "/set_content_type")
    assert reply.headers.getall("Content-Type") == ["application/json; charset=utf-8"]


async def test_request_headers_reach_the_upstream_but_not_those_that_kong_writes(
    gateway: RunningGateway,
) -> None:
    sent = {"X-Stamp": "forged", "X-Other": "kept"}
    received = json.loads((await gateway.ask("GET", "/set_headers", headers=sent)).body)["headers"]
    values = [(name, value) for name, value in received if name.startswith("X-")]
    assert ("X-Stamp", "plugin") in values
    assert ("X-Stamp", "forged") not in values
    assert ("X-Other", "kept") in values
    assert ("X-Blank", "") in values
    assert [value for name, value in values if name == "X-Real-IP"] == ["127.0.0.1"]
    assert [value for name, value in values if name == "X-Forwarded-For"] == ["127.0.0.1"]


async def test_a_client_that_nobody_trusts_cannot_choose_forwarded_headers(
    gateway: RunningGateway,
) -> None:
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.test", "X-Real-IP": "6.6.6.6"}
    received = dict(
        json.loads((await gateway.ask("GET", "/nothing", headers=sent)).body)["headers"]
    )
    assert received["X-Forwarded-Proto"] == "http"
    assert received["X-Forwarded-Host"] == "127.0.0.1"
    assert received["X-Real-IP"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("behaviour", "status", "body", "headers"),
    [
        ("exit_text", 200, b"hello", {"Content-Length": "5", "X-Before": "1", "X-Age": "5"}),
        ("exit_typed", 200, b'{"a":1}', {"Content-Type": "application/json"}),
        ("exit_no_content", 204, b"", {"X-Kept": "1"}),
        ("exit_without_body", 204, b"", {"X-Lost": None}),
    ],
)
async def test_an_exit_is_answered_as_by_kong(
    gateway: RunningGateway,
    behaviour: str,
    status: int,
    body: bytes,
    headers: dict[str, str | None],
) -> None:
    reply = await gateway.ask("POST", f"/{behaviour}", data=b"a body that nobody reads")
    assert (reply.status, reply.body) == (status, body)
    assert {name: reply.headers.get(name) for name in headers} == headers
    assert reply.headers["Server"] == "kong/3.9.1"


async def test_an_exit_keeps_names_and_replaces_what_was_set_before(
    gateway: RunningGateway,
) -> None:
    reply = await gateway.ask("GET", "/exit_text")
    assert "aLLoW" in list(reply.headers)
    assert reply.headers.getall("Vary") == ["B", "C"]


@pytest.mark.parametrize(
    ("behaviour", "log_line"),
    [
        ("bad_header", "invalid header value"),
        ("bad_status", "code must be a number between 100 and 599"),
        ("too_many_headers", "max_headers must be <= 1000"),
        ("response_phase", "kong.response.get_status is not implemented by the local gateway"),
        ("not_implemented", "kong.router.get_route is not implemented by the local gateway"),
    ],
)
async def test_a_wrong_pdk_call_is_a_500_at_once_and_is_logged(
    gateway: RunningGateway, behaviour: str, log_line: str
) -> None:
    reply = await gateway.ask("GET", f"/{behaviour}")
    assert reply.status == 500
    assert json.loads(reply.body)["message"] == "An unexpected error occurred"
    assert log_line in gateway.read_log()


async def test_headers_set_before_a_plugin_failed_stay(gateway: RunningGateway) -> None:
    assert (await gateway.ask("GET", "/bad_header")).headers["X-Before"] == "1"


async def test_the_plugin_reads_the_request_and_its_config_as_under_kong(
    gateway: RunningGateway,
) -> None:
    reply = await gateway.ask(
        "POST", "/show", headers=[("X-Two", "1"), ("X-Two", "2")], data=b"body"
    )
    shown = json.loads(reply.body)
    assert shown["header"] == "1"
    assert shown["headers"]["x-two"] == ["1", "2"]
    assert shown["headers"]["content-length"] == ["4"]
    assert shown["var_two"] == "1, 2"
    assert shown["absent"] is None
    assert shown["forwarded_ip"] == shown["remote_addr"] == "127.0.0.1"
    config = shown["config"]
    assert config["secret"] == "s3cret"
    assert config["$refs"] == {"secret": "{vault://env/probe-secret}"}
    assert {"__plugin_id", "__seq__", "__key__", "__ws_id", "route_id"} <= set(config)
