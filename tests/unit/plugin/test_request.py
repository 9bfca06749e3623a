"""A request in one value, as an nginx variable holds it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracking_plugin.request import Request, parse_request_id, parse_variable
from tests.integration.nginx_variable import REQUEST_ID, nginx_variable
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
        (f"{REQUEST_ID} POST 192.0.2.1    ", Request({}, False, "192.0.2.1", REQUEST_ID)),
        (
            f"{REQUEST_ID} POST ::1 {SHOP}   ",
            Request({"origin": SHOP}, False, "::1", REQUEST_ID),
        ),
        (f"{REQUEST_ID} OPTIONS ::1    ", Request({}, True, "::1", REQUEST_ID)),
        (
            f"{REQUEST_ID} POST ::1 {SHOP}    {REQUEST_ID} close, X-Client-IP",
            Request({"origin": SHOP}, False, "::1", REQUEST_ID, "close, X-Client-IP"),
        ),
        (f"{REQUEST_ID} POST ::1     {REQUEST_ID} ", Request({}, False, "::1", REQUEST_ID)),
        (" POST 192.0.2.1    ", None),
        # What is no id is no request either: a value that Kong's setting did not make.
        (f"{REQUEST_ID.upper()} POST 192.0.2.1    ", None),
        (f"{REQUEST_ID}0 POST 192.0.2.1    ", None),
        (f"{REQUEST_ID[1:]} POST 192.0.2.1    ", None),
        (f"{REQUEST_ID} POST 192.0.2.1 https://a b   ", None),
        # A client's Origin that looks like an id, before an address that is none.
        (f"POST 192.0.2.1 {REQUEST_ID} POST 127.0.0.1    ", None),
        (f"{REQUEST_ID} ", None),
        (REQUEST_ID, None),
        ("POST 127.0.0.1 https://a b   ", None),
        (f"POST 127.0.0.1 {SHOP}, https://b.example   ", None),
        ("OPTIONS 127.0.0.1 https://a POST  a, b", None),
        ("POST 127.0.0.1", None),
        (" ", None),
    ],
)
def test_a_value_is_read_as_kong_composed_it(value: str, expected: Request | None) -> None:
    assert parse_variable(value) == expected


@pytest.mark.parametrize(
    ("value", "request_id"),
    [
        (f"{REQUEST_ID} POST 192.0.2.1    ", REQUEST_ID),
        (f"{REQUEST_ID} POST 192.0.2.1 https://a b   ", REQUEST_ID),
        ("POST 192.0.2.1    ", ""),
        (f"POST 192.0.2.1 {REQUEST_ID}   ", ""),
        (f"{REQUEST_ID}\nPOST", ""),
        (f" {REQUEST_ID} POST", ""),
        (f"{REQUEST_ID}1 POST", ""),
        (REQUEST_ID, ""),
        ("", ""),
    ],
)
def test_only_what_kong_wrote_at_the_beginning_is_the_requests_id(
    value: str, request_id: str
) -> None:
    assert parse_request_id(value) == request_id


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)


@given(
    variable=st.sampled_from(["ct_request", "ct_older"]),
    origin=TEXT | st.just(REQUEST_ID),
    method=TEXT,
    private_network=TEXT,
    names=TEXT,
)
def test_whatever_a_client_sends_the_id_the_method_and_the_address_stay_those_of_kong(
    variable: str, origin: str, method: str, private_network: str, names: str
) -> None:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-private-network": private_network,
        "access-control-request-headers": names,
    }
    value = nginx_variable(SentRequest("POST", headers, "203.0.113.7"), variable) or ""
    request_id = REQUEST_ID if variable == "ct_request" else ""

    request = parse_variable(value)

    assert parse_request_id(value) == request_id
    # No client knows the id; were one to guess it, Kong is asked for each header.
    if any(" " in text or (request_id and text == request_id) for text in headers.values()):
        assert request is None
    else:
        sent = {name: text for name, text in headers.items() if text}
        assert request == Request(sent, False, "203.0.113.7", request_id)
