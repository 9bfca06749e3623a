"""Events of a shop: some days of visitors, and what strangers send to do harm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

SITE = "https://shop.example"
SOURCES: tuple[dict[str, str], ...] = (
    {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "spring"},
    {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "brand"},
    {"utm_source": "facebook", "utm_medium": "paid_social", "utm_campaign": "autumn"},
    {},
)
PATHS = ("/", "/pricing", "/docs/first", "/blog/hello")
DAYS = 5

RTL = "\u202e\u0645\u0631\u062d\u0628\u0627\u202c"
LONG = "very-long-" * 40

# What did harm to others: markup, attributes that end, scripts in addresses, formulas, a text
# that turns the direction, one without a blank, an emoji of several characters.
HOSTILE = (
    "<script>window.hacked = 1</script>",
    '"\'><img src=x onerror="window.hacked = 1">',
    "' onmouseover='window.hacked = 1",
    "javascript:window.hacked=1",
    "{{ 7 * 7 }}{% raw %}",
    "</title></svg><svg onload=window.hacked=1>",
    '=HYPERLINK("https://evil.example","x")',
    RTL,
    LONG,
    "👩‍👩‍👧‍👦 &lt;b&gt;",
)


def usual_events() -> Iterator[dict[str, Any]]:
    """Forty visitors over some days, of whom a few buy, in two currencies."""
    now = datetime.now(UTC)
    for number, source in enumerate(islice(cycle(SOURCES), 40)):
        begins = now - timedelta(days=number % DAYS, minutes=20 + number)
        visitor = f"visitor-{number % 30}"
        for place, path in enumerate(PATHS[: 1 + number % 4]):
            yield event(
                number, visitor, begins + timedelta(seconds=40 * place), path, source, "page_view"
            )
        if number % 5 == 0:
            yield {
                **event(
                    number, visitor, begins + timedelta(minutes=4), "/checkout", source, "purchase"
                ),
                "order_id": f"order-{number}",
                "conversion_value": 20 + number,
                "currency": "USD" if number % 2 else "EUR",
            }


def event(  # noqa: PLR0917  # the columns of a table
    number: int,
    visitor: str,
    at: datetime,
    path: str,
    source: dict[str, str],
    kind: str,
) -> dict[str, Any]:
    """One event of a session."""
    return {
        "session_id": f"session-{number}",
        "visitor_id": visitor,
        "event_type": kind,
        "event_name": kind,
        "page_url": f"{SITE}{path}",
        "page_title": f"Shop {path}",
        "occurred_at": at.isoformat(),
        "utm_params": source,
    }


def hostile_events() -> Iterator[dict[str, Any]]:
    """A session for each hostile text, which stands wherever a stranger can put it."""
    at = datetime.now(UTC) - timedelta(minutes=3)
    for number, text in enumerate(HOSTILE):
        short = text[:100]
        yield {
            "session_id": f"h{number}-{short}",
            "visitor_id": f"v{number}-{short}",
            "event_type": short,
            "event_name": short,
            "page_url": f"https://evil.example/{text}",
            "page_title": text,
            "referrer": f"https://evil{number}.example/{text}",
            "user_agent": f"Mozilla/5.0 {text}",
            "device_type": short,
            "order_id": f"o{number}-{short}",
            "occurred_at": at.isoformat(),
            "utm_params": {
                "utm_source": text,
                "utm_medium": text,
                "utm_campaign": text,
                "utm_term": text,
                "utm_content": text,
            },
        }
        yield {
            "session_id": f"h{number}-{short}",
            "event_type": "purchase",
            "event_name": short,
            "order_id": f"o{number}-{short}",
            "conversion_value": 5,
            "currency": "EUR",
            "page_url": f"https://evil.example/{text}",
            "occurred_at": (at + timedelta(seconds=20)).isoformat(),
        }
