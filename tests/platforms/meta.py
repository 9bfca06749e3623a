"""Meta's Conversions API: one wrong event fails all of a request."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from aiohttp import web

from tests.platforms.stand_in import TOKEN, Mood, StandIn, is_hash, is_number

PIXEL = "1234567890"
PATH = re.compile(r"/(v\d+)\.0/(\d+)/events")
VERSIONS = ("v24", "v25", "v26")
HASHED = ("em", "ph", "fn", "ln", "ct", "st", "zp", "country", "external_id")
CLEAR = ("client_ip_address", "client_user_agent", "fbc", "fbp")
FBC = re.compile(r"fb\.[0-9]\.[0-9]{13}\.[\w-]+(\.[\w-]+)?")
SOURCES = ("website", "app", "email", "phone_call", "chat", "system_generated", "other")


class MetaStandIn(StandIn):
    """A pixel."""

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        """As Graph API."""
        found = PATH.fullmatch(request.path)
        if self.mood is Mood.AWAY:
            return web.Response(status=503, text="<html>away</html>", content_type="text/html")
        if self.mood is Mood.BUSY:
            return fault(4, None, "Application request limit reached", is_transient=True)
        if self.mood is Mood.REVOKED or request.headers.get("Authorization") != f"Bearer {TOKEN}":
            text = "Invalid OAuth access token - Cannot parse access token"
            return fault(190, None, text, status=401)
        if request.method != "POST" or not found or found[2] != PIXEL:
            return fault(100, 33, "Unsupported post request. Object does not exist")
        if found[1] not in VERSIONS:
            return fault(2635, None, "You are calling a deprecated version of the Ads API")
        return self.take_all(json.loads(body))

    def take_all(self, body: dict[str, Any]) -> web.Response:
        """All or none."""
        events = body.get("data")
        if not isinstance(events, list) or not 0 < len(events) <= 1000:
            return fault(100, 2804001, "Invalid parameter")
        for event in events:
            if wrong := self.wrong_with(event):
                return fault(100, *wrong)
        for event in events:
            self.take((event["event_name"], event["event_id"]), event)
        return web.json_response(
            {"events_received": len(events), "messages": [], "fbtrace_id": "A-trace"}
        )

    def wrong_with(self, event: dict[str, Any]) -> tuple[int, str] | None:
        """The subcode, and words in the language of the token's owner."""
        now = int(self.now().timestamp())
        happened = event.get("event_time")
        if not isinstance(happened, int) or not event.get("event_name"):
            return 2804007, "Nom d'événement manquant"
        if not now - timedelta(days=7).total_seconds() <= happened <= now + 60:
            return 2804003, "Horodatage de l'événement trop ancien"
        if event.get("action_source") not in SOURCES or (
            event["action_source"] == "website" and not event.get("event_source_url")
        ):
            return 2804016, "Paramètre invalide"
        custom = event.get("custom_data", {})
        if event["event_name"] == "Purchase" and not is_number(custom.get("value")):
            return 2804009, "Valeur manquante"
        if "value" in custom and not re.fullmatch("[A-Za-z]{3}", custom.get("currency", "")):
            return 2804017, "Devise invalide"
        return self.wrong_with_person(event.get("user_data", {}))

    def wrong_with_person(self, person: dict[str, Any]) -> tuple[int, str] | None:
        """Hashes where they must be, clear values where those must be."""
        hashes = [
            value
            for name in HASHED
            for value in (
                person[name] if isinstance(person.get(name), list) else [person.get(name)]
            )
            if value is not None
        ]
        fits = (
            all(map(is_hash, hashes))
            and not any(is_hash(person.get(name)) for name in CLEAR)
            and FBC.fullmatch(person.get("fbc", "fb.1.1700000000000.x"))
            and person.keys() - {"client_user_agent"}
            and person.keys() <= {*HASHED, *CLEAR}
        )
        return None if fits else (2804019, "Informations client invalides")


def fault(
    code: int, subcode: int | None, message: str, status: int = 400, is_transient: bool = False
) -> web.Response:
    """An error of Graph API's."""
    error = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "is_transient": is_transient,
        "error_user_title": message,
        "fbtrace_id": "A-trace",
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return web.json_response({"error": error}, status=status)
