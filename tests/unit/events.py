"""Events for tests: a least one, and random ones of few sessions and stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from msgspec.structs import replace

from collector.event import Event, FunnelStage, SourceType
from collector.event_row import EventRow, make_row

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

LEAST = Event(
    id=UUID(int=1),
    user_id=None,
    external_user_id=None,
    session_id="s1",
    visitor_id=None,
    event_type="page_view",
    event_name="Page",
    sequence=None,
    funnel_stage=None,
    is_bot=False,
    utm_source=None,
    utm_medium=None,
    utm_campaign=None,
    utm_term=None,
    utm_content=None,
    source_type=SourceType.DIRECT,
    channel="Direct",
    channel_rule="direct",
    click_ids=None,
    referrer=None,
    page_url=None,
    page_title=None,
    form_data=None,
    conversion_value=None,
    currency="USD",
    order_id=None,
    converted=False,
    ga_client_id=None,
    ga_session_id=None,
    stripe_session_id=None,
    stripe_customer_id=None,
    device_type=None,
    browser=None,
    os=None,
    user_agent=None,
    ip_address=None,
    stamp_verified=False,
    fb_pixel_id=None,
    fb_event_id=None,
    google_ads_click_id=None,
    linkedin_partner_id=None,
    metadata=None,
    truncated_fields=(),
    marks=(),
    request_id=None,
    occurred_at=None,
    sent_at=None,
    received_at=NOON,
)


def event(number: int = 1, minute: int = 0, **fields: Any) -> Event:
    """An event with this id, received so many minutes past noon."""
    return replace(
        LEAST, id=UUID(int=number), received_at=NOON + timedelta(minutes=minute), **fields
    )


def event_row(number: int = 1, minute: int = 0, **fields: Any) -> EventRow:
    """The row of such an event."""
    return make_row(event(number, minute, **fields))


def user(number: int) -> UUID:
    """One of a few users."""
    return UUID(int=1_000 + number)


@st.composite
def some_events(draw: st.DrawFn) -> list[Event]:
    """Up to a dozen events that meet in sessions, minutes, stages, users and ids.

    No two are of one session with one id.
    """
    count = draw(st.integers(1, 12))
    numbers = [draw(st.just(number) | st.integers(1, number)) for number in range(1, count + 1)]
    events = [draw(an_event(number)) for number in numbers]
    return list({(event.session_id, event.id): event for event in events}.values())


@st.composite
def an_event(draw: st.DrawFn, number: int) -> Event:
    """An event of few possible values, so that ties are common."""
    user_number = draw(st.none() | st.integers(0, 2))
    minutes_ago = draw(st.none() | st.integers(-2, 3))
    received_at = NOON + timedelta(minutes=draw(st.integers(0, 3)))
    stage = draw(st.none() | st.sampled_from(FunnelStage))
    return replace(
        LEAST,
        id=UUID(int=number),
        session_id=draw(st.sampled_from(["a", "B", "é"])),
        user_id=None if user_number is None else user(user_number),
        external_user_id=None if user_number is None else f"user {user_number}",
        funnel_stage=stage,
        converted=stage is not None and draw(st.booleans()),
        order_id=draw(st.sampled_from([None, "R1", "R1", "r2"])),
        stripe_session_id=draw(st.sampled_from([None, None, None, "R1"])),
        page_url=draw(st.sampled_from([None, "https://www.example.com/"])),
        is_bot=draw(st.sampled_from([False, False, False, True])),
        utm_source=draw(st.sampled_from([None, "google", "bing"])),
        channel=draw(st.sampled_from(["Direct", "Paid Search"])),
        conversion_value=draw(st.none() | st.sampled_from([Decimal("0.00"), Decimal("9.99")])),
        currency=draw(st.sampled_from(["USD", "EUR"])),
        occurred_at=None if minutes_ago is None else NOON - timedelta(minutes=minutes_ago),
        received_at=received_at,
    )
