"""The phase handler: what it does when a part of its work fails.

What Kong sees of it, and how many calls a request costs, is tested on the real plugin server
(tests/integration/plugin).
"""

import inspect
import logging
from collections.abc import Iterator, Set
from typing import Any, get_type_hints

import pytest

from conversion_tracking_plugin import kong
from conversion_tracking_plugin.plugin import Plugin
from kong_plugin_server.pdk import METHODS

ORDINARY = {"origin": ["https://shop.example"], "content-length": ["2"]}
FORGED = {"x-client-ip": ["6.6.6.6"], "x-gateway-signature": ["forged"]}
CONFIG = {"origins": ["https://shop.example"], "secret": "a secret of the tests"}
EMPTY_STAMP = {"X-Client-IP": "", "X-Received-At": "", "X-Gateway-Signature": ""}


class RecordingKong:
    """Remembers each PDK call; a method named in `failing` raises, as kong-pdk does on an error."""

    def __init__(self, failing: Set[str] = frozenset(), **answers: Any) -> None:
        self.failing = failing
        self.answers = {"get_headers": ORDINARY | FORGED, "get_forwarded_ip": "1.2.3.4"} | answers
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.path = ""

    def __getattr__(self, name: str) -> Any:
        if name in ("request", "response", "client", "service", "nginx"):
            return self

        def call(*arguments: Any) -> Any:
            self.calls.append((name, arguments))
            if name in self.failing:
                raise RuntimeError(f"exception from {name}")
            return self.answers.get(name)

        return call

    def arguments_of(self, name: str) -> list[Any]:
        return [arguments[0] for called, arguments in self.calls if called == name]


def stamps(kong: RecordingKong) -> list[dict[str, str]]:
    return [headers for headers in kong.arguments_of("set_headers") if "X-Client-IP" in headers]


def test_an_ordinary_request_is_stamped_and_its_answer_gets_cors_headers() -> None:
    kong = RecordingKong()

    Plugin(CONFIG).access(kong)

    stamp, cors_headers = kong.arguments_of("set_headers")
    assert stamp["X-Client-IP"] == "1.2.3.4"
    assert len(stamp["X-Gateway-Signature"]) == 64
    assert cors_headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_the_parent_of_a_trace_that_a_client_names_is_emptied_with_the_stamp() -> None:
    kong = RecordingKong(get_headers=ORDINARY | {"traceparent": ["00-a-b-01"]})

    Plugin(CONFIG).access(kong)

    assert [stamp["traceparent"] for stamp in stamps(kong)] == [""]


def test_an_exit_is_the_last_call_even_where_the_server_returns_from_it() -> None:
    kong = RecordingKong(
        get_headers={"origin": ["https://a.example"], "access-control-request-method": ["POST"]}
    )

    Plugin(CONFIG).access(kong)

    assert [name for name, _ in kong.calls] == ["get_var", "get_headers", "exit"]


@pytest.mark.parametrize("headers", [None, 7, "text", [1, 2], {"origin": [None]}])
def test_headers_that_make_no_sense_leave_the_request_stamped(
    headers: object, caplog: pytest.LogCaptureFixture
) -> None:
    kong = RecordingKong(get_headers=headers, get_method="POST")

    Plugin(CONFIG).access(kong)

    assert [stamp["X-Client-IP"] for stamp in stamps(kong)] == ["1.2.3.4"]
    assert "fault" in caplog.text


@pytest.mark.parametrize("client_ip", [None, 7, "", "unix:", ["1.2.3.4"]])
def test_without_a_client_address_the_forged_stamp_is_overwritten(client_ip: object) -> None:
    kong = RecordingKong(get_forwarded_ip=client_ip)

    Plugin(CONFIG).access(kong)

    assert stamps(kong) == [EMPTY_STAMP]
    assert "Access-Control-Allow-Origin" in kong.arguments_of("set_headers")[-1]


@pytest.mark.parametrize(
    "failing",
    ["get_var", "get_headers", "get_method", "get_forwarded_ip", "set_headers", "exit"],
)
def test_a_failing_call_is_logged_with_a_count_and_never_raised(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    kong = RecordingKong({failing}, get_headers=FORGED, get_method="OPTIONS")

    Plugin(CONFIG).access(kong)

    faults = [record for record in caplog.records if "fault" in record.getMessage()]
    assert faults or failing in ("get_forwarded_ip", "set_headers"), "not called on an OPTIONS"
    assert all(record.exc_info for record in faults)


def test_a_stamp_that_cannot_be_set_nor_cleared_is_reported_as_what_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kong = RecordingKong({"set_headers"})

    Plugin(CONFIG).access(kong)

    assert "a forged stamp may reach the collector" in caplog.text


@pytest.mark.parametrize(
    "config", [None, [], 7, {"origins": 7}, {"max_age": "x"}, {"allow": [1]}, {"origins": [None]}]
)
def test_an_unusable_configuration_still_stamps_and_never_raises(
    config: Any, caplog: pytest.LogCaptureFixture
) -> None:
    kong = RecordingKong()

    Plugin(config).access(kong)

    assert [stamp["X-Client-IP"] for stamp in stamps(kong)] == ["1.2.3.4"]
    assert "unusable configuration" in caplog.text


REFERENCE = "{vault://env/ct-gateway-secret}"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"secret": ""}, "secret: not set; nothing is signed"),
        ({}, "secret: not set; nothing is signed"),
        ({"secret": "x" * 15}, "secret: has fewer than 16 characters, nothing is signed"),
        (
            {"secret": "", "$refs": {"secret": REFERENCE}},
            f"Kong found nothing behind {REFERENCE}; nothing is signed",
        ),
    ],
)
def test_a_missing_or_short_secret_signs_nothing_and_says_why(
    config: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    kong = RecordingKong()

    with caplog.at_level(logging.WARNING):
        Plugin(config).access(kong)

    assert [stamp["X-Gateway-Signature"] for stamp in stamps(kong)] == [""]
    assert message in caplog.text


def methods_of(protocol: type, name: str) -> Iterator[str]:
    """The full names of what a protocol of kong.py offers."""
    for attribute, value in vars(protocol).items():
        if isinstance(value, property):
            yield from methods_of(get_type_hints(value.fget)["return"], f"{name}.{attribute}")
        elif inspect.isfunction(value) and not attribute.startswith("_"):
            yield f"{name}.{attribute}"


def test_what_the_plugin_calls_is_what_kong_has() -> None:
    methods = set(methods_of(kong.Kong, "kong"))

    assert "kong.service.request.set_headers" in methods
    assert methods <= set(METHODS)
