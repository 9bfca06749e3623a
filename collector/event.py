"""What is stored: one frozen value an event, and the closed sets its fields draw from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from collector.channel import SourceType
from collector.values import frozen_value


class FunnelStage(StrEnum):
    """The eight stages of the funnel, in their order (design: Funnel)."""

    VISITED_HOMEPAGE = "visited_homepage"
    VISITED_PRICING = "visited_pricing"
    VISITED_DOCS = "visited_docs"
    STARTED_SIGNUP = "started_signup"
    COMPLETED_SIGNUP = "completed_signup"
    STARTED_CHECKOUT = "started_checkout"
    COMPLETED_CHECKOUT = "completed_checkout"
    SUBSCRIPTION_CREATED = "subscription_created"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What the request itself says, beside its body."""

    client_ip: str | None
    stamp_verified: bool
    received_at: datetime
    user_agent: str | None
    request_id: str | None
    endpoint: str = "/v1/events/track"
    content_type: str | None = None


@frozen_value
class Event:
    """A row of conversion_events: the same names, the same order (docs/data.md)."""

    id: UUID
    user_id: UUID | None
    external_user_id: str | None
    session_id: str
    visitor_id: str | None
    event_type: str
    event_name: str
    sequence: int | None
    funnel_stage: FunnelStage | None
    is_bot: bool
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    source_type: SourceType
    channel: str
    channel_rule: str
    click_ids: Mapping[str, str] | None
    referrer: str | None
    page_url: str | None
    page_title: str | None
    form_data: Mapping[str, Any] | None
    conversion_value: Decimal | None
    currency: str
    order_id: str | None
    converted: bool
    ga_client_id: str | None
    ga_session_id: str | None
    stripe_session_id: str | None
    stripe_customer_id: str | None
    device_type: str | None
    browser: str | None
    os: str | None
    user_agent: str | None
    ip_address: str | None
    stamp_verified: bool
    fb_pixel_id: str | None
    fb_event_id: str | None
    google_ads_click_id: str | None
    linkedin_partner_id: str | None
    metadata: Mapping[str, Any] | None
    truncated_fields: tuple[str, ...]
    request_id: str | None
    occurred_at: datetime | None
    sent_at: datetime | None
    received_at: datetime
