"""A conversion, as the tests of platforms have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from collector.conversions.conversion import Conversion

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
GRANTED = {
    "ad_user_data": "granted",
    "ad_personalization": "denied",
    "analytics_storage": "granted",
}
PERSON = {
    "email": " John.Smith@gmail.com ",
    "phone": "+1 (650) 555-1212",
    "first_name": "Mary",
    "last_name": "O'Neill",
    "street": "1 Main St.",
    "city": "San Francisco",
    "region": "CA",
    "postal_code": "94103-1234",
    "country": "US",
}
PURCHASE = Conversion(
    event_id=UUID("0196f3a0-0000-7000-8000-000000000001"),
    session_id="a-session",
    event_type="purchase",
    name="Purchase",
    happened_at=NOW,
    currency="EUR",
    value=Decimal("49.90"),
    order="A-1",
    page_url="https://shop.example/thanks?order=A-1#top",
    referrer="https://shop.example/checkout",
    user_agent="Mozilla/5.0",
    ip_address="203.0.113.7",
    user_id="u-1",
    visitor_id="v-1",
    ga_client_id="1234567.7654321",
    ga_session_id="1700000000",
    fbp="fb.1.1700000000000.123",
    fbc="fb.1.1700000000000.AbC-d_E.AQEAAQMB",
    click_ids={"fbclid": "AbC-d_E", "gclid": "Cj0KCQ", "li_fat_id": "li-1", "ttclid": "T-1"},
    consent=GRANTED,
    user_data=PERSON,
)


def purchase(**changes: Any) -> Conversion:
    """A purchase of which everything is known, but for what is changed."""
    return replace(PURCHASE, **changes)


def stranger(**changes: Any) -> Conversion:
    """One of which nothing is known that says whose it is."""
    ids = ("ip_address", "user_id", "visitor_id", "ga_client_id", "ga_session_id", "fbp", "fbc")
    nothing: dict[str, Any] = dict.fromkeys(ids)
    return purchase(**{**nothing, "click_ids": {}, "user_data": {}, **changes})
