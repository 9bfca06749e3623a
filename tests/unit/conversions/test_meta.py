"""What Meta is told of an event, and what its answers mean."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from collector.conversions.conversion import Answer, Broken, Conversion, Later, Taken, Unclear
from collector.conversions.platforms.meta import Meta, MetaDestination
from tests.platforms.conversions import NOW, purchase, stranger


def meta(**fields: Any) -> Meta:
    base = {"platform": "meta", "pixel_id": "42", "access_token": "env:A"}
    return Meta(MetaDestination.model_validate(base | fields), SecretStr("a-token"))


def told(conversion: Conversion, **fields: Any) -> dict[str, Any]:
    request = meta(**fields).request([conversion], {}, NOW)
    [event] = json.loads(request.body)["data"]
    assert isinstance(event, dict)
    return event


def test_all_that_is_known_is_told_hashed_where_meta_wants_hashes() -> None:
    event = told(purchase())
    person = event.pop("user_data")
    assert event == {
        "event_name": "Purchase",
        "event_time": int(NOW.timestamp()),
        "event_id": "0196f3a0-0000-7000-8000-000000000001",
        "action_source": "website",
        "event_source_url": "https://shop.example/thanks?order=A-1#top",
        "referrer_url": "https://shop.example/checkout",
        "opt_out": True,
        "custom_data": {"value": 49.9, "currency": "EUR", "order_id": "A-1"},
    }
    hashes = {"em", "ph", "fn", "ln", "ct", "st", "zp", "country"}
    assert all(len(person.pop(name)) == 64 for name in hashes)
    assert [len(one) for one in person.pop("external_id")] == [64, 64]
    assert person == {
        "fbc": "fb.1.1700000000000.AbC-d_E.AQEAAQMB",
        "fbp": "fb.1.1700000000000.123",
        "client_ip_address": "203.0.113.7",
        "client_user_agent": "Mozilla/5.0",
    }


def test_the_request_is_to_the_pixel_with_the_token_in_no_address() -> None:
    request = meta(test_event_code="TEST1").request([purchase()], {"Authorization": "x"}, NOW)
    assert request.url == "https://graph.facebook.com/v25.0/42/events"
    assert request.headers == {"Authorization": "x", "Content-Type": "application/json"}
    assert json.loads(request.body)["test_event_code"] == "TEST1"


def test_an_amount_goes_as_the_digits_that_it_has() -> None:
    request = meta().request([purchase(value=Decimal("12345678901234.10"))], {}, NOW)
    assert b'"value":12345678901234.10,' in request.body


@pytest.mark.parametrize(
    ("changes", "fbc"),
    [
        ({"fbc": "fb.1.2.Own"}, "fb.1.2.Own"),
        ({"fbc": None}, f"fb.1.{int(NOW.timestamp() * 1000)}.AbC-d_E"),
        ({"fbc": None, "click_ids": {}}, None),
    ],
)
def test_fbc_is_the_cookie_or_made_of_the_click_whose_case_stays(
    changes: dict[str, Any], fbc: str | None
) -> None:
    assert told(purchase(**changes))["user_data"].get("fbc") == fbc


def test_an_event_without_a_page_is_no_event_of_a_website() -> None:
    event = told(purchase(page_url=None))
    assert event["action_source"] == "system_generated"
    assert "event_source_url" not in event


def test_a_clock_that_is_ahead_is_set_back_to_now() -> None:
    event = told(purchase(happened_at=NOW + timedelta(hours=1)))
    assert event["event_time"] == int(NOW.timestamp())


@pytest.mark.parametrize(
    ("limited", "changes", "limits"),
    [
        (False, {}, (None, None, None)),
        (True, {}, (["LDU"], 0, 0)),
        (True, {"ip_address": None}, (["LDU"], 1, 1000)),
    ],
)
def test_limited_data_use_names_the_state_where_no_address_does(
    limited: bool, changes: dict[str, Any], limits: tuple[object, ...]
) -> None:
    event = told(purchase(**changes), limited_data_use=limited)
    names = ("", "_country", "_state")
    assert tuple(event.get(f"data_processing_options{name}") for name in names) == limits


@pytest.mark.parametrize(
    ("conversion", "fault"),
    [
        (purchase(), None),
        (purchase(value=Decimal(0)), None),
        (purchase(value=None), "Meta takes no Purchase without a value"),
        (purchase(name="Lead", value=None), None),
        (stranger(), "nothing in it that Meta could know a person by"),
        (stranger(ip_address="203.0.113.7"), None),
        (stranger(user_data={"country": "DE", "first_name": "Mary"}), "nothing in it that Meta"),
        (stranger(user_data={"email": "not one"}), "nothing in it that Meta"),
        (stranger(user_data={"email": "a@example.com"}), None),
        (stranger(click_ids={"fbclid": "x"}), None),
    ],
)
def test_what_meta_would_refuse_for_ever_is_known_before(
    conversion: Conversion, fault: str | None
) -> None:
    found = meta().fault_of(conversion)
    assert (found or "").startswith(fault or "")
    assert (found is None) == (fault is None)


def error(code: int, subcode: int | None = None, **more: Any) -> bytes:
    """An error in the language of the token's owner."""
    told = {"message": "Paramètre", "code": code, "error_subcode": subcode, "fbtrace_id": "T"}
    return json.dumps({"error": told | more}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"events_received":1,"messages":[],"fbtrace_id":"T"}', Taken),
        (200, b"<html>", Later),
        (200, b"{}", Unclear),
        (400, b"<html>", Later),
        (400, b"[]", Later),
        (503, b'{"error":{"code":190}}', Later),
        (400, error(100, 2804003), Unclear),
        (400, error(100, 2804009), Unclear),
        (400, error(100, 2804019), Unclear),
        (400, error(100, 33), Broken),
        (401, error(190), Broken),
        (400, error(190, 463), Broken),
        (403, error(200), Broken),
        (400, error(3), Broken),
        (400, error(2635), Broken),
        (400, error(10), Broken),
        *((400, error(code), Later) for code in (4, 17, 613, 80003)),
        *((400, error(code), Later) for code in (1, 2, 341, 368, 5000, 21009)),
        (400, error(100, 2804003, is_transient=True), Later),
        (400, error(100, 2804003, is_transient=False), Unclear),
        (400, b'{"error":{"code":[190]}}', Unclear),
        (400, b'{"error":"no"}', Unclear),
    ],
)
def test_an_answer_is_read_by_its_codes_alone(status: int, body: bytes, kind: type[Answer]) -> None:
    assert type(meta().read(status, {}, body)) is kind


def test_what_is_taken_can_be_found_again_and_warnings_are_kept() -> None:
    body = b'{"events_received":1,"messages":["Careful with a@example.com"],"fbtrace_id":"T"}'
    answer = meta().read(200, {}, body)
    assert isinstance(answer, Taken)
    assert answer.remote_id == "T"
    assert len(answer.warnings) == 1
    assert "example.com" not in answer.warnings[0]


def test_a_pause_is_as_long_as_retry_after_says() -> None:
    assert meta().read(400, {"retry-after": "7"}, error(4)) == Later(
        "HTTP 400, code 4, subcode None: Paramètre  (fbtrace_id T)", 7
    )


@pytest.mark.parametrize(("signal", "opt_out"), [("denied", True), ("granted", None), ("", None)])
def test_who_wants_no_personal_ads_is_counted_but_not_learnt_from(
    signal: str, opt_out: bool | None
) -> None:
    event = told(purchase(consent={"ad_personalization": signal}))
    assert event.get("opt_out") is opt_out


def test_a_value_of_zero_is_a_value() -> None:
    assert told(purchase(value=Decimal(0)))["custom_data"]["value"] == 0
