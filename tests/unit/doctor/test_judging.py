"""What checks make of what they have read: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from collector.classify.bots import is_bot
from collector.doctor.clocks import judge_offsets
from collector.doctor.events import judge_address, same_address
from collector.doctor.finding import Finding, Skipped, Status
from collector.doctor.kong_rules import plain_origins
from collector.doctor.marked import USER_AGENT
from collector.doctor.metrics_text import labels, sample
from collector.doctor.options import Options, is_loopback
from collector.doctor.reach import judge_end
from collector.doctor.settings_checks import judge_secret

OK, WARNING, FAILURE = Status.OK, Status.WARNING, Status.FAILURE
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CHANCE = "8f1c0be47a92d3568f1c0be47a92d356"


def test_the_doctors_user_agent_is_a_bots() -> None:
    assert is_bot(USER_AGENT, is_spider=False)


@pytest.mark.parametrize(
    ("offsets", "status"),
    [
        ({"gateway": 0.4, "collector": -0.4, "Postgres": 0.0}, OK),
        ({"gateway": 2_000.0, "collector": 2_001.0}, OK),  # this machine's is the wrong one
        ({"gateway": 2_000.0}, FAILURE),  # with nothing else to compare
        ({"gateway": 3.0, "collector": -3.0}, WARNING),
        ({"gateway": 0.0, "Postgres": -300.0}, FAILURE),
    ],
)
def test_clocks_are_compared_with_each_other(offsets: Mapping[str, float], status: Status) -> None:
    found = judge_offsets(offsets, 300)
    assert found.status is status
    assert all(name in found.seen for name in offsets)


def test_without_a_clock_there_is_nothing_to_compare() -> None:
    with pytest.raises(Skipped):
        judge_offsets({}, 300)


@pytest.mark.parametrize(
    ("stored", "expected", "is_said", "status"),
    [
        ("198.51.100.7", "198.51.100.7", True, OK),
        ("8.8.8.8", "192.168.1.5", False, WARNING),  # behind NAT
        ("8.8.8.8", "9.9.9.9", True, FAILURE),
        ("10.0.0.3", "192.168.1.5", False, FAILURE),  # a proxy's
        ("8.8.8.8", "9.9.9.9", False, FAILURE),
        ("198.51.100.0", "198.51.100.7", True, OK),  # truncated
        ("198.51.101.0", "198.51.100.7", True, FAILURE),
    ],
)
def test_an_address_is_this_machines_or_a_proxys(
    stored: str, expected: str, *, is_said: bool, status: Status
) -> None:
    assert judge_address(stored, expected, is_said).status is status


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:0db8:0::1", True),
        ("192.0.2.1/32", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_addresses_are_compared_as_what_they_mean(one: str, other: str, same: bool) -> None:
    assert same_address(one, other) is same


@pytest.mark.parametrize(
    ("not_after", "status"),
    [("Dec 20 13:00:00 2026 GMT", OK), ("Dec 20 11:00:00 2026 GMT", WARNING)],
)
def test_a_certificate_that_ends_within_three_weeks_is_a_warning(
    not_after: str, status: Status
) -> None:
    assert judge_end(not_after, NOW).status is status


@pytest.mark.parametrize(
    ("secret", "least", "status"),
    [
        (CHANCE, 16, OK),
        (CHANCE[:24], 12, OK),
        (CHANCE[:16], 16, WARNING),
        (CHANCE[:15], 16, FAILURE),
        ("Change-Me" + CHANCE, 16, FAILURE),
        ("ab" * 20, 16, FAILURE),
    ],
)
def test_a_secret_is_chance_and_long_and_never_shown(
    secret: str, least: int, status: Status
) -> None:
    found: Finding = judge_secret("CT_X", secret, least)
    assert found.status is status
    assert secret not in str(found)


METRICS = """# HELP ct_a_total Something.
ct_a_total{worker="1"} 2.0
ct_a_total{worker="2"} 3.0
ct_a_total_of_others 9.0
ct_b 1e3
kong_plugin_info{name="conversion-tracking",version="1.2"} 1.0
"""


@pytest.mark.parametrize(
    ("name", "value"), [("ct_a_total", 5.0), ("ct_b", 1000.0), ("ct_c", None), ("ct_a", None)]
)
def test_a_metric_is_added_up_over_its_labels(name: str, value: float | None) -> None:
    assert sample(METRICS, name) == value


def test_labels_are_read() -> None:
    assert labels(METRICS, "kong_plugin_info", "version") == {"1.2"}
    assert labels(METRICS, "kong_plugin_info", "name") == {"conversion-tracking"}
    assert labels(METRICS, "kong_plugin_info", "other") == set()
    assert labels(METRICS, "ct_a_total", "worker") == {"1", "2"}


def test_origins_that_are_written_letter_by_letter_are_tried() -> None:
    names = ["https://a.example", "*", r"https://.*\.b\.example", "c\\.example", "http://d:5177"]
    config = {"name": "conversion-tracking", "config": {"origins": names}}
    document = {"services": [{"plugins": [config]}], "routes": [{"plugins": [config]}]}
    assert plain_origins(document) == ("https://a.example", "http://d:5177")


@pytest.mark.parametrize(
    ("url", "port", "is_here"),
    [
        ("https://www.example.com", 443, False),
        ("http://127.0.0.1:8000", 8000, True),
        ("http://[::1]", 80, True),
        ("http://demo.localhost:5177", 5177, True),
    ],
)
def test_an_address_is_taken_apart(url: str, port: int, is_here: bool) -> None:
    options = Options(gateway=url)
    assert (options.gateway_port, options.is_gateway_here) == (port, is_here)
    assert is_loopback("127.0.0.53")
