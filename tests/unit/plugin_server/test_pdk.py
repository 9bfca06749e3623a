"""The methods that a plugin may call are those of Kong, under Kong's names."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from kong_plugin_server.pdk import METHODS, Kong, Method, PdkError, find_method

# The service `Kong` of kong/include/kong/pluginsocket.proto in Kong 3.9.1, under the names
# that pb_rpc.lua gives its methods.
KONG_HAS = """
client: get_ip get_forwarded_ip get_port get_forwarded_port get_credential load_consumer
    get_consumer authenticate get_protocol
ctx.shared: set get
ip: is_trusted
log: alert crit err warn notice info debug set_serialize_value serialize
nginx: get_var get_tls1_version_str set_ctx get_ctx req_start_time get_subsystem
node: get_id get_memory_stats
request: get_scheme get_host get_port get_forwarded_scheme get_forwarded_host
    get_forwarded_port get_http_version get_method get_path get_path_with_query get_raw_query
    get_query_arg get_query get_header get_headers get_raw_body get_uri_captures
response: get_status get_header get_headers get_source set_status set_header add_header
    clear_header set_headers exit
router: get_route get_service
service: set_upstream set_target
service.request: set_scheme set_path set_raw_query set_method set_query set_header add_header
    clear_header set_headers set_raw_body
service.response: get_status get_header get_headers get_raw_body
"""

LEFT_OUT = {
    "kong.client.authenticate",
    "kong.client.get_consumer",
    "kong.client.get_credential",
    "kong.client.load_consumer",
    "kong.node.get_memory_stats",
    "kong.request.get_uri_captures",
    "kong.router.get_route",
    "kong.router.get_service",
}


def names_in(text: str) -> set[str]:
    names, namespace = set(), ""
    for word in text.split():
        if word.endswith(":"):
            namespace = word.removesuffix(":")
        else:
            names.add(f"kong.{namespace}.{word}")
    return names


def test_the_methods_are_those_of_kong_but_for_the_ones_left_out() -> None:
    assert set(METHODS) == names_in(KONG_HAS) - LEFT_OUT
    assert names_in(KONG_HAS) >= LEFT_OUT


# What has an Empty result in pluginsocket.proto, and its plugin need not wait for.
SILENT = """
ctx.shared: set
log: alert crit err warn notice info debug set_serialize_value
response: set_status set_header add_header clear_header set_headers exit
service: set_target
service.request: set_scheme set_path set_raw_query set_method set_query set_header add_header
    clear_header set_headers set_raw_body
"""


def test_only_methods_without_a_result_are_not_waited_for() -> None:
    assert {name for name, method in METHODS.items() if method.is_silent} == names_in(SILENT)


def record() -> tuple[Kong, list[Any]]:
    calls: list[Any] = []

    def call(method: Method, *arguments: Any) -> None:
        calls.append((method.name, arguments))

    return Kong(call), calls


def test_each_method_is_an_attribute_in_its_namespaces() -> None:
    kong, calls = record()

    kong.service.request.set_header("a", "b")
    kong.ctx.shared.get("key")

    assert calls == [
        ("kong.service.request.set_header", ("a", "b")),
        ("kong.ctx.shared.get", ("key",)),
    ]


@pytest.mark.parametrize(
    "name", ["kong.request.get_everything", "kong.database", "kong.response.set_headerz", "kong."]
)
def test_a_name_that_kong_does_not_have_raises(name: str) -> None:
    kong, _ = record()
    with pytest.raises(PdkError, match="Kong has no"):
        find_method(name)
    with pytest.raises(PdkError, match="Kong has no"):
        reduce(getattr, name.split(".")[1:], kong)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("kong.request.get_headers", (), b"\x08\x64"),  # Kong's default of 100, else a 500
        ("kong.request.get_headers", (1_000,), b"\x08\xe8\x07"),
        ("kong.request.get_query", (), b"\x08\x64"),
        ("kong.client.get_ip", (), b""),
        ("kong.request.get_header", ("host",), b"\x0a\x04host"),
        ("kong.response.set_status", (404,), b"\x08\x94\x03"),
        ("kong.client.get_protocol", (True,), b"\x08\x01"),
    ],
)
def test_arguments_become_the_message_of_the_method(
    name: str, arguments: tuple[Any, ...], message: bytes
) -> None:
    assert find_method(name).encode(arguments) == message


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("kong.client.get_ip", ("too much",)),
        ("kong.request.get_header", ()),
        ("kong.response.set_header", ("X",)),
        ("kong.response.set_header", ("X", None)),
        ("kong.response.set_header", (7, "x")),
        ("kong.response.set_header", ("X", b"bytes")),
        ("kong.response.set_header", ("X", "\ud800")),
        ("kong.response.set_headers", ("no mapping",)),
        ("kong.response.set_status", ("404",)),
        ("kong.response.set_header", ("X", 10**400)),
        ("kong.response.exit", (None,)),
        ("kong.response.exit", (200, {"a": object()})),
        ("kong.service.set_target", ("host", "80")),
        ("kong.service.request.set_raw_body", (7,)),
    ],
)
def test_arguments_that_kong_cannot_take_raise_where_they_are_passed(
    name: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(PdkError, match=name):
        find_method(name).encode(arguments)
