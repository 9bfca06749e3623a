"""A request in one value, as an nginx variable holds it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracking_plugin.request import Request, parse_variable
from tests.integration.nginx_variable import nginx_variable
from tests.integration.plugin_server.kong import Request as SentRequest

SHOP = "https://shop.example"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("POST 203.0.113.7    ", Request({}, is_options=False, client_ip="203.0.113.7")),
        (
            f"POST 2001:db8::7 {SHOP}   ",
            Request({"origin": SHOP}, is_options=False, client_ip="2001:db8::7"),
        ),
        (
            f"OPTIONS ::1 {SHOP} POST true a,b",
            Request(
                {
                    "origin": SHOP,
                    "access-control-request-method": "POST",
                    "access-control-request-private-network": "true",
                    "access-control-request-headers": "a,b",
                },
                is_options=True,
                client_ip="::1",
            ),
        ),
        ("OPTIONS 127.0.0.1    ", Request({}, is_options=True, client_ip="127.0.0.1")),
        ("options 127.0.0.1    ", Request({}, is_options=False, client_ip="127.0.0.1")),
        ("POST 127.0.0.1 https://a b   ", None),
        (f"POST 127.0.0.1 {SHOP}, https://b.example   ", None),
        ("OPTIONS 127.0.0.1 https://a POST  a, b", None),
        ("POST 127.0.0.1", None),
        (" ", None),
    ],
)
def test_a_value_is_read_as_kong_composed_it(value: str, expected: Request | None) -> None:
    assert parse_variable(value) == expected


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)


@given(origin=TEXT, method=TEXT, private_network=TEXT, names=TEXT)
def test_whatever_a_client_sends_the_method_and_the_address_stay_those_of_kong(
    origin: str, method: str, private_network: str, names: str
) -> None:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-private-network": private_network,
        "access-control-request-headers": names,
    }
    value = nginx_variable(SentRequest("POST", headers, "203.0.113.7"), "ct_request")

    request = parse_variable(value or "")

    if any(" " in text for text in headers.values()):
        assert request is None
    else:
        sent = {name: text for name, text in headers.items() if text}
        assert request == Request(sent, is_options=False, client_ip="203.0.113.7")
