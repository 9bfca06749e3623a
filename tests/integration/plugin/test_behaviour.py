"""What the plugin does with requests, as Kong sees it: the same in both plugin servers."""

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.nginx_variable import REQUEST_ID
from tests.integration.plugin.conftest import RunningServer
from tests.integration.plugin.servers import NAME, SET_ANSWER, SET_REQUEST, Kong, Request

ROOT = Path(__file__).parents[3]
ORIGIN = "https://www.ainative.studio"
SECRET = "a secret of this test"

GET_VARIABLE = "kong.nginx.get_var"
EXIT = "kong.response.exit"

Headers = dict[str, str | list[str]]

POST: Headers = {"content-type": "application/json", "content-length": "99", "origin": ORIGIN}
PREFLIGHT: Headers = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}
FORGED: Headers = {
    "x-client-ip": "6.6.6.6",
    "x-received-at": "1",
    "x-gateway-signature": ["0" * 64, "1" * 64],
}


def kong_yml_config() -> dict[str, Any]:
    """The plugin's configuration in kong.yml, with the secret as Kong resolves it."""
    service, _ = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())["services"]
    (config,) = [plugin["config"] for plugin in service["plugins"] if plugin["name"] == NAME]
    return dict(config) | {"secret": SECRET, "__plugin_id": "an id", "__seq__": 1}


# ct_other is a variable that Kong does not define: as where KONG_NGINX_PROXY_SET is missing.
# ct_older is one that was defined before it held the request's id.
@pytest.fixture(
    params=["ct_request", "ct_older", "ct_other", ""],
    ids=["variable", "older variable", "undefined", "no variable"],
)
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    """kong.yml's configuration, with each way to read a request, and nobody who comes after."""
    return kong_yml_config() | {"request_variable": request.param, "preflight_continue": False}


@pytest.fixture
def request_id(config: dict[str, Any]) -> str:
    """The id that a stamp is bound to: where Kong says it."""
    return REQUEST_ID if config["request_variable"] == "ct_request" else ""


@pytest.fixture
def instance(kong: Kong, config: dict[str, Any]) -> int:
    return kong.start_instance(config)


def assert_stamped(
    headers: dict[str, list[str]], client_ip: str = "203.0.113.7", request_id: str = ""
) -> None:
    (received_at,) = headers["x-received-at"]
    bound_to = f"\n{request_id}" if request_id else ""
    message = f"{client_ip}\n{received_at}{bound_to}".encode()
    signature = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    assert headers["x-client-ip"] == [client_ip]
    assert abs(int(received_at) - time.time() * 1000) < 60_000
    assert headers["x-gateway-signature"] == [signature]


@pytest.mark.parametrize(
    ("request_", "methods"),
    [
        (Request("POST", POST), [GET_VARIABLE, SET_REQUEST, SET_ANSWER]),
        (Request("POST", {"content-length": "9"}), [GET_VARIABLE, SET_REQUEST]),
        (Request("OPTIONS", PREFLIGHT), [GET_VARIABLE, SET_ANSWER]),
        (Request("OPTIONS"), [GET_VARIABLE, SET_ANSWER]),
        (Request("GET", {"origin": ORIGIN}), [GET_VARIABLE, SET_REQUEST, SET_ANSWER]),
        (Request("POST", POST | PREFLIGHT), [GET_VARIABLE, SET_REQUEST, SET_ANSWER]),
    ],
    ids=lambda value: (
        value.method + " " + ",".join(value.headers) if isinstance(value, Request) else ""
    ),
)
def test_a_request_costs_exactly_these_calls_under_kong_yml(
    kong: Kong, request_: Request, methods: list[str]
) -> None:
    instance = kong.start_instance(kong_yml_config())

    first = kong.run(instance, request_).methods
    assert first.count(GET_VARIABLE) == 2, "once, whether nginx writes the headers"
    assert kong.run(instance, request_).methods == methods


def test_a_variable_that_kong_does_not_define_is_asked_for_once_and_reported(
    kong: Kong, server: RunningServer
) -> None:
    instance = kong.start_instance(kong_yml_config() | {"request_variable": "ct_missing"})

    first = kong.run(instance, Request("POST", POST))
    second = kong.run(instance, Request("POST", POST))

    assert first.methods[0] == GET_VARIABLE
    assert GET_VARIABLE not in second.methods
    assert_stamped(first.upstream_headers)
    assert_stamped(second.upstream_headers)
    assert "Kong has no nginx variable ct_missing" in server.log.read_text()


