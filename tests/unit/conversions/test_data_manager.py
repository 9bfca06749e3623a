"""What the Data Manager API is told of an event, and what its errors mean."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.conversions.conversion import (
    Answer,
    Broken,
    Conversion,
    Later,
    Refused,
    Taken,
    Unclear,
)
from collector.conversions.destination import Destination, DestinationError
from collector.conversions.platforms.data_manager import (
    DataManager,
    GoogleAnalyticsDestination,
    GoogleDestination,
)
from collector.conversions.platforms.google_token import GoogleToken
from collector.without import without
from tests.platforms.conversions import NOW, purchase, stranger

GMAIL = "3586de92bb3636d0885a12eff961429a32e4ebd764b96f50d85d016f9338d586"
PHONE = "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"
USER = {
    "type": "authorized_user",
    "client_id": "a-client",
    "client_secret": "its-secret",
    "refresh_token": "a-refresh-token",
}


@pytest.fixture
def credentials(tmp_path: Path) -> str:
    """A reference to an authorized user's credentials."""
    path = tmp_path / "google.json"
    path.write_text(json.dumps(USER))
    return f"file:{path}"


@pytest.fixture
def ads(credentials: str) -> DataManager:
    return GoogleDestination.model_validate(
        {
            "platform": "google",
            "customer_id": "1234567890",
            "login_customer_id": "9876543210",
            "credentials": credentials,
            "events": {"purchase": "555", "signup": "556"},
        }
    ).open()


@pytest.fixture
def analytics(credentials: str) -> DataManager:
    return GoogleAnalyticsDestination.model_validate(
        {
            "platform": "google_analytics",
            "property_id": "987654",
            "measurement_id": "G-ABCD",
            "credentials": credentials,
        }
    ).open()


def bought(**changes: Any) -> Conversion:
    return purchase(**{"name": "555"} | changes)


def body_of(platform: DataManager, *conversions: Conversion) -> dict[str, Any]:
    body = json.loads(platform.request(conversions, {}, NOW).body)
    assert isinstance(body, dict)
    return body


def test_google_ads_hears_of_the_click_the_person_and_the_consent_but_not_of_the_address(
    ads: DataManager,
) -> None:
    body = body_of(ads, bought())
    [event] = body.pop("events")
    address = event["userData"]["userIdentifiers"].pop()["address"]
    assert event == {
        "transactionId": "A-1",
        "eventTimestamp": "2026-11-30T12:00:00.000Z",
        "eventSource": "WEB",
        "conversionValue": 49.9,
        "currency": "EUR",
        "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"},
        "destinationReferences": ["555"],
        "adIdentifiers": {"gclid": "Cj0KCQ"},
        "userData": {"userIdentifiers": [{"emailAddress": GMAIL}, {"phoneNumber": PHONE}]},
    }
    assert len(address.pop("givenName")) == len(address.pop("familyName")) == 64
    assert address == {"regionCode": "US", "postalCode": "94103-1234"}
    assert "203.0.113.7" not in json.dumps(body)


def test_each_conversion_action_of_a_request_is_a_destination_once(ads: DataManager) -> None:
    body = body_of(ads, bought(), bought(name="556"), bought())
    account = {"accountType": "GOOGLE_ADS", "accountId": "1234567890"}
    login = {"accountType": "GOOGLE_ADS", "accountId": "9876543210"}
    assert body["encoding"] == "HEX"
    assert body["destinations"] == [
        {
            "reference": action,
            "operatingAccount": account,
            "loginAccount": login,
            "productDestinationId": action,
        }
        for action in ("555", "556")
    ]


def test_google_analytics_hears_of_the_browser_and_its_session(analytics: DataManager) -> None:
    body = body_of(analytics, purchase(name="purchase"))
    assert body["destinations"] == [
        {
            "operatingAccount": {
                "accountType": "GOOGLE_ANALYTICS_PROPERTY",
                "accountId": "987654",
            },
            "productDestinationId": "G-ABCD",
        }
    ]
    [event] = body["events"]
    assert (event["eventName"], event["clientId"]) == ("purchase", "1234567.7654321")
    assert event["additionalEventParameters"] == [
        {"parameterName": "session_id", "value": "1700000000"},
        {"parameterName": "engagement_time_msec", "value": "1"},
    ]
    assert "adIdentifiers" not in event


