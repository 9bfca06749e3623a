"""Requests over HTTP to a strict stand-in of each platform, and its answers, read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from collector.conversions.conversion import (
    Answer,
    Broken,
    Conversion,
    Later,
    Refused,
    Request,
    Taken,
    Unclear,
)
from collector.conversions.destinations import PLATFORMS
from collector.conversions.platform import NotAuthorized, Platform
from tests.platforms import ga4, google, linkedin, meta, tiktok
from tests.platforms.conversions import purchase, stranger
from tests.platforms.stand_in import TOKEN, Mood, StandIn, run_stand_in

# Each platform's stand-in, its name for a purchase, and its destination's fields there.
STAND_INS: dict[str, tuple[type[StandIn], str, dict[str, Any]]] = {
    "meta": (
        meta.MetaStandIn,
        "Purchase",
        {"pixel_id": meta.PIXEL, "access_token": "env:A_TOKEN"},
    ),
    "ga4": (
        ga4.Ga4StandIn,
        "purchase",
        {"measurement_id": ga4.MEASUREMENT_ID, "api_secret": "env:GA4_SECRET"},
    ),
    "google": (
        google.GoogleStandIn,
        google.ACTION,
        {"customer_id": google.CUSTOMER, "events": {"purchase": google.ACTION}},
    ),
    "google_analytics": (
        google.GoogleStandIn,
        "purchase",
        {"property_id": google.PROPERTY, "measurement_id": google.STREAM},
    ),
    "linkedin": (
        linkedin.LinkedInStandIn,
        linkedin.RULE,
        {"access_token": "env:A_TOKEN", "events": {"purchase": linkedin.RULE}},
    ),
    "tiktok": (
        tiktok.TikTokStandIn,
        "Purchase",
        {"pixel_code": tiktok.PIXEL, "access_token": "env:A_TOKEN"},
    ),
}


@dataclass
class Sender:
    """A platform's own side, led to its stand-in, and who posts its requests there."""

    name: str
    stand_in: Any
    session: aiohttp.ClientSession
    folder: Path
    platform: Platform

    def open(self, **fields: Any) -> None:
        """Begin with other settings."""
        known = {"platform": self.name, "test_base": self.stand_in.url, **STAND_INS[self.name][2]}
        if isinstance(self.stand_in, google.GoogleStandIn):
            known["credentials"] = self.stand_in.user_file(self.folder / "google.json")
        self.platform = PLATFORMS[self.name].model_validate(known | fields).open()

    def bought(self, **changes: Any) -> Conversion:
        """A purchase of now, under the platform's name for it."""
        now = {"name": STAND_INS[self.name][1], "happened_at": datetime.now(UTC)}
        return purchase(**now | changes)

    async def send(self, *conversions: Conversion) -> Answer:
        """Authorize, ask, read."""
        headers = await self.platform.authorize()
        return await self.post(self.platform.request(conversions, headers, datetime.now(UTC)))

    async def post(self, request: Request) -> Answer:
        """What the platform answers, as its own side reads it."""
        headers, body = dict(request.headers), BytesIO(request.body)
        async with self.session.post(request.url, data=body, headers=headers) as answer:
            names = {name.lower(): value for name, value in answer.headers.items()}
            return self.platform.read(answer.status, names, await answer.read())


