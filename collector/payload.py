"""The wire contract: what the endpoints accept (design: The wire contract).

The fields and their names are the specification's ConversionEventRequest, with
those that the contract adds. Unknown fields are ignored and counted: an old
collector must not lose a new tracker's events.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from collector.errors import FieldError, InvalidEvent
from collector.event import FunnelStage
from collector.fields import (
    ClickIds,
    Currency,
    EventId,
    Id255,
    JsonObject,
    LongText,
    Money,
    Required100,
    Required255,
    Sequence,
    Text50,
    Text100,
    Text255,
    Text500,
    Time,
)


class Payload(BaseModel):
    """What the payloads share."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class UTMParams(Payload):
    """The five campaign parameters."""

    utm_source: Text100 = None
    utm_medium: Text100 = None
    utm_campaign: Text255 = None
    utm_term: Text255 = None
    utm_content: Text255 = None


class EventPayload(Payload):
    """What both requests may say of an event, and what reading it found out."""

    session_id: Required255
    user_id: Id255 = None
    event_id: EventId = None
    utm_params: UTMParams | None = None
    conversion_value: Money = None
    currency: Currency = None

    _cut: tuple[str, ...] = PrivateAttr(default=())
    _unknown: int = PrivateAttr(default=0)

    @property
    def cut(self) -> tuple[str, ...]:
        """The names of the fields that were cut to their column."""
        return self._cut

    @property
    def unknown(self) -> int:
        """How many fields the contract does not know."""
        return self._unknown


class TrackPayload(EventPayload):
    """The body of POST /v1/events/track."""

    event_type: Required100
    event_name: Required255
    occurred_at: Time = None
    sent_at: Time = None
    sequence: Sequence = None
    order_id: Id255 = None
    visitor_id: Id255 = None
    click_ids: ClickIds = None
    page_url: LongText = None
    page_title: Text500 = None
    referrer: LongText = None
    form_data: JsonObject = None
    ga_client_id: Text255 = None
    ga_session_id: Text255 = None
    stripe_session_id: Text255 = None
    stripe_customer_id: Text255 = None
    device_type: Text50 = None
    browser: Text100 = None
    os: Text100 = None
    fb_pixel_id: Text255 = None
    fb_event_id: Text255 = None
    google_ads_click_id: Text255 = None
    linkedin_partner_id: Text255 = None
    metadata: JsonObject = None


class FunnelPayload(EventPayload):
    """The body of POST /v1/events/funnel: a stage, stated outright."""

    stage: FunnelStage

    def as_event(self) -> TrackPayload:
        """The event that stands for the stage: its type and name are the stage's."""
        shared = {name: getattr(self, name) for name in EventPayload.model_fields}
        stage = self.stage.value
        event = TrackPayload.model_construct(**shared, event_type=stage, event_name=stage)
        event._cut = self._cut
        return event


P = TypeVar("P", bound=EventPayload)


def parse_payload(model: type[P], body: dict[str, Any]) -> P:
    """A JSON object as a payload.

    Raises InvalidEvent that names every broken field at once.
    """
    cut: list[str] = []
    try:
        payload = model.model_validate(body, context={"cut": cut})
    except ValidationError as error:
        raise InvalidEvent("The event breaks the contract.", field_errors(error)) from None
    payload._cut = tuple(cut)
    payload._unknown = count_unknown(model, body)
    return payload


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """Each broken field by its path, never with its value: it may be a person's."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(FieldError(".".join(map(str, e["loc"])), e["msg"]) for e in found)


def count_unknown(model: type[EventPayload], body: dict[str, Any]) -> int:
    """How many fields of the body, and of its utm_params, the contract does not know."""
    count = len(body.keys() - model.model_fields.keys())
    utm_params = body.get("utm_params")
    if isinstance(utm_params, dict):
        count += len(utm_params.keys() - UTMParams.model_fields.keys())
    return count
