"""What is stored: one frozen value an event, and the closed sets its fields draw from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct


class SourceType(StrEnum):
    """The coarse class of a traffic source (docs/channels.md)."""

    PAID = "paid"
    ORGANIC = "organic"
    DIRECT = "direct"
    REFERRAL = "referral"
    SOCIAL = "social"


class FunnelStage(StrEnum):
    """The eight stages of the funnel, in their order (docs/funnel.md)."""

    VISITED_HOMEPAGE = "visited_homepage"
    VISITED_PRICING = "visited_pricing"
    VISITED_DOCS = "visited_docs"
    STARTED_SIGNUP = "started_signup"
    COMPLETED_SIGNUP = "completed_signup"
    STARTED_CHECKOUT = "started_checkout"
    COMPLETED_CHECKOUT = "completed_checkout"
    SUBSCRIPTION_CREATED = "subscription_created"


class Mark(StrEnum):
    """What was read differently from what was sent (docs/data.md#marks)."""

    ADDRESS_REDACTED = "address_redacted"
    VALUE_ROUNDED = "value_rounded"
    CLOCK_CORRECTED = "clock_corrected"
    TIME_NOT_BELIEVED = "time_not_believed"
    TIME_UNREADABLE = "time_unreadable"
    PLACEHOLDER_ID = "placeholder_id"
    FORM_MENDED = "form_mended"
    CONSENT_UNREADABLE = "consent_unreadable"
    USER_DATA_UNREADABLE = "user_data_unreadable"


class RequestContext(Struct, frozen=True):
    """What the request itself says, beside its body."""

    client_ip: str | None
    stamp_verified: bool
    received_at: datetime
    user_agent: str | None
    request_id: str | None
    endpoint: str = "/v1/events/track"
    content_type: str | None = None
    gpc: bool | None = None  # Global Privacy Control: None where the header was absent
    stored_ip: str | None = None  # what of client_ip is written anywhere (client_ip.py)


# Struct: made in C, frozen, and what is None stays out of its JSON. It can be in no cycle.
class Event(Struct, frozen=True, omit_defaults=True, gc=False):
    """A row of conversion_events: the same names (docs/data.md), those that every row has first.

    The last, user_data, is none of its columns (EVENT_COLUMNS).

    So it can be made of its values in their order: Python puts more than fifteen named ones into
    a dictionary first, and msgspec looks each name up, which is a tenth of the work for an event.
    """

    id: UUID
    session_id: str
    event_type: str
    event_name: str
    is_bot: bool
    source_type: SourceType
    channel: str
    channel_rule: str
    currency: str
    converted: bool
    stamp_verified: bool
    received_at: datetime
    user_id: UUID | None = None
    external_user_id: str | None = None
    visitor_id: str | None = None
    sequence: int | None = None
    funnel_stage: FunnelStage | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    click_ids: Mapping[str, str] | None = None
    referrer: str | None = None
    page_url: str | None = None
    page_title: str | None = None
    form_data: Mapping[str, Any] | None = None
    conversion_value: Decimal | None = None
    order_id: str | None = None
    ga_client_id: str | None = None
    ga_session_id: str | None = None
    stripe_session_id: str | None = None
    stripe_customer_id: str | None = None
    device_type: str | None = None
    browser: str | None = None
    os: str | None = None
    user_agent: str | None = None
    ip_address: str | None = None
    fb_pixel_id: str | None = None
    fb_event_id: str | None = None
    google_ads_click_id: str | None = None
    linkedin_partner_id: str | None = None
    metadata: Mapping[str, Any] | None = None
    truncated_fields: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    request_id: str | None = None
    occurred_at: datetime | None = None
    sent_at: datetime | None = None
    gpc: bool | None = None
    consent: Mapping[str, str] | None = None
    user_data: Mapping[str, str] | None = None


# Of the fields, those that are columns. user_data is none: it goes with the row as far as Postgres,
# and waits there with a conversion alone, until that is sent (docs/privacy.md#user-data).
EVENT_COLUMNS = Event.__struct_fields__[:-1]