@asynccontextmanager
async def run_sender(name: str, folder: Path) -> AsyncIterator[Sender]:
    """A sender to the stand-in of a platform."""
    async with run_stand_in(STAND_INS[name][0]()) as stand_in, aiohttp.ClientSession() as session:
        sender = Sender(name, stand_in, session, folder, None)  # type: ignore[arg-type]  # below
        sender.open()
        yield sender


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets, as an operator gives them."""
    monkeypatch.setenv("A_TOKEN", TOKEN)
    monkeypatch.setenv("GA4_SECRET", ga4.SECRET)


@pytest.fixture(params=list(STAND_INS))
async def sender(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sender]:
    """A sender to each platform, or to those that a test names."""
    async with run_sender(request.param, tmp_path) as sender:
        yield sender


def to(*names: str) -> pytest.MarkDecorator:
    """A test of these platforms alone."""
    return pytest.mark.parametrize("sender", names, indirect=True)


def other(conversion: Conversion) -> Conversion:
    """Another order of the same browser."""
    return replace(conversion, event_id=UUID("0196f3a0-0000-7000-8000-000000000002"), order="A-2")


async def test_a_platform_takes_each_conversion_once_however_often_it_is_told(
    sender: Sender,
) -> None:
    first = sender.bought()
    assert sender.platform.fault_of(first) is None
    for conversions in ([first], [first, other(first)], [other(first)]):
        assert isinstance(await sender.send(*conversions), Taken)
    assert len(sender.stand_in.taken) == 2
    assert sender.stand_in.repeated == 2


LEAST: dict[str, dict[str, Any]] = {
    "meta": {"ip_address": "203.0.113.7"},
    "ga4": {"ga_client_id": "1.2"},
    "google": {"click_ids": {"gclid": "G"}},
    "google_analytics": {"ga_client_id": "1.2"},
    "linkedin": {"user_data": {"first_name": "Mary", "last_name": "Ann"}},
    "tiktok": {"click_ids": {"ttclid": "T"}},
}


async def test_a_platform_takes_what_is_known_the_least_of(sender: Sender) -> None:
    nothing: dict[str, Any] = dict.fromkeys(("order", "page_url", "referrer", "user_agent"))
    told = sender.bought()
    least = stranger(name=told.name, happened_at=told.happened_at, consent={}, **nothing)
    assert sender.platform.fault_of(least) is not None
    least = replace(least, **LEAST[sender.name])
    assert sender.platform.fault_of(least) is None
    assert isinstance(await sender.send(least), Taken)
    assert len(sender.stand_in.taken) == 1


async def test_what_a_device_dates_in_the_future_is_taken_as_of_now(sender: Sender) -> None:
    ahead = sender.bought(happened_at=datetime.now(UTC) + timedelta(days=1))
    assert isinstance(await sender.send(ahead), Taken)
    assert len(sender.stand_in.taken) == 1


async def test_what_is_just_within_a_platforms_age_is_taken(sender: Sender) -> None:
    old = sender.bought(happened_at=datetime.now(UTC) - sender.platform.max_age)
    assert isinstance(await sender.send(old), Taken)
    assert len(sender.stand_in.taken) == 1


async def test_a_request_holds_as_many_as_a_platform_takes_and_no_more(sender: Sender) -> None:
    first, count = sender.bought(), sender.platform.most_conversions
    many = [replace(first, event_id=UUID(int=n), order=f"A-{n}") for n in range(count)]
    assert isinstance(await sender.send(*many), Taken)
    assert len(sender.stand_in.taken) == count
    sender.stand_in.taken.clear()
    await sender.send(*many, first)
    assert not sender.stand_in.taken


@pytest.mark.parametrize(
    ("sender", "mood", "kind"),
    [
        *((name, Mood.AWAY, Later) for name in ("meta", "ga4", "linkedin", "tiktok")),
        *((name, Mood.BUSY, Later) for name in STAND_INS),
        *((name, Mood.REVOKED, Broken) for name in ("meta", "linkedin", "tiktok")),
    ],
    indirect=["sender"],
)
async def test_an_outage_passes_and_a_revoked_token_does_not(
    sender: Sender, mood: Mood, kind: type[Answer]
) -> None:
    sender.stand_in.mood = mood
    assert isinstance(await sender.send(sender.bought()), kind)
    assert not sender.stand_in.taken

    sender.stand_in.mood = Mood.WORKS
    assert isinstance(await sender.send(sender.bought()), Taken)


@pytest.mark.parametrize(
    ("sender", "seconds"),
    [("ga4", 30), ("google", 60), ("google_analytics", 60), ("meta", None)],
    indirect=["sender"],
)
async def test_a_rate_limit_says_how_long_to_wait(sender: Sender, seconds: float | None) -> None:
    sender.stand_in.mood = Mood.BUSY
    answer = await sender.send(sender.bought())
    assert isinstance(answer, Later)
    assert answer.seconds == seconds


OLD = datetime.now(UTC) - timedelta(days=100)


@pytest.mark.parametrize(
    ("sender", "changes", "kind"),
    [
        ("meta", {"happened_at": OLD}, Unclear),
        ("meta", {"value": None}, Unclear),
        ("meta", {"currency": "E"}, Unclear),
        ("meta", {"fbc": "no cookie of Meta's"}, Unclear),
        ("google", {"happened_at": OLD}, Refused),
        ("google", {"currency": "eur"}, Refused),
        ("google", {"click_ids": {}, "user_data": {}}, Refused),
        ("google", {"name": "556"}, Broken),
        ("google_analytics", {"ga_client_id": None}, Refused),
        ("linkedin", {"happened_at": OLD}, Refused),
        ("linkedin", {"currency": ""}, Refused),
        ("linkedin", {"name": "999"}, Broken),
        ("linkedin", {"name": linkedin.TAG_RULE}, Broken),
        ("tiktok", {"happened_at": OLD}, Refused),
        ("tiktok", {"currency": "E"}, Refused),
    ],
    indirect=["sender"],
)
async def test_a_wrong_conversion_fails_its_request_and_is_named_where_the_platform_does(
    sender: Sender, changes: dict[str, Any], kind: type[Answer]
) -> None:
    good = sender.bought()
    answer = await sender.send(good, other(sender.bought(**changes)))
    assert isinstance(answer, kind)
    assert not sender.stand_in.taken
    if isinstance(answer, Refused):
        assert list(answer.reasons) == [1]
        assert not answer.others_taken
        assert isinstance(await sender.send(good), Taken)


@to("ga4")
@pytest.mark.parametrize(
    "changes",
    [{"happened_at": OLD}, {"ga_client_id": None}, {"order": "A" * 101}, {"name": "not a name"}],
    ids=lambda changes: next(iter(changes)),
)
async def test_google_analytics_says_nothing_of_what_it_does_not_count(
    sender: Sender, changes: dict[str, Any]
) -> None:
    assert isinstance(await sender.send(sender.bought(**changes)), Taken)
    assert not sender.stand_in.taken
    assert len(sender.stand_in.lost) == 1


@to("ga4")
async def test_google_analytics_says_nothing_of_a_wrong_secret(sender: Sender) -> None:
    sender.stand_in.mood = Mood.REVOKED
    assert isinstance(await sender.send(sender.bought()), Taken)
    assert sender.stand_in.lost == ["wrong secret"]


@pytest.mark.parametrize(
    ("sender", "fields", "advice"),
    [
        ("meta", {"pixel_id": "1"}, "look at pixel_id"),
        ("meta", {"api_version": "v1.0"}, "raise api_version"),
        ("linkedin", {"api_version": "202511"}, "raise api_version"),
        ("google", {"customer_id": "1111111111"}, "look at the account"),
        ("google_analytics", {"property_id": "1"}, "look at the account"),
        ("tiktok", {"pixel_code": "CANOTHERPIXEL"}, "at the pixel of pixel_code"),
    ],
    indirect=["sender"],
)
async def test_a_wrong_setting_breaks_the_destination_and_the_advice_says_which(
    sender: Sender, fields: dict[str, Any], advice: str
) -> None:
    sender.open(**fields)
    answer = await sender.send(sender.bought())
    assert isinstance(answer, Broken)
    assert advice in answer.advice


@to("linkedin", "google")
async def test_a_field_that_a_platform_does_not_know_is_refused_by_its_stand_in(
    sender: Sender,
) -> None:
    headers = await sender.platform.authorize()
    request = sender.platform.request([sender.bought()], headers, datetime.now(UTC))
    body = json.loads(request.body)
    [event] = body.get("elements") or body["events"]
    event["colour"] = "red"
    answer = await sender.post(replace(request, body=json.dumps(body).encode()))
    assert isinstance(answer, Refused | Unclear)
    assert not sender.stand_in.taken


@to("google")
async def test_a_token_of_google_is_used_until_it_ends(sender: Sender) -> None:
    assert await sender.platform.authorize() == await sender.platform.authorize()
    assert len(sender.stand_in.tokens) == 1


@pytest.mark.parametrize(
    ("sender", "mood", "kind"),
    [("google", Mood.AWAY, Later), ("google", Mood.REVOKED, Broken)],
    indirect=["sender"],
)
async def test_where_google_gives_no_token_it_is_said_whether_to_wait(
    sender: Sender, mood: Mood, kind: type[Answer]
) -> None:
    sender.stand_in.mood = mood
    with pytest.raises(NotAuthorized) as error:
        await sender.platform.authorize()
    assert isinstance(error.value.answer, kind)


async def test_google_that_cannot_be_reached_is_waited_for(tmp_path: Path) -> None:
    async with run_sender("google", tmp_path) as sender:
        platform = sender.platform
    with pytest.raises(NotAuthorized) as error:
        await platform.authorize()
    assert error.value.answer == Later("Google's tokens cannot be reached")


@to("google")
async def test_an_api_that_is_off_and_a_token_that_is_withdrawn_break_the_destination(
    sender: Sender,
) -> None:
    sender.stand_in.api_is_on = False
    answer = await sender.send(sender.bought())
    assert isinstance(answer, Broken)
    assert "https://console.developers.google.com/" in answer.advice

    sender.stand_in.tokens.clear()
    answer = await sender.send(sender.bought())
    assert isinstance(answer, Broken)
    assert "UNAUTHENTICATED" in answer.reason


@to("google")
async def test_a_service_account_signs_for_its_tokens(sender: Sender, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    sender.stand_in.public_key = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    reference = sender.stand_in.service_file(tmp_path / "key.json", private.decode())
    sender.open(credentials=reference)
    assert isinstance(await sender.send(sender.bought()), Taken)
