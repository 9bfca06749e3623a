"""Google's Data Manager API, with Google's own messages as its schema, and its tokens."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from google.ads.datamanager_v1 import IngestEventsRequest
from google.auth import jwt
from google.protobuf.json_format import Parse, ParseError

from tests.platforms.stand_in import Mood, StandIn, is_hash

CUSTOMER, ACTION, PROPERTY, STREAM = "1234567890", "555", "987654", "G-TEST1234"
REFRESH_TOKEN = "a-refresh-token"
SCOPE = "https://www.googleapis.com/auth/datamanager"
DOMAIN = "datamanager.googleapis.com"

Violation = tuple[str, str]


class GoogleStandIn(StandIn):
    """A project with the API on, an ad account and a property."""

    def __init__(self, public_key: str = "") -> None:
        super().__init__()
        self.public_key = public_key  # of the service account, as PEM
        self.api_is_on = True
        self.quota = "IngestionMutateRequestsPerMinutePerProject"
        self.tokens: set[str] = set()
        self.numbers = itertools.count(1)

    def user_file(self, path: Path) -> str:
        """An authorized user's credentials, as a reference to their file."""
        info = {
            "type": "authorized_user",
            "client_id": "a-client",
            "client_secret": "its-secret",
            "refresh_token": REFRESH_TOKEN,
        }
        path.write_text(json.dumps(info))
        return f"file:{path}"

    def service_file(self, path: Path, private_key: str) -> str:
        """A service account's key, as a reference to its file."""
        info = {
            "type": "service_account",
            "client_email": "sender@project.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": private_key,
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        path.write_text(json.dumps(info))
        return f"file:{path}"

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        """Tokens, or events."""
        if self.mood is Mood.AWAY:
            return fault(503, "UNAVAILABLE", "The service is currently unavailable.")
        if request.path == "/token":
            return self.answer_token(body.decode())
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.mood is Mood.REVOKED or token not in self.tokens:
            return fault(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if self.mood is Mood.BUSY:
            info = error_info("RATE_LIMIT_EXCEEDED", quota_limit=self.quota)
            return fault(429, "RESOURCE_EXHAUSTED", "Quota exceeded", info)
        if not self.api_is_on:
            url = "https://console.developers.google.com/apis/api/datamanager.googleapis.com"
            info = error_info("SERVICE_DISABLED", "googleapis.com", activationUrl=url)
            return fault(403, "PERMISSION_DENIED", "Data Manager API has not been used", info)
        if request.method != "POST" or request.path != "/v1/events:ingest":
            return fault(404, "NOT_FOUND", "Method not found.")
        return self.answer_events(body)

    def answer_token(self, form: str) -> web.Response:
        """What oauth2.googleapis.com says to a refresh token, or to a signed assertion."""
        asked = dict(parse_qsl(form))
        if self.mood is Mood.REVOKED or not (
            asked.get("refresh_token") == REFRESH_TOKEN or self.is_signed(asked.get("assertion"))
        ):
            refused = {"error": "invalid_grant", "error_description": "Bad Request"}
            return web.json_response(refused, status=400)
        token = f"token-{next(self.numbers)}"
        self.tokens.add(token)
        return web.json_response(
            {"access_token": token, "expires_in": 3599, "token_type": "Bearer", "scope": SCOPE}
        )

    def is_signed(self, assertion: str | None) -> bool:
        """Whether the service account has signed it, for this API."""
        if not assertion:
            return False
        claims = jwt.decode(assertion, certs=self.public_key, verify=True)  # type: ignore[no-untyped-call]
        return bool(claims["scope"] == SCOPE)

    def answer_events(self, body: bytes) -> web.Response:
        """All or none, and every fault is named."""
        request_id = f"request-{next(self.numbers)}"
        try:
            message = Parse(body, IngestEventsRequest.pb()())
        except ParseError as error:
            return invalid(request_id, [(f"{error}", "INVALID_FORMAT")])
        violations = [*self.faults_of(message)]
        if violations:
            return invalid(request_id, violations)
        sent = json.loads(body)
        for event in sent["events"]:
            for place in event.get("destinationReferences", [STREAM]):
                self.take((place, event["transactionId"]), event)
        return web.json_response({"requestId": request_id})

    def faults_of(self, message: Any) -> Iterator[Violation]:
        """What is wrong with the request, then with its events."""
        references = {destination.reference for destination in message.destinations}
        if not 0 < len(message.destinations) <= 10:
            yield "destinations", "TOO_MANY_DESTINATIONS"
        for place, destination in enumerate(message.destinations):
            known = {(CUSTOMER, ACTION), (PROPERTY, STREAM)}
            account = destination.operating_account
            if not account.account_type:
                yield f"destinations[{place}].operating_account", "REQUIRED_FIELD_MISSING"
            if (account.account_id, destination.product_destination_id) not in known:
                field = f"destinations[{place}].product_destination_id"
                yield field, "INVALID_CONVERSION_ACTION_ID"
        if not 0 < len(message.events) <= 2000:
            yield "events", "TOO_MANY_EVENTS"
        for place, event in enumerate(message.events):
            for field, reason in self.faults_of_event(event, references):
                yield f"events.events[{place}].{field}", reason

    def faults_of_event(self, event: Any, references: set[str]) -> Iterator[Violation]:
        """The fields that are wrong."""
        if not set(event.destination_references) <= references:
            yield "destination_references", "INVALID_FORMAT"
        if not event.HasField("event_timestamp") or not event.transaction_id:
            yield "event_timestamp", "REQUIRED_FIELD_MISSING"
        age = self.now() - event.event_timestamp.ToDatetime(tzinfo=UTC)
        if not timedelta(minutes=-1) <= age <= timedelta(days=90):
            yield "event_timestamp", "EVENT_TIME_INVALID"
        if event.HasField("conversion_value") and not re.fullmatch("[A-Z]{3}", event.currency):
            yield "currency", "INVALID_CURRENCY_CODE"
        yield from faults_of_identifiers(event)


def faults_of_identifiers(event: Any) -> Iterator[Violation]:
    """Whose it is."""
    clicks = [
        event.ad_identifiers.gclid,
        event.ad_identifiers.gbraid,
        event.ad_identifiers.wbraid,
    ]
    people = event.user_data.user_identifiers
    if event.event_name and not event.client_id:
        yield "client_id", "REQUIRED_FIELD_MISSING"
    if not event.event_name and not any(clicks) and not people:
        yield "user_data", "NO_IDENTIFIERS_PROVIDED"
    for place, person in enumerate(people):
        for reason in faults_of_person(person):
            yield f"user_data.user_identifiers[{place}]", reason


def faults_of_person(person: Any) -> Iterator[str]:
    """One identifier."""
    kind = person.WhichOneof("identifier")
    if kind != "address":
        if not is_hash(getattr(person, kind or "", None)):
            yield "INVALID_HEX_ENCODING"
        return
    address = person.address
    if not is_hash(address.given_name) or not is_hash(address.family_name):
        yield "INVALID_SHA256_FORMAT"
    if not re.fullmatch("[A-Z]{2}", address.region_code) or not address.postal_code:
        yield "REQUIRED_FIELD_MISSING"


def error_info(reason: str, domain: str = DOMAIN, **metadata: str) -> dict[str, Any]:
    """Google's machine-readable cause."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": domain, "metadata": metadata}


def invalid(request_id: str, violations: list[Violation]) -> web.Response:
    """INVALID_ARGUMENT with all violations."""
    listed = [
        {"field": field, "description": f"{reason} in {field}", "reason": reason}
        for field, reason in violations
    ]
    return fault(
        400,
        "INVALID_ARGUMENT",
        "There was a problem with the request.",
        error_info("INVALID_ARGUMENT", requestId=request_id),
        {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": request_id},
        {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": listed},
    )


def fault(status: int, name: str, message: str, *details: dict[str, Any]) -> web.Response:
    """An error of google.rpc's."""
    error = {"code": status, "status": name, "message": message, "details": list(details)}
    return web.json_response({"error": error}, status=status)
