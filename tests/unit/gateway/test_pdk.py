"""PDK calls: values, Kong's argument checks, and methods that are not there."""

from typing import Any

import pytest

from local.gateway import pdk
from local.gateway.errors import EarlyAnswerError, PluginFailedError
from local.gateway.exchange import Exchange
from tests.unit.gateway.exchanges import make_exchange


async def call(method: str, *arguments: Any, exchange: Exchange | None = None) -> Any:
    return await pdk.call(method, list(arguments), exchange or make_exchange(), {})


REQUEST = make_exchange(
    "POST",
    "/a",
    [("X-Two", "1"), ("X-Two", "2"), ("Origin", "https://a.test"), ("Content-Type", "t")],
)


@pytest.mark.parametrize(
    ("method", "arguments", "value"),
    [
        ("kong.client.get_forwarded_ip", [], "192.0.2.1"),
        ("kong.request.get_method", [], "POST"),
        ("kong.request.get_header", ["x-two"], "1"),
        ("kong.request.get_header", ["x_two"], "1"),
        ("kong.request.get_header", ["x-none"], None),
        (
            "kong.request.get_headers",
            [],
            {"x-two": ["1", "2"], "origin": "https://a.test", "content-type": "t"},
        ),
        ("kong.request.get_headers", [2], {"x-two": ["1", "2"]}),
        ("kong.nginx.get_var", ["http_x_two"], "1, 2"),
        ("kong.nginx.get_var", ["http_x_none"], None),
        ("kong.nginx.get_var", ["remote_addr"], "192.0.2.1"),
        ("kong.log.err", ["a", 1, {"b": 2}], None),
    ],
)
async def test_reading_gives_what_kong_gives(method: str, arguments: list[Any], value: Any) -> None:
    assert await call(method, *arguments, exchange=REQUEST) == value


async def test_headers_beyond_a_hundred_are_not_read_unless_asked_for() -> None:
    exchange = make_exchange(headers=[(f"X-{number}", "v") for number in range(150)])
    assert len(await call("kong.request.get_headers", exchange=exchange)) == 100
    assert len(await call("kong.request.get_headers", 1000, exchange=exchange)) == 150


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("a", ["a"]),
        ("", [" "]),
        (7200, ["7200"]),
        (1795364921355, ["1795364921355"]),
        (1.5, ["1.5"]),
        (True, ["true"]),
        (["a", "b"], ["a", "b"]),
        ([], []),
        ({"a": "b"}, []),
        ("a\r\nX-Evil: 1", ["a%0D%0AX-Evil: 1"]),
    ],
)
@pytest.mark.parametrize("place", ["response", "service.request"])
async def test_a_header_value_takes_kongs_form(place: str, value: Any, lines: list[str]) -> None:
    exchange = make_exchange(headers=[("X-H", "forged"), ("x-h", "twice")])
    exchange.response_headers.add("x-h", "before")
    await call(f"kong.{place}.set_header", "X-H", value, exchange=exchange)
    changed = exchange.response_headers if place == "response" else exchange.headers
    assert changed.getall("X-H", []) == lines


async def test_several_headers_are_replaced() -> None:
    exchange = make_exchange(headers={"X-A": "client", "X-B": "client"})
    headers = {"X-A": ["1", "2"], "X-N": None, "X-B": []}
    await call("kong.service.request.set_headers", headers, exchange=exchange)
    assert list(exchange.headers.items()) == [("X-A", "1"), ("X-A", "2")]


async def test_underscores_in_response_header_names_become_hyphens() -> None:
    exchange = make_exchange()
    await call("kong.response.set_headers", {"X_A": "1"}, exchange=exchange)
    await call("kong.response.set_header", "X_B", "2", exchange=exchange)
    assert dict(exchange.response_headers) == {"X-A": "1", "X-B": "2"}


@pytest.mark.parametrize(
    ("arguments", "status", "headers", "body"),
    [
        ([200, "hi"], 200, {"Content-Length": "2"}, b"hi"),
        ([200, ""], 200, {"Content-Length": "0"}, b""),
        ([200], 200, {"Content-Length": "0"}, b""),
        ([204, None, {"X-Lost": "1"}], 204, {}, b""),
        ([204, "", {"X-Kept": 1}], 204, {"X-Kept": "1", "Content-Length": "0"}, b""),
    ],
)
async def test_exit_answers_as_kong_does(
    arguments: list[Any], status: int, headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises(EarlyAnswerError) as caught:
        await call("kong.response.exit", *arguments)
    answer = caught.value.answer
    assert (answer.status, dict(answer.headers), answer.body) == (status, headers, body)


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("kong.response.set_header", [1, "a"], "invalid header name"),
        ("kong.response.set_header", ["X-A"], "invalid header value for"),
        ("kong.response.set_header", ["X-A", [1]], "invalid header value in array"),
        ("kong.response.set_headers", ["X-A"], "headers must be a table"),
        ("kong.response.set_headers", [["a"]], "invalid header name"),
        ("kong.response.set_headers", [], "headers must be a table"),
        ("kong.response.exit", ["200"], "code must be a number"),
        ("kong.response.exit", [600], "code must be a number between 100 and 599"),
        ("kong.response.exit", [200, 5], "a body other than text is not implemented"),
        ("kong.response.exit", [200, {"a": 1}], "a body other than text is not implemented"),
        ("kong.response.exit", [200, "", "a"], "headers must be a table"),
        (
            "kong.response.exit",
            [200, "", {"content-length": 1}],
            "setting content-length is not implemented by the local gateway",
        ),
        (
            "kong.response.set_header",
            ["Transfer_Encoding", "a"],
            "setting transfer-encoding is not implemented by the local gateway",
        ),
        (
            "kong.service.request.set_header",
            ["host", "a"],
            "setting Host is not implemented by the local gateway",
        ),
        ("kong.response.exit", [404], "not implemented by the local gateway"),
        ("kong.response.get_status", [], "not implemented by the local gateway"),
        ("kong.response.get_colour", [], "not implemented by the local gateway"),
        ("kong.request.get_headers", [1001], "max_headers must be <= 1000"),
        ("kong.request.get_headers", [0], "max_headers must be >= 1"),
        ("kong.request.get_headers", ["a"], "max_headers must be a number"),
        ("kong.request.get_header", [], "header name must be a string"),
        ("kong.service.request.set_header", [], "invalid header name"),
        ("kong.router.get_route", [], "not implemented by the local gateway"),
        ("kong.service.set_target", ["a", 1], "not implemented by the local gateway"),
    ],
)
async def test_a_wrong_call_fails_the_plugin_loudly(
    method: str, arguments: list[Any], message: str
) -> None:
    with pytest.raises(PluginFailedError, match=message):
        await call(method, *arguments)
