"""What Kong may answer in MessagePack, and what the plugin in kong-pdk's server makes of it.

What the plugin does with ordinary requests is in tests/integration/plugin.
"""

import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.kong_pdk.kong_driver import KongDriver, PdkError, Request
from tests.integration.plugin.servers import NAME, SET_ANSWER, SET_REQUEST
from tests.integration.plugin.test_behaviour import (
    FORGED,
    ORIGIN,
    POST,
    assert_stamped,
    kong_yml_config,
)
from tests.waiting import BUSY_SECONDS

GET_VARIABLE = "kong.nginx.get_var"
GET_HEADERS = "kong.request.get_headers"
GET_METHOD = "kong.request.get_method"
GET_IP = "kong.client.get_forwarded_ip"
EXIT = "kong.response.exit"
STAMP_NAMES = list(FORGED)
WITHOUT_VARIABLE = kong_yml_config() | {"request_variable": ""}
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "POST"}


@pytest.fixture
def instance(server: subprocess.Popen[str], kong: KongDriver) -> int:
    return kong.start_instance(NAME, WITHOUT_VARIABLE)


@pytest.mark.parametrize(
    ("request_", "methods"),
    [
        (Request("POST", POST), [GET_HEADERS, GET_IP, SET_REQUEST, SET_ANSWER]),
        (Request("POST", {"content-length": "9"}), [GET_HEADERS, GET_IP, SET_REQUEST]),
        (Request("OPTIONS", PREFLIGHT), [GET_HEADERS, SET_ANSWER]),
        (Request("OPTIONS"), [GET_HEADERS, GET_METHOD, SET_ANSWER]),
        (Request("OPTIONS", {"origin": ORIGIN}), [GET_HEADERS, GET_METHOD, SET_ANSWER]),
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
def test_a_request_costs_exactly_these_calls_without_the_variable(
    kong: KongDriver, instance: int, request_: Request, methods: list[str]
) -> None:
    first = kong.run(instance, request_).methods
    assert first == [GET_VARIABLE, *methods], "once, whether nginx writes the headers"
    assert kong.run(instance, request_).methods == methods


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

    assert time.monotonic() - started < BUSY_SECONDS
    for driver in waiting:
        driver.close()
