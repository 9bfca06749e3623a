"""What TikTok is told of an event, and what the codes of its answers mean."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from collector.conversions.conversion import (
    Answer,
    Broken,
    Conversion,
    Later,
    Refused,
    Taken,
    Unclear,
)
from collector.conversions.platforms.tiktok import TikTok, TikTokDestination
from tests.platforms.conversions import NOW, purchase, stranger


def tiktok(**fields: Any) -> TikTok:
    base = {"platform": "tiktok", "access_token": "env:A", "pixel_code": "CTESTPIXEL123"}
    return TikTok(TikTokDestination.model_validate(base | fields), SecretStr("a-token"))


def test_an_event_is_told_with_lists_of_hashes_and_clear_ids() -> None:
    request = tiktok(limited_data_use=True, test_event_code="T1").request([purchase()], {}, NOW)
    assert request.url == "https://business-api.tiktok.com/open_api/v1.3/event/track/"
    body = json.loads(request.body)
    [event] = body.pop("data")
    assert body == {
        "event_source": "web",
        "event_source_id": "CTESTPIXEL123",
        "test_event_code": "T1",
    }
    user = event.pop("user")
    assert event == {
        "event": "Purchase",
        "event_time": int(NOW.timestamp()),
        "event_id": "0196f3a0-0000-7000-8000-000000000001",
        "page": {
            "url": "https://shop.example/thanks?order=A-1#top",
            "referrer": "https://shop.example/checkout",
        },
        "properties": {"value": 49.9, "currency": "EUR", "order_id": "A-1"},
        "limited_data_use": True,
    }
    assert {name: len(user.pop(name)[0]) for name in ("email", "phone", "external_id")} == {
        "email": 64,
        "phone": 64,
        "external_id": 64,
    }
    assert user == {"ttclid": "T-1", "ip": "203.0.113.7", "user_agent": "Mozilla/5.0"}


@pytest.mark.parametrize(
    ("conversion", "fault"),
    [
        (purchase(), None),
        (stranger(), "nothing in it that TikTok could know a person by"),
        (stranger(click_ids={"ttclid": "x"}), None),
    ],
)
def test_an_event_of_nobody_is_not_sent(conversion: Conversion, fault: str | None) -> None:
    assert tiktok().fault_of(conversion) == fault


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (200, 0, "OK", Taken),
        (200, 40001, "No permission", Broken),
        (200, 40105, "Access token is incorrect", Broken),
        (200, 40100, "Too many requests", Later),
        (200, 50000, "Internal", Later),
        (200, 49999, "We have never seen this", Later),
        (200, 40002, "data: Not a valid list", Unclear),
        (200, 20001, "Partial success", Unclear),
        (502, 0, "OK", Later),
        (200, None, "", Later),
    ],
)
def test_an_answer_is_read_by_the_code_in_its_body(
    status: int, code: int | None, message: str, kind: type[Answer]
) -> None:
    body = json.dumps({"code": code, "message": message}).encode()
    assert type(tiktok().read(status, {}, body)) is kind


def test_html_is_no_answer() -> None:
    assert type(tiktok().read(404, {}, b"<html>")) is Later


def test_the_event_that_tiktok_names_is_refused() -> None:
    message = "Batch.3.properties.contents.0.content_id: Not a valid string"
    body = json.dumps({"code": 40002, "message": message}).encode()
    assert tiktok().read(200, {}, body) == Refused({3: message})
