"""What happens to an event: classified, inserted, its funnel upserted, committed."""

import json
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.spec_design.schemas import ConversionEventRequest, UTMParams

STAGES = (
    "visited_homepage",
    "visited_pricing",
    "visited_docs",
    "started_signup",
    "completed_signup",
    "started_checkout",
    "completed_checkout",
    "subscription_created",
)
# "Standard Funnel".
PAGE_VIEWS = {"/": STAGES[0], "/pricing": STAGES[1], "/documentation": STAGES[2]}
EVENT_TYPES = {
    "signup": "completed_signup",
    "checkout_start": "started_checkout",
    "checkout_complete": "completed_checkout",
    **{stage: stage for stage in STAGES},
}

INSERT_EVENT = text("""
    INSERT INTO conversion_events (
        user_id, session_id, event_type, event_name,
        utm_source, utm_medium, utm_campaign, utm_term, utm_content, source_type, referrer,
        page_url, page_title, form_data, conversion_value, currency,
        ga_client_id, ga_session_id, converted, stripe_session_id, stripe_customer_id,
        device_type, browser, os, ip_address,
        fb_pixel_id, fb_event_id, google_ads_click_id, linkedin_partner_id, metadata,
        created_at, updated_at
    ) VALUES (
        :user_id, :session_id, :event_type, :event_name,
        :utm_source, :utm_medium, :utm_campaign, :utm_term, :utm_content, :source_type, :referrer,
        :page_url, :page_title, CAST(:form_data AS jsonb), :conversion_value, :currency,
        :ga_client_id, :ga_session_id, :converted, :stripe_session_id, :stripe_customer_id,
        :device_type, :browser, :os, :ip_address,
        :fb_pixel_id, :fb_event_id, :google_ads_click_id, :linkedin_partner_id,
        CAST(:metadata AS jsonb), NOW(), NOW()
    ) RETURNING id
""")


def track_event(event: ConversionEventRequest, ip_address: str | None, db: Session) -> str:
    """Insert an event, upsert its funnel, commit. Returns the event's id."""
    utm = event.utm_params or UTMParams()
    stage = find_stage(event)
    values = {
        **event.model_dump(exclude={"utm_params", "form_data", "metadata"}),
        **utm.model_dump(),
        "form_data": json.dumps(event.form_data) if event.form_data else None,
        "metadata": json.dumps(event.metadata) if event.metadata else None,
        "source_type": classify_traffic_source(event.utm_params, event.referrer),
        "converted": stage == "subscription_created",
        "ip_address": ip_address,
    }
    event_id = db.execute(INSERT_EVENT, values).scalar_one()
    if stage:
        update_conversion_funnel(event, utm, stage, db)
    db.commit()
    return str(event_id)


def update_conversion_funnel(
    event: ConversionEventRequest, utm_params: UTMParams, stage_column: str, db: Session
) -> None:
    """The description's upsert."""
    query = text(f"""
        INSERT INTO conversion_funnel (
            session_id, user_id, {stage_column},
            utm_source, utm_medium, utm_campaign,
            converted, conversion_value, created_at, updated_at
        ) VALUES (
            :session_id, :user_id, TRUE,
            :utm_source, :utm_medium, :utm_campaign,
            :converted, :conversion_value, NOW(), NOW()
        )
        ON CONFLICT (session_id) DO UPDATE SET
            {stage_column} = TRUE,
            user_id = COALESCE(conversion_funnel.user_id, :user_id),
            converted = :converted,
            conversion_value = :conversion_value,
            updated_at = NOW()
    """)  # noqa: S608  # the column is one of STAGES
    values = {
        "session_id": event.session_id,
        "user_id": event.user_id,
        "utm_source": utm_params.utm_source,
        "utm_medium": utm_params.utm_medium,
        "utm_campaign": utm_params.utm_campaign,
        "converted": stage_column == "subscription_created",
        "conversion_value": event.conversion_value,
    }
    db.execute(query, values)


def find_stage(event: ConversionEventRequest) -> str | None:
    """The stage that an event reaches by the Standard Funnel, or by its own name."""
    path = urlsplit(event.page_url or "").path
    if event.event_type == "page_view":
        return PAGE_VIEWS.get(path)
    if event.event_type == "form_submit" and path == "/signup":
        return "started_signup"
    return EVENT_TYPES.get(event.event_type)


def classify_traffic_source(utm_params: UTMParams | None, referrer: str | None) -> str:
    """The description's rules: substrings."""
    if utm_params:
        medium, source = (
            (utm_params.utm_medium or "").lower(),
            (utm_params.utm_source or "").lower(),
        )
        if any(term in medium for term in ("cpc", "ppc", "paid", "ad")):
            return "paid"
        if any(term in source for term in ("google", "bing", "search")):
            return "organic"
    if referrer:
        if any(domain in referrer.lower() for domain in ("google.com", "bing.com")):
            return "organic"
        if any(
            domain in referrer.lower() for domain in ("facebook.com", "twitter.com", "linkedin.com")
        ):
            return "social"
        return "referral"
    return "direct"