@pytest.mark.parametrize(("consent", "told"), [("granted", True), ("denied", False), (None, False)])
def test_google_analytics_hears_of_the_person_only_with_consent_to_that(
    analytics: DataManager, consent: str | None, told: bool
) -> None:
    signals = {"ad_user_data": consent} if consent else {}
    [event] = body_of(analytics, purchase(name="purchase", consent=signals))["events"]
    assert ("userData" in event) is told


@pytest.mark.parametrize(
    ("clicks", "sent"),
    [
        ({"gclid": "G", "gbraid": "B", "wbraid": "W"}, {"gclid": "G"}),
        ({"gbraid": "B", "wbraid": "W"}, {"gbraid": "B"}),
        ({"wbraid": "W"}, {"wbraid": "W"}),
        ({"fbclid": "F"}, None),
    ],
)
def test_one_click_is_told(ads: DataManager, clicks: dict[str, str], sent: object) -> None:
    [event] = body_of(ads, bought(click_ids=clicks))["events"]
    assert event.get("adIdentifiers") == sent


@pytest.mark.parametrize("missing", ["first_name", "last_name", "country", "postal_code"])
def test_an_address_is_told_whole_or_not(ads: DataManager, missing: str) -> None:
    person = {name: value for name, value in purchase().user_data.items() if name != missing}
    [event] = body_of(ads, bought(user_data=person))["events"]
    assert len(event["userData"]["userIdentifiers"]) == 2


def test_consent_that_is_not_known_is_not_told(ads: DataManager) -> None:
    [event] = body_of(ads, bought(consent={}))["events"]
    assert "consent" not in event


def test_a_click_must_be_six_hours_old_unless_the_operator_says_otherwise(
    ads: DataManager, analytics: DataManager
) -> None:
    assert ads.min_age == timedelta(hours=6)
    assert analytics.min_age == timedelta(0)


@pytest.mark.parametrize(
    ("conversion", "fault"),
    [
        (bought(), None),
        (stranger(), "neither gclid, gbraid or wbraid"),
        (stranger(click_ids={"wbraid": "W"}), None),
        (stranger(user_data={"email": "a@example.com"}), None),
        (stranger(user_data={"email": "a b@example.com"}), "neither gclid"),
        (bought(currency="E"), "the currency is not"),
    ],
)
def test_what_google_ads_would_refuse_is_known_before(
    ads: DataManager, conversion: Conversion, fault: str | None
) -> None:
    found = ads.fault_of(conversion)
    assert (found or "").startswith(fault or "")
    assert (found is None) == (fault is None)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [({}, None), ({"ga_client_id": None}, "no ga_client_id"), ({"currency": "E"}, "the currency")],
)
def test_what_google_analytics_would_refuse_is_known_before(
    analytics: DataManager, changes: dict[str, Any], fault: str | None
) -> None:
    found = analytics.fault_of(purchase(**{"name": "purchase"} | changes))
    assert (found or "").startswith(fault or "")
    assert (found is None) == (fault is None)


def error(status: str, *details: dict[str, Any], message: str = "") -> bytes:
    told = {"status": status, "message": message, "details": list(details)}
    return json.dumps({"error": told}).encode()


def info(reason: str, **metadata: str) -> dict[str, Any]:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "metadata": metadata}


def violations(*named: tuple[str, str]) -> dict[str, Any]:
    listed = [{"field": field, "reason": reason, "description": "D"} for field, reason in named]
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": listed}


