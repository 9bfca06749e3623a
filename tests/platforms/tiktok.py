"""TikTok's Events API: 200 to all, with a code in the body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aiohttp import web

from tests.platforms.stand_in import TOKEN, Mood, StandIn, is_hash, is_number

PIXEL = "CTESTPIXEL1234567890"


class TikTokStandIn(StandIn):
    """A pixel."""

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        """200, but where the gateway before it is away."""
        if self.mood is Mood.AWAY:
            return web.Response(status=502, text="<html>", content_type="text/html")
        if request.method != "POST" or request.path != "/open_api/v1.3/event/track/":
            return web.Response(status=404, text="404 page not found")
        if self.mood is Mood.BUSY:
            return say(40100, "Too many requests. Please retry in some time.")
        if self.mood is Mood.REVOKED or request.headers.get("Access-Token") != TOKEN:
            return say(40105, "Access token is incorrect or has been revoked.")
        return self.take_all(json.loads(body))

    def take_all(self, sent: dict[str, Any]) -> web.Response:
        """All or none."""
        if sent.get("event_source") != "web" or sent.get("event_source_id") != PIXEL:
            return say(40001, "No permission to operate pixel")
        events = sent.get("data")
        if not isinstance(events, list) or not 0 < len(events) <= 1000:
            return say(40002, "data: Not a valid list")
        for place, event in enumerate(events):
            for field in self.wrong_with(event):
                return say(40002, f"Batch.{place}.{field}: Not a valid value")
        for event in events:
            self.take((event["event"], event["event_id"]), event)
        return say(0, "OK")

    def wrong_with(self, event: dict[str, Any]) -> Iterator[str]:
        """The fields that are not as they must be."""
        user, properties = event.get("user", {}), event.get("properties", {})
        age = self.now().timestamp() - event.get("event_time", 0)
        if not event.get("event") or not event.get("event_id"):
            yield "event"
        if not -60 <= age <= timedelta(days=7).total_seconds():
            yield "event_time"
        for name in ("email", "phone", "external_id"):
            if not all(map(is_hash, user.get(name, []))):
                yield f"user.{name}"
        if not user:
            yield "user"
        if "value" in properties and not is_number(properties["value"]):
            yield "properties.value"
        if "value" in properties and len(properties.get("currency", "")) != 3:
            yield "properties.currency"


def say(code: int, message: str) -> web.Response:
    """An answer."""
    return web.json_response(
        {"code": code, "message": message, "request_id": "a-request", "data": {}}
    )
