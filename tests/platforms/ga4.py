"""The Measurement Protocol: it answers with 204, and keeps to itself what it did not count."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from aiohttp import web

from tests.platforms.stand_in import Mood, StandIn, is_number

MEASUREMENT_ID = "G-TEST1234"
SECRET = "a-secret-of-the-tests"
NAME = re.compile(r"(?!firebase_|ga_|google_)[A-Za-z][A-Za-z0-9_]{0,39}")
FIELDS = {"client_id", "consent", "events", "timestamp_micros", "user_id", "user_properties"}
CONSENT = {"ad_user_data", "ad_personalization"}


class Ga4StandIn(StandIn):
    """A stream. What it dropped, or counted at another time, stands in `lost` with the reason."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: list[str] = []

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        """2xx to all that arrives."""
        if self.mood is Mood.AWAY:
            return web.Response(status=503)
        if self.mood is Mood.BUSY:
            return web.Response(status=429, headers={"Retry-After": "30"})
        if request.method != "POST" or request.path != "/mp/collect":
            return web.Response(status=404)
        if (reason := self.unknown(request)) or (reason := wrong_with(json.loads(body))):
            self.lost.append(reason)
            return web.Response(status=204)
        sent = json.loads(body)
        for event in sent["events"]:
            self.count(sent["client_id"], event)
        return web.Response(status=204)

    def unknown(self, request: web.Request) -> str | None:
        """Why nothing that comes with these ids is counted."""
        ids = request.query.get("measurement_id"), request.query.get("api_secret")
        known = (MEASUREMENT_ID, SECRET)
        return "wrong secret" if self.mood is Mood.REVOKED or ids != known else None

    def count(self, client_id: str, event: dict[str, Any]) -> None:
        """A purchase counts once, all else as often as it comes."""
        age = self.now().timestamp() - event["timestamp_micros"] / 1_000_000
        if not -60 <= age <= timedelta(hours=72).total_seconds():
            self.lost.append("counted at another time")
            return
        by_order = event["name"] == "purchase"
        place = event["params"]["transaction_id"] if by_order else len(self.taken)
        self.take((client_id, event["name"], place), event)


def wrong_with(body: dict[str, Any]) -> str | None:
    """What the debug endpoint would say of it."""
    events = body.get("events")
    if not body.keys() <= FIELDS or not body.get("client_id"):
        return "no client_id, or an unknown field"
    if not isinstance(events, list) or not 0 < len(events) <= 25:
        return "from 1 to 25 events"
    consent = body.get("consent", {})
    if not consent.keys() <= CONSENT or not set(consent.values()) <= {"GRANTED", "DENIED"}:
        return "consent"
    return next((reason for event in events if (reason := wrong_with_event(event))), None)


def wrong_with_event(event: dict[str, Any]) -> str | None:
    """The limits of names and parameters."""
    params = event.get("params", {})
    if not all(NAME.fullmatch(name) for name in (event.get("name", ""), *params)):
        return "NAME_INVALID"
    if len(params) > 25 or not isinstance(event.get("timestamp_micros"), int):
        return "EXCEEDED_MAX_ENTITIES"
    if any(isinstance(value, str) and len(value) > 100 for value in params.values()):
        return "VALUE_OUT_OF_BOUNDS"
    if not all(isinstance(value, str) or is_number(value) for value in params.values()):
        return "VALUE_INVALID"
    if ("value" in params) != ("currency" in params):
        return "VALUE_REQUIRED"
    return None
