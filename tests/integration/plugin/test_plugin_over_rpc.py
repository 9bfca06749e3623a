"""The plugin in its own server process, as Kong sees it over the socket."""

import hashlib
import hmac
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.plugin.conftest import ROOT, stop
from tests.integration.plugin.kong_driver import Headers, KongDriver, PdkError, Request

NAME = "conversion-tracking"
ORIGIN = "https://www.ainative.studio"
SECRET = "a secret of this test"

GET_HEADERS = "kong.request.get_headers"
GET_METHOD = "kong.request.get_method"
GET_IP = "kong.client.get_forwarded_ip"
SET_REQUEST = "kong.service.request.set_headers"
SET_ANSWER = "kong.response.set_headers"
EXIT = "kong.response.exit"

POST: dict[str, str | list[str]] = {
    "content-type": "application/json",
    "content-length": "99",
    "origin": ORIGIN,
}
PREFLIGHT: dict[str, str | list[str]] = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}
FORGED: dict[str, str | list[str]] = {
    "x-client-ip": "6.6.6.6",
    "x-received-at": "1",
    "x-gateway-signature": ["0" * 64, "1" * 64],
}
STAMP_NAMES = list(FORGED)


def kong_yml_config() -> dict[str, Any]:
    """The plugin's configuration in kong.yml, with the secret as Kong resolves it."""
    (service,) = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())["services"]
    (config,) = [plugin["config"] for plugin in service["plugins"] if plugin["name"] == NAME]
    return dict(config) | {"secret": SECRET, "__plugin_id": "an id", "__seq__": 1}


@pytest.fixture
def instance(server: subprocess.Popen[str], kong: KongDriver) -> int:
    return kong.start_instance(NAME, kong_yml_config())


def assert_stamped(headers: Headers, client_ip: str) -> None:
    (received_at,) = headers["x-received-at"]
    message = f"{client_ip}\n{received_at}".encode()
    signature = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    assert headers["x-client-ip"] == [client_ip]
    assert abs(int(received_at) - time.time() * 1000) < 10_000
    assert headers["x-gateway-signature"] == [signature]


@pytest.mark.parametrize(
    ("request_", "methods"),
    [
        (Request("POST", POST), [GET_HEADERS, GET_IP, SET_REQUEST, SET_ANSWER]),
        (Request("POST", {"content-length": "9"}), [GET_HEADERS, GET_IP, SET_REQUEST]),
        (Request("OPTIONS", PREFLIGHT), [GET_HEADERS, EXIT]),
        (Request("OPTIONS"), [GET_HEADERS, GET_METHOD, EXIT]),
        (Request("OPTIONS", {"origin": ORIGIN}), [GET_HEADERS, GET_METHOD, EXIT]),
        (
            Request("GET", {"origin": ORIGIN}),
            [GET_HEADERS, GET_METHOD, GET_IP, SET_REQUEST, SET_ANSWER],
        ),
        (Request("GET"), [GET_HEADERS, GET_METHOD, GET_IP, SET_REQUEST]),
        (
            Request("POST", POST | PREFLIGHT),
            [GET_HEADERS, GET_METHOD, GET_IP, SET_REQUEST, SET_ANSWER],
        ),
    ],
    ids=lambda value: (
        value.method + " " + ",".join(value.headers) if isinstance(value, Request) else ""
    ),
)
def test_a_request_costs_exactly_these_calls_under_kong_yml(
    kong: KongDriver, instance: int, request_: Request, methods: list[str]
) -> None:
    assert kong.run(instance, request_).methods == methods


def test_a_preflight_is_answered_at_the_gateway(kong: KongDriver, instance: int) -> None:
    outcome = kong.run(instance, Request("OPTIONS", PREFLIGHT))

    assert outcome.status == 200
    assert outcome.body == '{"allow": "POST, OPTIONS"}'
    assert outcome.answer_headers == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": "Accept,Content-Type,Authorization,Origin,X-Requested-With",
        "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS,PATCH",
        "Access-Control-Max-Age": "7200",
        "Allow": "POST, OPTIONS",
        "Content-Type": "application/json",
    }


def test_a_preflight_from_an_unknown_origin_gets_no_cors_headers(
    kong: KongDriver, instance: int
) -> None:
    preflight = Request("OPTIONS", PREFLIGHT | {"origin": "https://evil.example"})

    outcome = kong.run(instance, preflight)

    assert outcome.status == 200
    assert outcome.answer_headers == {
        "Vary": "Origin",
        "Allow": "POST, OPTIONS",
        "Content-Type": "application/json",
    }


def test_a_bare_options_is_answered_with_200_and_allow(kong: KongDriver, instance: int) -> None:
    outcome = kong.run(instance, Request("OPTIONS"))

    assert (outcome.status, outcome.body) == (200, '{"allow": "POST, OPTIONS"}')
    assert outcome.answer_headers == {
        "Allow": "POST, OPTIONS",
        "Content-Type": "application/json",
    }


