"""What Google Analytics is told by the Measurement Protocol, which never says that it is wrong."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from collector.conversions.conversion import Answer, Broken, Conversion, Later, Taken, Unclear
from collector.conversions.platforms.ga4 import Ga4, Ga4Destination
from tests.platforms.conversions import NOW, purchase


def ga4(**fields: Any) -> Ga4:
    base = {"platform": "ga4", "measurement_id": "G-ABCD", "api_secret": "env:A"}
    return Ga4(Ga4Destination.model_validate(base | fields), SecretStr("a/secret"))


def bought(**changes: Any) -> Conversion:
    return purchase(**{"name": "purchase"} | changes)


def told(conversion: Conversion) -> dict[str, Any]:
    body = json.loads(ga4().request([conversion], {}, NOW).body)
    assert isinstance(body, dict)
    return body


def test_an_event_is_told_of_the_browser_its_session_and_its_order_and_nothing_personal() -> None:
    assert told(bought()) == {
        "client_id": "1234567.7654321",
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"},
        "events": [
            {
                "name": "purchase",
                "timestamp_micros": int(NOW.timestamp()) * 1_000_000,
                "params": {
                    "transaction_id": "A-1",
                    "value": 49.9,
                    "currency": "EUR",
                    "session_id": "1700000000",
                    "engagement_time_msec": 1,
                    "page_location": "https://shop.example/thanks",
                },
            }
        ],
    }


@pytest.mark.parametrize(
    ("region", "host"),
    [("global", "www.google-analytics.com"), ("eu", "region1.google-analytics.com")],
)
def test_the_request_goes_to_the_region_with_its_secret_escaped(region: str, host: str) -> None:
    url = ga4(region=region).request([bought()], {}, NOW).url
    assert url == f"https://{host}/mp/collect?measurement_id=G-ABCD&api_secret=a%2Fsecret"


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"order": None}, "transaction_id", "0196f3a0-0000-7000-8000-000000000001"),
        ({"ga_session_id": None}, "session_id", None),
        ({"ga_session_id": "s17$o1"}, "session_id", None),
        ({"value": None}, "currency", None),
        ({"page_url": None}, "page_location", None),
        ({"page_url": "https://[a.example#b?c"}, "page_location", "https://[a.example"),
        ({"page_url": "https://a.example/" + "b" * 100}, "page_location", None),
        ({"page_url": "https://a.example/?" + "b" * 100}, "page_location", "https://a.example/"),
    ],
)
def test_a_parameter_is_within_googles_limits_or_left_out(
    changes: dict[str, Any], name: str, value: str | None
) -> None:
    [event] = told(bought(**changes))["events"]
    assert event["params"].get(name) == value


def test_consent_that_is_not_known_is_not_told() -> None:
    assert "consent" not in told(bought(consent={"ad_user_data": "maybe"}))


def test_a_clock_that_is_ahead_is_set_back_to_now() -> None:
    [event] = told(bought(happened_at=NOW + timedelta(hours=1)))["events"]
    assert event["timestamp_micros"] == int(NOW.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("changes", "together"),
    [
        ({"order": "A-2"}, True),
        ({"consent": {"analytics_storage": "denied", **purchase().consent}}, True),
        ({"ga_client_id": "1.1"}, False),
        ({"consent": {"ad_user_data": "denied", "ad_personalization": "denied"}}, False),
    ],
)
def test_a_request_is_of_one_browser_and_one_consent(
    changes: dict[str, Any], together: bool
) -> None:
    platform = ga4()
    same = platform.group_of(bought()) == platform.group_of(bought(**changes))
    assert same is together


@pytest.mark.parametrize(
    ("conversion", "fault"),
    [
        (bought(), None),
        (bought(value=None), None),
        (bought(ga_client_id=None), "no ga_client_id"),
        (bought(order="A" * 100), None),
        (bought(order="A" * 101), "the order's id is longer"),
        (bought(name="refund"), None),
        (bought(name="refund", order=None), "a refund without the order"),
    ],
)
def test_what_google_would_not_count_is_known_before(
    conversion: Conversion, fault: str | None
) -> None:
    found = ga4().fault_of(conversion)
    assert (found or "").startswith(fault or "")
    assert (found is None) == (fault is None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Taken),
        (204, Taken),
        (301, Broken),
        (404, Broken),
        (403, Broken),
        (408, Later),
        (413, Unclear),
        (429, Later),
        (500, Later),
        (503, Later),
    ],
)
def test_an_answer_is_read_by_its_status(status: int, kind: type[Answer]) -> None:
    assert type(ga4().read(status, {}, b"")) is kind


def test_a_pause_is_as_long_as_retry_after_says() -> None:
    assert ga4().read(429, {"retry-after": "30"}, b"") == Later("HTTP 429", 30)
