"""The requests, as in "Request Schema"."""

from typing import Any

from pydantic import BaseModel


class UTMParams(BaseModel):
    """The campaign parameters."""

    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


class ConversionEventRequest(BaseModel):
    """The body of POST /v1/events/track."""

    session_id: str
    user_id: str | None = None
    event_type: str
    event_name: str
    utm_params: UTMParams | None = None
    page_url: str | None = None
    page_title: str | None = None
    referrer: str | None = None
    form_data: dict[str, Any] | None = None
    conversion_value: float | None = None
    currency: str | None = "USD"
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
