"""The wire contract: what the endpoints accept (README, The contract).

The fields and their names are those of the original service's requests, with those that
this contract adds (docs/data.md). Unknown fields are ignored and counted: an old collector
must not lose a new tracker's events. JSON schema comes out of the models.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from collector.contract.consent import CONSENT
from collector.contract.fields import (
    CLICK_IDS,
    CURRENCY_CODE,
    EVENT_ID,
    LONG_TEXT,
    MONEY,
    OBJECT,
    OBJECT_FIELD_TYPES,
    SEQUENCE,
    STAGE,
    TIME,
    UTM_PARAMS,
    foreign_id,
    identifier,
    required_identifier,
    required_text,
    text,
)
from collector.contract.user_data import USER_DATA
from collector.event import FunnelStage, Mark

MAX_BATCH_EVENTS = 500
MAX_BATCH_VALUES = 50_000  # texts, numbers and so on: a hundred for each event
MAX_LOOSE_BATCH_VALUES = 10_000  # of one that is no JSON by the strict standard (NaN)


# How many characters of each campaign tag are stored.
TAG_LENGTHS = {
    "utm_source": 100,
    "utm_medium": 100,
    "utm_campaign": 255,
    "utm_term": 255,
    "utm_content": 255,
}


class UTMParams(BaseModel):
    """The five campaign parameters."""

    utm_source: Annotated[str | None, text(TAG_LENGTHS["utm_source"])] = None
    utm_medium: Annotated[str | None, text(TAG_LENGTHS["utm_medium"])] = None
    utm_campaign: Annotated[str | None, text(TAG_LENGTHS["utm_campaign"])] = None
    utm_term: Annotated[str | None, text(TAG_LENGTHS["utm_term"])] = None
    utm_content: Annotated[str | None, text(TAG_LENGTHS["utm_content"])] = None


class SessionRequest(BaseModel):
    """What the bodies of track and funnel share, and what reading one found out."""

    # Not fields: they cannot be sent, and cost nothing where there is nothing to say.
    cut: ClassVar[tuple[str, ...]] = ()  # fields that were cut to their column
    marks: ClassVar[tuple[Mark, ...]] = ()  # what was read differently from what was sent
    unknown: ClassVar[int] = 0  # how many fields the contract does not know

    session_id: Annotated[str, required_identifier(255)]  # empty: not known
    user_id: Annotated[str | None, identifier(255)] = None
    event_id: Annotated[UUID | None, EVENT_ID] = None
    utm_params: Annotated[UTMParams | None, UTM_PARAMS] = None
    conversion_value: Annotated[Decimal | None, MONEY] = None
    currency: Annotated[str | None, CURRENCY_CODE] = None
    order_id: Annotated[str | None, identifier(255)] = None
    stripe_session_id: Annotated[str | None, foreign_id(255)] = None


class ConversionEventRequest(SessionRequest):
    """The body of POST /v1/events/track."""

    event_type: Annotated[str, required_text(100)]
    event_name: Annotated[str, required_text(255)]
    occurred_at: Annotated[datetime | None, TIME] = None
    sent_at: Annotated[datetime | None, TIME] = None
    sequence: Annotated[int | None, SEQUENCE] = None
    visitor_id: Annotated[str | None, identifier(255)] = None
    click_ids: Annotated[dict[str, str] | None, CLICK_IDS] = None
    page_url: Annotated[str | None, LONG_TEXT] = None
    page_title: Annotated[str | None, text(500)] = None
    referrer: Annotated[str | None, LONG_TEXT] = None
    form_data: Annotated[dict[str, Any] | None, OBJECT] = None
    ga_client_id: Annotated[str | None, foreign_id(255)] = None
    ga_session_id: Annotated[str | None, foreign_id(255)] = None
    stripe_customer_id: Annotated[str | None, foreign_id(255)] = None
    device_type: Annotated[str | None, text(50)] = None
    browser: Annotated[str | None, text(100)] = None
    os: Annotated[str | None, text(100)] = None
    fb_pixel_id: Annotated[str | None, foreign_id(255)] = None
    fb_event_id: Annotated[str | None, foreign_id(255)] = None
    google_ads_click_id: Annotated[str | None, foreign_id(255)] = None
    linkedin_partner_id: Annotated[str | None, foreign_id(255)] = None
    metadata: Annotated[dict[str, Any] | None, OBJECT] = None
    consent: Annotated[dict[str, str] | None, CONSENT] = None
    user_data: Annotated[dict[str, str] | None, USER_DATA] = None


# The fields that are JSON objects.
OBJECT_FIELDS = frozenset(
    name
    for name, field in ConversionEventRequest.model_fields.items()
    if field.metadata[0] in (*OBJECT_FIELD_TYPES, CONSENT, USER_DATA)
)


class FunnelStageRequest(SessionRequest):
    """The body of POST /v1/events/funnel: a stage, stated outright."""

    stage: Annotated[FunnelStage, STAGE]


class BatchRequest(BaseModel):
    """The body of POST /v1/events/batch. Each event is checked, and answered, by itself."""

    events: Annotated[
        list[ConversionEventRequest], Field(min_length=1, max_length=MAX_BATCH_EVENTS)
    ]


# The query of GET /v1/events/pixel.gif: the fields of track, none of which must be there,
# and the campaign parameters also by themselves.
_OPTIONAL: dict[str, Any] = {
    name: (Annotated[str, *field.metadata], None)
    for name, field in ConversionEventRequest.model_fields.items()
    if field.is_required()
}
PixelQuery = create_model(
    "PixelQuery",
    __base__=(ConversionEventRequest, UTMParams),
    __doc__="The query of GET /v1/events/pixel.gif.",
    **_OPTIONAL,
)

R = TypeVar("R", ConversionEventRequest, FunnelStageRequest)