@pytest.mark.parametrize("origin", ["https://a b", f"{ORIGIN} POST", "", " "])
def test_a_value_that_does_not_fit_into_the_variable_is_read_by_itself(
    kong: Kong, origin: str
) -> None:
    instance = kong.start_instance(kong_yml_config())

    outcome = kong.run(instance, Request("POST", POST | FORGED | {"origin": origin}))

    assert "Access-Control-Allow-Origin" not in outcome.answer_headers
    assert_stamped(outcome.upstream_headers, request_id=REQUEST_ID)


def test_a_preflight_is_answered_at_the_gateway(kong: Kong, instance: int) -> None:
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


@pytest.mark.parametrize("headers", [PREFLIGHT, {"origin": ORIGIN}, {}], ids=str)
def test_who_comes_after_the_plugin_answers_with_the_headers_of_its_own_answer(
    kong: Kong, config: dict[str, Any], instance: int, headers: Headers
) -> None:
    continuing = kong.start_instance(config | {"preflight_continue": True})

    answered = kong.run(instance, Request("OPTIONS", headers))
    continued = kong.run(continuing, Request("OPTIONS", headers))

    assert (answered.methods[-1], continued.methods[-1]) == (EXIT, SET_ANSWER)
    assert continued.status is None
    assert continued.answer_headers == answered.answer_headers


def test_a_preflight_from_an_unknown_origin_gets_no_cors_headers(kong: Kong, instance: int) -> None:
    preflight = Request("OPTIONS", PREFLIGHT | {"origin": "https://evil.example"})

    outcome = kong.run(instance, preflight)

    assert outcome.status == 200
    assert outcome.answer_headers == {
        "Vary": "Origin",
        "Allow": "POST, OPTIONS",
        "Content-Type": "application/json",
    }


def test_a_bare_options_is_answered_with_200_and_allow(kong: Kong, instance: int) -> None:
    outcome = kong.run(instance, Request("OPTIONS"))

    assert (outcome.status, outcome.body) == (200, '{"allow": "POST, OPTIONS"}')
    assert outcome.answer_headers == {"Allow": "POST, OPTIONS", "Content-Type": "application/json"}


def test_an_answer_to_an_allowed_origin_carries_the_cors_headers(kong: Kong, instance: int) -> None:
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
    kong: Kong, instance: int, request_id: str
) -> None:
    outcome = kong.run(instance, Request("POST", POST | {"origin": "https://evil.example"}))

    assert outcome.status is None
    assert outcome.answer_headers == {"Vary": "Origin"}
    assert_stamped(outcome.upstream_headers, request_id=request_id)


@pytest.mark.parametrize("client_ip", ["203.0.113.7", "2001:db8::7", "::1"])
def test_forged_stamps_are_overwritten_by_signed_ones(
    kong: Kong, instance: int, client_ip: str, request_id: str
) -> None:
    outcome = kong.run(instance, Request("POST", POST | FORGED, client_ip))

    assert_stamped(outcome.upstream_headers, client_ip, request_id)


STRIPPING = [
    "X-Client-IP",
    "close, x-gateway-signature",
    "keep-alive,X_Received_At",
    "X-KONG-REQUEST-ID",
]


# An older definition of the variable does not hold the header.
@pytest.mark.parametrize("variable", ["ct_request", "ct_other", ""])
@pytest.mark.parametrize("connection", STRIPPING)
def test_a_request_that_would_lose_its_stamp_is_refused_readably(
    kong: Kong, connection: str, variable: str
) -> None:
    instance = kong.start_instance(kong_yml_config() | {"request_variable": variable})

    outcome = kong.run(instance, Request("POST", POST | {"connection": connection}))

    assert outcome.status == 400
    assert json.loads(outcome.body or "")["error"] == "stamp_stripped"
    assert outcome.answer_headers["Access-Control-Allow-Origin"] == ORIGIN
    assert SET_REQUEST not in outcome.methods


def test_refusing_what_would_lose_its_stamp_costs_no_call(kong: Kong) -> None:
    instance = kong.start_instance(kong_yml_config())
    kong.run(instance, Request("POST", POST))

    outcome = kong.run(instance, Request("POST", POST | {"connection": "X-Client-IP"}))

    assert outcome.methods == [GET_VARIABLE, EXIT]


