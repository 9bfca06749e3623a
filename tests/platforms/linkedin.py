"""LinkedIn's Conversions API: it collects every fault of a batch, and takes none of it then."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aiohttp import web

from tests.platforms.stand_in import TOKEN, Mood, StandIn, is_hash

RULE = "111"
TAG_RULE = "222"  # of the Insight Tag
VERSIONS = ("202601", "202603")
URN = "urn:lla:llaPartnerConversion:"
FIELDS = {"conversion", "conversionHappenedAt", "conversionValue", "eventId", "user"}
ID_TYPES = ("SHA256_EMAIL", "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID")
USER = {"userIds", "userInfo", "externalIds", "lead"}
INFO = {"firstName", "lastName", "companyName", "title", "countryCode"}


class LinkedInStandIn(StandIn):
    """An ad account with a rule for this API, and one for the Insight Tag."""

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        """As the REST.li service does."""
        headers = request.headers
        if self.mood is Mood.AWAY:
            return web.Response(status=504, text="<html>", content_type="text/html")
        if self.mood is Mood.BUSY:
            return fault(429, "Resource level throttle limit reached")
        if self.mood is Mood.REVOKED or headers.get("Authorization") != f"Bearer {TOKEN}":
            text = "The token used in the request has been revoked by the user"
            return fault(401, text, serviceErrorCode=65601, code="REVOKED_ACCESS_TOKEN")
        if headers.get("LinkedIn-Version") not in VERSIONS:
            return fault(426, "Requested version is not active")
        if request.method != "POST" or request.path != "/rest/conversionEvents":
            return fault(404, "No virtual resource found")
        if (
            headers.get("X-Restli-Protocol-Version") != "2.0.0"
            or headers.get("X-RestLi-Method") != "BATCH_CREATE"
            or request.content_type != "application/json"
        ):
            return fault(400, "Invalid request")
        return self.take_all(json.loads(body))

    def take_all(self, body: dict[str, Any]) -> web.Response:
        """All or none."""
        elements = body.get("elements")
        if body.keys() != {"elements"} or not 0 < len(elements or ()) <= 5000:
            return fault(400, "Invalid request")
        assert isinstance(elements, list)
        lines = [
            f"Index: {place}, " + "\n".join(f"ERROR :: {line}" for line in faults) + "\n"
            for place, element in enumerate(elements)
            if (faults := list(faults_of(element)))
        ]
        if lines:
            return fault(422, "".join(lines))
        rules = [element["conversion"].removeprefix(URN) for element in elements]
        if set(rules) - {RULE, TAG_RULE}:
            return fault(403, "No ad accounts found")
        for place, (rule, element) in enumerate(zip(rules, elements, strict=True)):
            happened = element["conversionHappenedAt"] / 1000
            if rule == TAG_RULE:
                return fault(400, wrong(place, "Conversion's method should be CONVERSIONS_API"))
            if self.now().timestamp() - happened > timedelta(days=90).total_seconds():
                return fault(400, wrong(place, "Conversion happened more than 90 days ago"))
        for element in elements:
            self.take(element["eventId"], element)
        return web.json_response({"elements": [{"status": 201} for _ in elements]})


def faults_of(element: dict[str, Any]) -> Iterator[str]:
    """What the schema has against it. What a value means is not looked at."""
    yield from unknown("", element, FIELDS)
    if not str(element.get("conversion", "")).startswith(URN):
        yield "/conversion :: Invalid Urn format. Invalid prefix."
    if not isinstance(element.get("conversionHappenedAt"), int):
        yield "/conversionHappenedAt :: field is required but not found and has no default value"
    money = element.get("conversionValue")
    if money is not None:
        yield from unknown("/conversionValue", money, {"currencyCode", "amount"})
        if not re.fullmatch(r"\d+(\.\d+)?", str(money.get("amount", ""))):
            yield "/conversionValue/amount :: field is required but not found"
        if not isinstance(money.get("amount"), str) or not money.get("currencyCode"):
            yield "/conversionValue/currencyCode :: field is required but not found"
    yield from faults_of_user(element.get("user"))


def faults_of_user(user: Any) -> Iterator[str]:
    """The list of ids must be there, even empty."""
    if not isinstance(user, dict) or not isinstance(user.get("userIds"), list):
        yield "/user/userIds :: field is required but not found and has no default value"
        return
    yield from unknown("/user", user, USER)
    for place, one in enumerate(user["userIds"]):
        if one.get("idType") not in ID_TYPES:
            yield f'/user/userIds/{place}/idType :: "{one.get("idType")}" is not an enum symbol'
        if one.get("idType") == "SHA256_EMAIL" and not is_hash(one.get("idValue")):
            yield f"/user/userIds/{place}/idValue :: is not a SHA-256"
    info = user.get("userInfo")
    if info is not None:
        yield from unknown("/user/userInfo", info, INFO)
        for name in ("firstName", "lastName"):
            if not info.get(name):
                yield f"/user/userInfo/{name} :: field is required but not found"


def unknown(path: str, found: dict[str, Any], fields: set[str]) -> Iterator[str]:
    """Fields that the schema does not have."""
    for name in found.keys() - fields:
        yield f"{path}/{name} :: unrecognized field found but not allowed"


def wrong(place: int, what: str) -> str:
    """The words of a 400."""
    return f"Incorrect conversions information provided. {what}, indices [{place}] (0-indexed)"


def fault(status: int, message: str, **more: object) -> web.Response:
    """An error: two fields, or four where the token is wrong."""
    return web.json_response({"status": status, **more, "message": message}, status=status)
