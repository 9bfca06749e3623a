"""The wire contract: what the endpoints accept (design: The wire contract).

The fields and their names are the specification's ConversionEventRequest, with
those that the contract adds. Unknown fields are ignored and counted: an old
collector must not lose a new tracker's events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict

from collector.contract.fields import (
    CLICK_IDS,
    CURRENCY_CODE,
    EVENT_ID,
    LONG_TEXT,
    MONEY,
    OBJECT,
    SEQUENCE,
    STAGE,
    TIME,
    Fault,
    Field,
    identifier,
    required_text,
    text,
)
from collector.errors import FieldError, InvalidEvent
from collector.event import FunnelStage

UTM_CONTRACT: Mapping[str, Field] = {
    "utm_source": text(100),
    "utm_medium": text(100),
    "utm_campaign": text(255),
    "utm_term": text(255),
    "utm_content": text(255),
}

SHARED_CONTRACT: Mapping[str, Field] = {
    "session_id": required_text(255),
    "user_id": identifier(255),
    "event_id": EVENT_ID,
    "conversion_value": MONEY,
    "currency": CURRENCY_CODE,
}


class UTMParams(Struct, frozen=True):
    """The five campaign parameters."""

    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


class TrackPayload(Struct, frozen=True):
    """The body of POST /v1/events/track, and what reading it found out."""

    contract: ClassVar[Mapping[str, Field]] = {
        **SHARED_CONTRACT,
        "event_type": required_text(100),
        "event_name": required_text(255),
        "occurred_at": TIME,
        "sent_at": TIME,
        "sequence": SEQUENCE,
        "order_id": identifier(255),
        "visitor_id": identifier(255),
        "click_ids": CLICK_IDS,
        "page_url": LONG_TEXT,
        "page_title": text(500),
        "referrer": LONG_TEXT,
        "form_data": OBJECT,
        "ga_client_id": text(255),
        "ga_session_id": text(255),
        "stripe_session_id": text(255),
        "stripe_customer_id": text(255),
        "device_type": text(50),
        "browser": text(100),
        "os": text(100),
        "fb_pixel_id": text(255),
        "fb_event_id": text(255),
        "google_ads_click_id": text(255),
        "linkedin_partner_id": text(255),
        "metadata": OBJECT,
    }
    required: ClassVar[tuple[str, ...]] = ("session_id", "event_type", "event_name")

    session_id: str
    event_type: str
    event_name: str
    user_id: str | None = None
    event_id: UUID | None = None
    utm_params: UTMParams | None = None
    conversion_value: Decimal | None = None
    currency: str | None = None
    occurred_at: datetime | None = None
    sent_at: datetime | None = None
    sequence: int | None = None
    order_id: str | None = None
    visitor_id: str | None = None
    click_ids: dict[str, str] | None = None
    page_url: str | None = None
    page_title: str | None = None
    referrer: str | None = None
    form_data: dict[str, Any] | None = None
    ga_client_id: str | None = None
    ga_session_id: str | None = None
    stripe_session_id: str | None = None
    stripe_customer_id: str | None = None
    device_type: str | None = None
    browser: str | None = None
    os: str | None = None
    fb_pixel_id: str | None = None
    fb_event_id: str | None = None
    google_ads_click_id: str | None = None
    linkedin_partner_id: str | None = None
    metadata: dict[str, Any] | None = None
    cut: tuple[str, ...] = ()  # fields that were cut to their column
    unknown: int = 0  # how many fields the contract does not know


class FunnelPayload(Struct, frozen=True):
    """The body of POST /v1/events/funnel: a stage, stated outright."""

    contract: ClassVar[Mapping[str, Field]] = {**SHARED_CONTRACT, "stage": STAGE}
    required: ClassVar[tuple[str, ...]] = ("session_id", "stage")

    session_id: str
    stage: FunnelStage
    user_id: str | None = None
    event_id: UUID | None = None
    utm_params: UTMParams | None = None
    conversion_value: Decimal | None = None
    currency: str | None = None
    cut: tuple[str, ...] = ()
    unknown: int = 0

    def as_event(self) -> TrackPayload:
        """The event that stands for the stage: its type and name are the stage's."""
        shared = asdict(self)
        stage = shared.pop("stage").value
        return TrackPayload(**shared, event_type=stage, event_name=stage)


P = TypeVar("P", TrackPayload, FunnelPayload)


def parse_payload(model: type[P], body: Mapping[str, Any]) -> P:
    """A JSON object as a payload.

    Raises InvalidEvent that names every broken field at once.
    """
    cut: list[str] = []
    found, errors, unknown = parse_fields(model.contract, body, cut)
    if "utm_params" in unknown:
        unknown.remove("utm_params")
        found["utm_params"] = parse_utm(body["utm_params"], errors, unknown, cut)
    blamed = {error.field for error in errors}
    missing = [name for name in model.required if name not in found and name not in blamed]
    if errors or missing:
        errors += [FieldError(name, "must be there") for name in missing]
        raise InvalidEvent("The event breaks the contract.", tuple(errors))
    return model(**found, cut=tuple(cut), unknown=len(unknown))


def parse_fields(
    contract: Mapping[str, Field], body: Mapping[str, Any], cut: list[str]
) -> tuple[dict[str, Any], list[FieldError], list[str]]:
    """The fields of an object by a contract; null is absent.

    Returns what they are parsed to, what is wrong, never with the value, which may be a
    person's, and the names that the contract does not know. Names of cut fields go to `cut`.
    """
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    unknown: list[str] = []
    for name, value in body.items():
        field = contract.get(name)
        if field is None:
            unknown.append(name)
        elif value is not None:
            try:
                found[name] = field.parse(value, name, cut)
            except Fault as fault:
                errors.append(FieldError(name, str(fault)))
    return found, errors, unknown


def parse_utm(
    value: object, errors: list[FieldError], unknown: list[str], cut: list[str]
) -> UTMParams | None:
    """utm_params, which is an object itself; what is found out goes to the lists."""
    if value is None:
        return None
    if not isinstance(value, dict):
        errors.append(FieldError("utm_params", "must be a JSON object"))
        return None
    found, broken, strange = parse_fields(UTM_CONTRACT, value, cut)
    errors += [FieldError(f"utm_params.{error.field}", error.message) for error in broken]
    unknown += strange
    return UTMParams(**found)