@pytest.mark.parametrize("connection", ["keep-alive", "close", "Upgrade, HTTP2-Settings", "te"])
def test_an_ordinary_connection_header_changes_nothing(
    kong: Kong, instance: int, request_id: str, connection: str
) -> None:
    outcome = kong.run(instance, Request("POST", POST | {"connection": connection}))

    assert outcome.status is None
    assert_stamped(outcome.upstream_headers, request_id=request_id)


def test_a_variable_without_the_requests_id_is_reported_once(
    kong: Kong, server: RunningServer
) -> None:
    instance = kong.start_instance(kong_yml_config() | {"request_variable": "ct_older"})
    before = server.log.read_text().count("Kong tells no request id")

    for _ in range(2):
        assert_stamped(kong.run(instance, Request("POST", POST)).upstream_headers)

    assert server.log.read_text().count("Kong tells no request id") == before + 1


def test_a_secret_of_bytes_that_are_no_text_signs(kong: Kong) -> None:
    secret = bytes(range(0x80, 0x100))
    config = kong_yml_config() | {"secret": secret.decode("utf-8", "surrogateescape")}

    stamped = kong.run(kong.start_instance(config), Request("POST", POST)).upstream_headers

    message = f"203.0.113.7\n{stamped['x-received-at'][0]}\n{REQUEST_ID}".encode()
    signature = hmac.new(secret, message, hashlib.sha256).hexdigest()
    assert stamped["x-gateway-signature"] == [signature]


def test_a_secret_that_can_be_guessed_signs_nothing_and_is_reported(
    kong: Kong, server: RunningServer
) -> None:
    instance = kong.start_instance(kong_yml_config() | {"secret": "fifteen letters"})

    stamped = kong.run(instance, Request("POST", POST | FORGED)).upstream_headers

    assert stamped["x-gateway-signature"] == [""]
    log = server.log.read_text()
    assert "secret: has fewer than 16 characters, nothing is signed" in log
    assert "fifteen letters" not in log


def test_a_failed_stamp_is_cleared_and_the_answer_still_has_cors_headers(
    kong: Kong, instance: int, server: RunningServer
) -> None:
    outcome = kong.run(instance, Request("POST", POST | FORGED, client_ip="unix:"))

    assert [outcome.upstream_headers[name] for name in FORGED] == [[""], [""], [""]]
    assert outcome.answer_headers["Access-Control-Allow-Origin"] == ORIGIN
    log = server.log.read_text()
    assert ": could not stamp the request" in log
    assert "'unix:' does not appear to be an IPv4 or IPv6 address" in log


def test_a_header_that_is_not_utf_8_does_not_switch_the_plugin_off(
    kong: Kong, instance: int, request_id: str
) -> None:
    bytes_ff_fe = b"\xff\xfe".decode("utf-8", "surrogateescape")
    outcome = kong.run(instance, Request("POST", POST | FORGED | {"user-agent": bytes_ff_fe}))

    assert_stamped(outcome.upstream_headers, request_id=request_id)


def test_an_origin_behind_a_hundred_other_headers_is_still_seen(kong: Kong, instance: int) -> None:
    padding = {f"x-padding-{number}": "x" for number in range(150)}

    outcome = kong.run(instance, Request("POST", padding | POST | FORGED))

    assert outcome.answer_headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize("variable", ["ct_request", ""])
def test_headers_that_a_preflight_asks_for_are_echoed_byte_for_byte(
    kong: Kong, variable: str
) -> None:
    config = {"origins": ["*"], "headers": [], "request_variable": variable}
    asked = b"x-caf\xe9".decode("utf-8", "surrogateescape")

    outcome = kong.run(
        kong.start_instance(config),
        Request("OPTIONS", PREFLIGHT | {"access-control-request-headers": asked}),
    )

    assert outcome.answer_headers["Access-Control-Allow-Headers"] == asked


def test_two_configurations_do_not_mix(kong: Kong, instance: int, config: dict[str, Any]) -> None:
    other = kong.start_instance(config | {"origins": ["https://other.example"]})

    first = kong.run(instance, Request("POST", POST))
    second = kong.run(other, Request("POST", POST))

    assert "Access-Control-Allow-Origin" in first.answer_headers
    assert "Access-Control-Allow-Origin" not in second.answer_headers
