"""Visits to repeat: each once as the collector would store it, ready to be given ids and times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

from collector.contract.reader import EVENTS
from collector.contract.validation import read_request
from collector.enrich import Enricher, make_enricher
from collector.event import Event, RequestContext
from collector.settings import Settings
from local.history.site import (
    CURRENCY_WEIGHTS,
    DIRECT,
    PAGES,
    PRICES,
    SITE,
    SOURCE_WEIGHTS,
    SOURCES,
    Source,
    zipf,
)
from local.history.user_agents import read_user_agents

LEAST_VISITS = 10  # of a kind of device
BOT_SHARE = 0.15
SIGNUP_SHARE = 0.09
PURCHASE_SHARE = 0.03
REFUND_SHARE = 0.05
RETURN_SHARE = 0.45
ONE_PAGE_SHARE = 0.35
MOST_PAGES = 54  # after the first
SECONDS_ON_PAGE = 45.0
PAGE_WEIGHTS = tuple(accumulate(zipf(len(PAGES))))
READ_AT = datetime(2026, 1, 1, tzinfo=UTC)
ANY_ID = str(UUID(int=0x40008000000000000001))

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a visit: how many milliseconds after the begin, and what is stored of it."""

    after_ms: int
    event: Event


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit; some of those that buy are refunded days later by the shop's server."""

    steps: tuple[Step, ...]
    refund: Event | None


@dataclass(frozen=True, slots=True)
class Device:
    """A User-Agent, its share of all visitors, and the visits that it makes."""

    weight: float
    is_bot: bool
    first_visits: tuple[Visit, ...]
    later_visits: tuple[Visit, ...]


def make_devices(random: Random, visits: int) -> list[Device]:
    """All kinds of visitors, with about so many visits, for each in proportion to its weight."""
    enricher = make_enricher(Settings(database_url="postgresql://unused"))
    agents = read_user_agents()
    are_bots = [enricher.devices.parse_device(agent).is_bot for _, agent in agents]
    bots = sum(weight for (weight, _), is_bot in zip(agents, are_bots, strict=True) if is_bot)
    people = sum(weight for weight, _ in agents) - bots
    devices = []
    for (weight, agent), is_bot in zip(agents, are_bots, strict=True):
        share = weight / bots * BOT_SHARE if is_bot else weight / people * (1 - BOT_SHARE)
        count = max(LEAST_VISITS, round(visits / 2 * share))
        first = tuple(make_visit(random, enricher, agent, is_bot=is_bot) for _ in range(count))
        later = tuple(
            make_visit(random, enricher, agent, is_bot=is_bot, is_later=True) for _ in range(count)
        )
        devices.append(Device(share, is_bot, first, later))
    return devices


def make_visit(
    random: Random, enricher: Enricher, agent: str, *, is_bot: bool, is_later: bool = False
) -> Visit:
    """One visit; of those who come back, many know the address."""
    source = choose_source(random, is_later=is_later)
    query = landing_query(random, source)
    address = f"203.0.113.{random.randrange(1, 255)}"
    at_ms, steps = 0, []
    for number, fields in enumerate(choose_steps(random, is_bot=is_bot), start=1):
        if number == 1:
            fields["page_url"] += query
            if source.referrer:
                fields["referrer"] = source.referrer
        fields |= {"sequence": number, "utm_params": source.tags}
        steps.append(Step(at_ms, store(enricher, fields, agent, address)))
        at_ms += 1000 + int(random.expovariate(1 / SECONDS_ON_PAGE) * 1000)
    orders = [step.event for step in steps if step.event.order_id]
    refund = None
    if orders and random.random() < REFUND_SHARE:
        refund = store(enricher, refund_of(orders[0]), agent, address)
    return Visit(tuple(steps), refund)


def choose_source(random: Random, *, is_later: bool) -> Source:
    """Where a visit comes from."""
    if is_later and random.random() < RETURN_SHARE:
        return DIRECT
    return random.choices(SOURCES, cum_weights=SOURCE_WEIGHTS)[0]


def landing_query(random: Random, source: Source) -> str:
    """The query of the page on which a campaign's visitor lands."""
    tags = dict(source.tags)
    if source.click_id:
        tags[source.click_id] = f"Cj0KCQiA{random.getrandbits(120):030x}"
    query = "&".join(f"{name}={value}" for name, value in tags.items())
    return f"?{query}" if query else ""


def choose_steps(random: Random, *, is_bot: bool) -> Iterator[Fields]:
    """What a visitor does: some pages; one of a few goes on to sign up, and to buy."""
    pages = 1
    if random.random() > ONE_PAGE_SHARE:
        pages += min(MOST_PAGES, 1 + int(random.lognormvariate(1.8, 0.9)))
    for path, title in random.choices(PAGES, cum_weights=PAGE_WEIGHTS, k=pages):
        yield page_fields("page_view", title, path)
    if is_bot:
        return
    if random.random() < SIGNUP_SHARE:
        yield page_fields("form_submit", "Signup form", "/signup")
        yield page_fields("signup", "Account created", "/welcome")
    if random.random() < PURCHASE_SHARE:
        yield from buy(random)


def buy(random: Random) -> Iterator[Fields]:
    """The checkout, and the order."""
    [currency] = random.choices(tuple(CURRENCY_WEIGHTS), tuple(CURRENCY_WEIGHTS.values()))
    paid = {"conversion_value": random.choice(PRICES[currency]), "currency": currency}
    yield page_fields("page_view", "Pricing · Heron", "/pricing")
    yield {**page_fields("checkout_start", "Checkout started", "/checkout"), **paid}
    event_type = random.choice(("purchase", "purchase", "subscription_created"))
    yield {**page_fields(event_type, "Paid", "/welcome"), **paid, "order_id": "order"}


def page_fields(event_type: str, name: str, path: str) -> Fields:
    """The fields that say what happened, and where."""
    return {
        "event_type": event_type,
        "event_name": name,
        "page_url": SITE + path,
        "page_title": name,
    }


def refund_of(order: Event) -> Fields:
    """What the shop's server sends when the order is paid back."""
    return {
        "event_type": "refund",
        "event_name": "Paid back",
        "order_id": order.order_id,
        "conversion_value": str(order.conversion_value),
        "currency": order.currency,
    }


def store(enricher: Enricher, fields: Fields, agent: str, address: str) -> Event:
    """What the collector makes of an event; its ids and times are replaced later."""
    body = {
        "event_id": ANY_ID,
        "session_id": "session",
        "visitor_id": "visitor",
        "metadata": {"language": "en-US"},
        **fields,
    }
    payload = read_request(EVENTS, json.dumps(body).encode())
    return enricher.enrich(payload, RequestContext(address, True, READ_AT, agent, None))
