"""A day of a small shop: what the tests of the reports work their answers out from.

session  channel      device   events (minutes past noon)
ads      Paid Search  mobile   / (0), /pricing (1), signup form (3), signup (4), checkout (6),
                               bought R1 for 30 EUR (10)
again    Direct       desktop  /docs (2), /pricing (3), bought R2 for 20 EUR and R3 for 9 USD (5)
bounce   Direct       mobile   / (4)
mail     Email        desktop  /pricing (5), / (6)
robot    Direct       desktop  / (7), a bot's
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from collector.event import Event, FunnelStage, SourceType
from tests.unit.events import event

ADS = {
    "session_id": "ads",
    "visitor_id": "ann",
    "source_type": SourceType.PAID,
    "channel": "Paid Search",
    "channel_rule": "paid_search",
    "utm_source": "Google",
    "utm_medium": "CPC",
    "utm_campaign": "spring",
    "referrer": "https://www.google.com/",
    "device_type": "mobile",
    "browser": "Chrome",
    "os": "Android",
}
AGAIN = {
    "session_id": "again",
    "visitor_id": "ann",
    "device_type": "desktop",
    "browser": "Firefox",
    "os": "Linux",
}
BOUNCE = {
    "session_id": "bounce",
    "visitor_id": "bob",
    "device_type": "mobile",
    "browser": "Chrome",
    "os": "Android",
}
MAIL = {
    "session_id": "mail",
    "source_type": SourceType.REFERRAL,
    "channel": "Email",
    "channel_rule": "email",
    "utm_source": "newsletter",
    "utm_medium": "email",
    "utm_campaign": "autumn",
    "device_type": "desktop",
    "browser": "Chrome",
    "os": "Windows",
}
ROBOT = {"session_id": "robot", "is_bot": True, "device_type": "desktop"}

PAGES = {
    "/": FunnelStage.VISITED_HOMEPAGE,
    "/pricing": FunnelStage.VISITED_PRICING,
    "/docs": FunnelStage.VISITED_DOCS,
}


def view(number: int, minute: int, path: str, **session: Any) -> Event:
    """A page view, and the stage that the page is."""
    return event(
        number,
        minute,
        page_url=f"https://www.example.com{path}",
        funnel_stage=PAGES.get(path),
        **session,
    )


def reach(number: int, minute: int, stage: FunnelStage, **session: Any) -> Event:
    """An event that reaches a stage and is no page view."""
    return event(number, minute, event_type=stage.value, funnel_stage=stage, **session)


def buy(number: int, minute: int, order: str, value: int, currency: str, **session: Any) -> Event:
    """A purchase."""
    return event(
        number,
        minute,
        event_type="purchase",
        funnel_stage=FunnelStage.COMPLETED_CHECKOUT,
        converted=True,
        order_id=order,
        conversion_value=Decimal(value),
        currency=currency,
        **session,
    )


SHOP = (
    view(1, 0, "/", **ADS),
    view(2, 1, "/pricing", **ADS),
    reach(3, 3, FunnelStage.STARTED_SIGNUP, **ADS),
    reach(4, 4, FunnelStage.COMPLETED_SIGNUP, **ADS),
    reach(5, 6, FunnelStage.STARTED_CHECKOUT, **ADS),
    buy(6, 10, "R1", 30, "EUR", **ADS),
    view(7, 2, "/docs", **AGAIN),
    view(8, 3, "/pricing", **AGAIN),
    buy(9, 5, "R2", 20, "EUR", **AGAIN),
    buy(10, 5, "R3", 9, "USD", **AGAIN),
    view(11, 4, "/", **BOUNCE),
    view(12, 5, "/pricing", **MAIL),
    view(13, 6, "/", **MAIL),
    view(14, 7, "/", **ROBOT),
)
