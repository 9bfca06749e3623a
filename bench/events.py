"""Events as a site's visitors send them: many sessions, pages, devices, campaigns.

The same seed gives the same events. Their ids and a part of their session ids are left
open (bench/load/requests.py), so that a file of them can be sent again and again without
sending an event twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from bench.load.requests import ID, LAP
from local.history.user_agents import read_user_agents

SITE = "https://www.ainative.studio"
ORIGIN = SITE
MAX_PAGES = 12
SECONDS_ON_PAGE = 40.0
SIGNUP_SHARE = 0.12
PURCHASE_SHARE = 0.05
NEWSLETTER_SHARE = 0.4
# Sessions that begin while one session runs: how much the sessions' events are mixed.
SESSION_GAP_MS = 300

Fields = dict[str, Any]

PAGES = (
    ("/", "AINative Studio: build with AI", 24),
    ("/pricing", "Pricing | AINative Studio", 12),
    ("/documentation", "Documentation | AINative Studio", 8),
    ("/documentation/quickstart", "Quickstart | Documentation | AINative Studio", 6),
    ("/blog/announcing-agents", "Announcing agents in the editor | AINative Blog", 7),
    ("/blog/2025-in-review", "2025 in review: what we shipped, and what we learned", 4),
    ("/products/zerodb", "ZeroDB | AINative Studio", 6),
    ("/about", "About us | AINative Studio", 3),
    ("/contact", "Contact | AINative Studio", 2),
    ("/signup", "Create your account | AINative Studio", 7),
)
# What a session may come with: weight, campaign, click id parameter, referrer.
SOURCES: tuple[tuple[int, dict[str, str], str | None, str | None], ...] = (
    (22, {}, None, "https://www.google.com/"),
    (5, {}, None, "https://www.bing.com/"),
    (3, {}, None, "https://duckduckgo.com/"),
    (24, {}, None, None),
    (6, {}, None, "https://news.ycombinator.com/item?id=42517318"),
    (3, {}, None, "https://chatgpt.com/"),
    (5, {}, None, "https://www.linkedin.com/feed/"),
    (3, {}, None, "https://t.co/4fXw2sLk9Q"),
    (
        14,
        {
            "utm_source": "google",
            "utm_medium": "cpc",
            "utm_campaign": "q4_2024_brand",
            "utm_term": "ai code editor",
            "utm_content": "headline_b",
        },
        "gclid",
        "https://www.google.com/",
    ),
    (
        7,
        {"utm_source": "facebook", "utm_medium": "paid_social", "utm_campaign": "retargeting_30d"},
        "fbclid",
        "https://l.facebook.com/",
    ),
    (
        5,
        {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "2025-11_product_news"},
        None,
        None,
    ),
    (
        3,
        {"utm_source": "partner-directory", "utm_medium": "affiliate", "utm_campaign": "listing"},
        None,
        "https://www.producthunt.com/products/ainative-studio",
    ),
)
SCREENS = ("1920x1080", "2560x1440", "1440x900", "390x844", "412x915", "1366x768")
LANGUAGES = ("en-US", "en-GB", "de-DE", "fr-FR", "pt-BR", "ja-JP")
PRICES = (9.0, 19.99, 29.99, 49.0, 99.0, 290.0)


@dataclass(frozen=True, slots=True)
class BrowserEvent:
    """One event: the JSON that a page sends, and what the request around it says."""

    body: str
    user_agent: str
    client_ip: str
    language: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """What all events of one session share."""

    session_id: str
    visitor_id: str
    user_id: str
    user_agent: str
    client_ip: str
    language: str
    screen: str
    campaign: Mapping[str, str]
    click_id: tuple[str, str] | None
    referrer: str | None


def generate_events(count: int, seed: int, start_ms: int) -> list[BrowserEvent]:
    """Events of as many sessions as are needed, mixed as they would arrive.

    `start_ms` is when the first session begins, in epoch milliseconds.
    """
    random = Random(seed)
    timed: list[tuple[int, int, BrowserEvent]] = []
    while len(timed) < count:
        start_ms += int(random.expovariate(1 / SESSION_GAP_MS))
        for at_ms, event in generate_session(random, start_ms):
            timed.append((at_ms, len(timed), event))
    timed.sort(key=lambda entry: entry[:2])
    return [event for _, _, event in timed[:count]]


def generate_session(random: Random, start_ms: int) -> Iterator[tuple[int, BrowserEvent]]:
    """The events of one session with the times at which they are sent."""
    visitor = make_visitor(random, start_ms)
    at_ms, previous = start_ms, visitor.referrer
    for sequence, step in enumerate(choose_steps(random), start=1):
        url = step["page_url"]
        landing = landing_query(visitor) if sequence == 1 else ""
        fields = {
            **describe_session(visitor, sequence, at_ms),
            **step,
            "page_url": url + landing,
            **({"referrer": previous} if previous else {}),
            "metadata": describe_view(random, visitor),
        }
        body = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        # The tokens are control characters, which JSON writes as escapes.
        body = body.replace("\\u001d", ID).replace("\\u001c", LAP)
        yield at_ms, BrowserEvent(body, visitor.user_agent, visitor.client_ip, visitor.language)
        at_ms += 1000 + int(random.expovariate(1 / SECONDS_ON_PAGE) * 1000)
        previous = url


def make_visitor(random: Random, start_ms: int) -> Visitor:
    """Who comes, on what device, from where."""
    weights = [source[0] for source in SOURCES]
    _, campaign, click_id, referrer = random.choices(SOURCES, weights)[0]
    agents = read_user_agents()
    return Visitor(
        session_id=f"session_{start_ms}_{random.randrange(16**9):09x}{LAP}",
        visitor_id=str(UUID(int=random.getrandbits(128), version=4)),
        user_id=str(UUID(int=random.getrandbits(128), version=4)),
        user_agent=random.choices([a for _, a in agents], [w for w, _ in agents])[0],
        client_ip=f"203.0.{random.randrange(256)}.{random.randrange(1, 255)}",
        language=random.choice(LANGUAGES),
        screen=random.choice(SCREENS),
        campaign=campaign,
        click_id=(click_id, f"Cj0KCQiA{random.getrandbits(180):045x}") if click_id else None,
        referrer=referrer,
    )


def choose_steps(random: Random) -> Iterator[Fields]:
    """What a visitor does: some pages, and one of a few goes on to sign up, and to buy."""
    weights = [weight for _, _, weight in PAGES]
    pages = min(MAX_PAGES, 1 + int(random.expovariate(1 / 2.5)))
    for path, title, _ in random.choices(PAGES, weights, k=pages):
        yield make_step("page_view", title, path, title)
    if random.random() < SIGNUP_SHARE:
        yield from sign_up(random)
    if random.random() < PURCHASE_SHARE:
        yield from buy(random)


def sign_up(random: Random) -> Iterator[Fields]:
    """The form, and the account."""
    newsletter = random.random() < NEWSLETTER_SHARE
    form = {"plan": random.choice(("free", "pro", "team")), "newsletter": newsletter}
    yield make_step("form_submit", "Signup form", "/signup", "Sign up", form_data=form)
    yield make_step("signup", "Account created", "/welcome", "Welcome")


def buy(random: Random) -> Iterator[Fields]:
    """The checkout, and the subscription that follows it."""
    price, session = random.choice(PRICES), f"cs_live_{random.getrandbits(160):040x}"
    paid: Fields = {"conversion_value": price, "currency": "USD", "stripe_session_id": session}
    for event_type, name in (
        ("checkout_start", "Checkout started"),
        ("checkout_complete", "Checkout completed"),
        ("subscription_created", "Subscription created"),
    ):
        yield make_step(event_type, name, "/checkout", "Checkout | AINative Studio", **paid)


def make_step(event_type: str, name: str, path: str, title: str, **more: Any) -> Fields:
    """The fields that say what happened, and where."""
    page = {"page_url": SITE + path, "page_title": title}
    return {"event_type": event_type, "event_name": name, **page, **more}


def describe_session(visitor: Visitor, sequence: int, at_ms: int) -> Fields:
    """The fields that say who, and when."""
    fields: Fields = {
        "event_id": ID,
        "session_id": visitor.session_id,
        "visitor_id": visitor.visitor_id,
        "sequence": sequence,
        "occurred_at": at_ms,
        "sent_at": at_ms + 40,
        "ga_client_id": f"GA1.1.{int(visitor.visitor_id[:8], 16)}.{at_ms // 1000}",
    }
    if visitor.campaign:
        fields["utm_params"] = visitor.campaign
    if visitor.click_id:
        fields["click_ids"] = dict([visitor.click_id])
    if visitor.screen == SCREENS[0]:  # one visitor of six is signed in
        fields["user_id"] = visitor.user_id
    return fields


def describe_view(random: Random, visitor: Visitor) -> Fields:
    """What a tracker adds of its own."""
    return {
        "screen": visitor.screen,
        "viewport": f"{random.randrange(360, 1920)}x{random.randrange(500, 1100)}",
        "language": visitor.language,
        "timezone": random.choice(("America/New_York", "Europe/Berlin", "Asia/Tokyo")),
        "load_ms": random.randrange(180, 4000),
        "scroll_depth": random.randrange(0, 101),
        "experiment": {"name": "hero_copy", "variant": random.choice("abc")},
    }


def landing_query(visitor: Visitor) -> str:
    """The query of the page on which a campaign's visitor lands."""
    pairs = [*visitor.campaign.items(), *([visitor.click_id] if visitor.click_id else [])]
    query = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in pairs)
    return f"?{query}" if query else ""