EVENT_1 = ("events.events[1].user_data.user_identifiers[2]", "INVALID_HEX_ENCODING")
EVENT_7 = ("events[7].currency", "INVALID_CURRENCY_CODE")
ACCOUNT = ("destinations[0].login_account.account_id", "INVALID_FORMAT")
NO_LEADS = (
    "events.events[0]",
    "DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS",
)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error("INVALID_ARGUMENT", violations(ACCOUNT)), Broken),
        (400, error("INVALID_ARGUMENT", violations(EVENT_1, ACCOUNT)), Broken),
        (400, error("INVALID_ARGUMENT", violations(NO_LEADS)), Broken),
        (400, error("INVALID_ARGUMENT", violations(("events", "TOO_MANY_EVENTS"))), Unclear),
        (400, error("INVALID_ARGUMENT"), Unclear),
        (400, error("INVALID_ARGUMENT", {"@type": 7, "fieldViolations": 7}), Unclear),
        (400, error("FAILED_PRECONDITION"), Broken),
        (401, error("UNAUTHENTICATED"), Broken),
        (401, b"", Broken),
        (403, error("PERMISSION_DENIED"), Broken),
        (404, error("NOT_FOUND"), Broken),
        (409, error("ABORTED"), Later),
        (500, error("INTERNAL"), Later),
        (503, b"", Later),
        (504, error("DEADLINE_EXCEEDED"), Later),
        (400, b"<html>", Later),
        (404, b"{}", Later),
    ],
)
def test_an_error_is_read_by_its_status_and_details(
    ads: DataManager, status: int, body: bytes, kind: type[Answer]
) -> None:
    assert type(ads.read(status, {}, body)) is kind


def test_the_events_that_google_names_are_refused(ads: DataManager) -> None:
    answer = ads.read(400, {}, error("INVALID_ARGUMENT", violations(EVENT_1, EVENT_7)))
    assert isinstance(answer, Refused)
    assert set(answer.reasons) == {1, 7}
    assert "INVALID_HEX_ENCODING" in answer.reasons[1]
    assert not answer.others_taken


@pytest.mark.parametrize(
    ("quota", "headers", "seconds"),
    [
        ("IngestionMutateRequestsPerMinutePerProject", {}, 60),
        ("IngestionMutateRequestsPerDayPerProject", {}, 3600),
        ("IngestionMutateRequestsPerDayPerProject", {"retry-after": "5"}, 5),
    ],
)
def test_a_pause_is_as_long_as_the_quota_wants(
    ads: DataManager, quota: str, headers: dict[str, str], seconds: float
) -> None:
    body = error("RESOURCE_EXHAUSTED", info("RATE_LIMIT_EXCEEDED", quota_limit=quota))
    answer = ads.read(429, headers, body)
    assert isinstance(answer, Later)
    assert answer.seconds == seconds


def test_where_the_api_is_not_switched_on_the_advice_is_the_page_to_do_it(
    ads: DataManager,
) -> None:
    off = info("SERVICE_DISABLED", activationUrl="https://console.example/on")
    answer = ads.read(403, {}, error("PERMISSION_DENIED", off))
    assert isinstance(answer, Broken)
    assert answer.advice == "switch the Data Manager API on: https://console.example/on"


def test_what_is_taken_has_the_id_of_its_request_and_warnings(ads: DataManager) -> None:
    body = b'{"requestId":"r-1","fieldWarnings":[{"field":"f","reason":"R","description":"D"}]}'
    assert ads.read(200, {}, body) == Taken("r-1", ("f R D",))
    assert type(ads.read(200, {}, b"<html>")) is Later


def destination(credentials: str) -> Destination:
    return GoogleDestination.model_validate(
        {
            "platform": "google",
            "customer_id": "1234567890",
            "credentials": credentials,
            "events": {"purchase": 555},
        }
    )


@pytest.mark.parametrize(
    "text",
    ["hunter2", "[]", "{}", '{"type":"external_account"}', '{"type":"service_account"}'],
)
def test_a_file_that_is_no_key_of_googles_is_named_and_not_quoted(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(DestinationError) as error:
        destination(f"file:{path}").open()
    assert str(path) in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("test_base", "asked"),
    [
        (None, "https://oauth2.googleapis.com/token"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1/token"),
    ],
)
def test_a_new_token_is_asked_of_google_whatever_the_file_says(
    tmp_path: Path, test_base: str | None, asked: str
) -> None:
    path = tmp_path / "google.json"
    path.write_text(json.dumps(USER | {"token_uri": "https://evil.example/token"}))
    token = GoogleToken(f"file:{path}", test_base)
    assert token._credentials.token_uri == asked


def test_without_google_auth_the_extra_is_named(
    credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(
        __import__("sys").modules, "collector.conversions.platforms.google_token", raising=False
    )
    with (
        without("google.auth.exceptions"),
        pytest.raises(DestinationError, match=r"pip install 'conversion-tracking\[google\]'"),
    ):
        destination(credentials).open()