def test_an_answer_to_an_allowed_origin_carries_the_cors_headers(
    kong: KongDriver, instance: int
) -> None:
    outcome = kong.run(instance, Request("POST", POST))

    assert outcome.status is None
    assert outcome.answer_headers == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Retry-After,RateLimit-Limit,RateLimit-Remaining,"
        "RateLimit-Reset,X-Kong-Request-Id",
    }


def test_a_request_from_an_unknown_origin_is_forwarded_without_cors_headers(
    kong: KongDriver, instance: int
) -> None:
    outcome = kong.run(instance, Request("POST", POST | {"origin": "https://evil.example"}))

    assert outcome.status is None
    assert outcome.answer_headers == {"Vary": "Origin"}
    assert_stamped(outcome.upstream_headers, "203.0.113.7")


@pytest.mark.parametrize("client_ip", ["203.0.113.7", "2001:db8::7", "::1"])
def test_forged_stamps_are_overwritten_by_signed_ones(
    kong: KongDriver, instance: int, client_ip: str
) -> None:
    outcome = kong.run(instance, Request("POST", POST | FORGED, client_ip))

    assert_stamped(outcome.upstream_headers, client_ip)


@pytest.mark.parametrize("replaced_by", [PdkError("broken"), None, 7, [], "text"], ids=repr)
@pytest.mark.parametrize("method", [GET_HEADERS, GET_METHOD, GET_IP, SET_REQUEST, SET_ANSWER])
def test_no_answer_of_kong_lets_a_forged_stamp_through_or_stops_the_next_request(
    kong: KongDriver, instance: int, method: str, replaced_by: object
) -> None:
    forged = Request("POST", FORGED | {"origin": ORIGIN})

    outcome = kong.run(instance, forged, replaced={method: replaced_by})

    arrived = outcome.upstream_headers
    assert not any(arrived[name] == [FORGED[name]] for name in STAMP_NAMES)
    if arrived["x-client-ip"] != [""]:
        assert_stamped(arrived, "203.0.113.7")
    assert_stamped(kong.run(instance, forged).upstream_headers, "203.0.113.7")


def test_a_failed_stamp_is_cleared_and_the_answer_still_has_cors_headers(
    kong: KongDriver, instance: int, server: subprocess.Popen[str]
) -> None:
    outcome = kong.run(instance, Request("POST", POST | FORGED, client_ip="unix:"))

    assert [outcome.upstream_headers[name] for name in STAMP_NAMES] == [[""], [""], [""]]
    assert outcome.answer_headers["Access-Control-Allow-Origin"] == ORIGIN
    log = stop(server)
    assert "fault 1: could not stamp the request" in log
    assert "'unix:' does not appear to be an IPv4 or IPv6 address" in log


def test_a_header_that_is_not_utf_8_does_not_switch_the_plugin_off(
    kong: KongDriver, instance: int
) -> None:
    bytes_ff_fe = b"\xff\xfe".decode("utf-8", "surrogateescape")
    outcome = kong.run(instance, Request("POST", POST | FORGED | {"user-agent": bytes_ff_fe}))

    assert_stamped(outcome.upstream_headers, "203.0.113.7")


def test_an_origin_behind_a_hundred_other_headers_is_still_seen(
    kong: KongDriver, instance: int
) -> None:
    padding = {f"x-padding-{number}": "x" for number in range(150)}

    outcome = kong.run(instance, Request("POST", padding | POST | FORGED))

    assert outcome.answer_headers["Access-Control-Allow-Origin"] == ORIGIN


def test_headers_that_a_preflight_asks_for_are_echoed_byte_for_byte(
    server: subprocess.Popen[str], kong: KongDriver
) -> None:
    instance = kong.start_instance(NAME, {"origins": ["*"], "headers": []})
    asked = b"x-caf\xe9".decode("utf-8", "surrogateescape")

    outcome = kong.run(
        instance, Request("OPTIONS", PREFLIGHT | {"access-control-request-headers": asked})
    )

    assert outcome.answer_headers["Access-Control-Allow-Headers"] == asked


def test_two_configurations_do_not_mix(
    server: subprocess.Popen[str], kong: KongDriver, instance: int
) -> None:
    other = kong.start_instance(NAME, kong_yml_config() | {"origins": ["https://other.example"]})

    first = kong.run(instance, Request("POST", POST))
    second = kong.run(other, Request("POST", POST))

    assert "Access-Control-Allow-Origin" in first.answer_headers
    assert "Access-Control-Allow-Origin" not in second.answer_headers


def test_a_request_that_kong_abandons_does_not_disturb_the_next(
    kong: KongDriver, instance: int, socket_path: Path
) -> None:
    abandoned = KongDriver(socket_path)
    abandoned.begin(instance)
    abandoned.close()

    assert_stamped(kong.run(instance, Request("POST", POST)).upstream_headers, "203.0.113.7")


def test_a_request_that_waits_for_kong_does_not_hold_up_others(
    kong: KongDriver, instance: int, socket_path: Path
) -> None:
    waiting = [KongDriver(socket_path) for _ in range(50)]
    for driver in waiting:
        driver.begin(instance)

    started = time.monotonic()
    kong.run(instance, Request("POST", POST))

    assert time.monotonic() - started < 2
    for driver in waiting:
        driver.close()
