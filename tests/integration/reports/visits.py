"""Visits of people, and a second implementation of attribution to hold the reports against.

Written from the rules of docs/reports.md, with fractions and loops in place of SQL.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import count
from math import floor

from collector.event import Event, FunnelStage
from collector.money import CENT, MINOR_UNITS
from tests.unit.events import event, user

DAY = 1_440  # minutes

MILLION = 1_000_000


@dataclass(frozen=True)
class Order:
    """An order of a visit, some minutes past noon. Without a key, a conversion that names none."""

    key: str | None
    minute: float
    value: Decimal | None = Decimal(100)
    currency: str = "EUR"


@dataclass(frozen=True)
class Visit:
    """A session that begins some minutes past noon; `login_at` is when its user was known."""

    session: str
    start: float
    channel: str = "Direct"
    visitor: str | None = "ann"
    user: int | None = None
    login_at: float = 0
    orders: tuple[Order, ...] = ()
    is_bot: bool = False


numbers = count(1)


def events_of(visits: Iterable[Visit]) -> list[Event]:
    """The events of visits: a page view each, a login, and orders."""
    return [one for visit in visits for one in visit_events(visit)]


def visit_events(visit: Visit) -> Iterator[Event]:
    """The events of one visit."""
    who = {"session_id": visit.session, "visitor_id": visit.visitor, "is_bot": visit.is_bot}
    yield at(visit.start, page_url="https://example.com/", channel=visit.channel, **who)
    if visit.user is not None:
        yield at(visit.login_at, event_type="login", user_id=user(visit.user), **who)
    for order in visit.orders:
        yield at(
            order.minute,
            event_type="purchase",
            funnel_stage=FunnelStage.COMPLETED_CHECKOUT,
            converted=True,
            order_id=order.key,
            conversion_value=order.value,
            currency=order.currency,
            **who,
        )


def at(minute: float, **fields: object) -> Event:
    """An event with an id of its own."""
    return event(next(numbers), minute, **fields)  # type: ignore[arg-type]


def known_user(visit: Visit, minute: float) -> int | None:
    """Whose visit it was, as far as was known then."""
    return visit.user if visit.user is not None and visit.login_at <= minute else None


def touches_of(own: Visit, order: Order, visits: Iterable[Visit], days: int) -> list[Visit]:
    """The touches of an order, the oldest first."""
    begun = [
        visit
        for visit in visits
        if order.minute - days * DAY <= visit.start <= order.minute
        and visit is not own
        and not visit.is_bot
    ]
    buyer = known_user(own, order.minute)
    browsers = {own.visitor} | {
        visit.visitor for visit in visits if buyer and known_user(visit, order.minute) == buyer
    }
    others = [
        visit
        for visit in begun
        if (buyer and known_user(visit, order.minute) == buyer)
        or (
            visit.visitor in browsers - {None}
            and (not buyer or known_user(visit, order.minute) is None)
        )
    ]
    return sorted([own, *others], key=lambda visit: (visit.start, visit.session))


def is_at(place: int) -> Callable[[Sequence[Visit]], list[int]]:
    """All the weight at one place."""
    return lambda touches: [int(one is touches[place]) for one in touches]


def last_non_direct(touches: Sequence[Visit]) -> list[int]:
    """All the weight at the last that is not direct."""
    named = [visit for visit in touches if visit.channel != "Direct"]
    last = named[-1] if named else touches[-1]
    return [int(visit is last) for visit in touches]


def position_based(touches: Sequence[Visit]) -> list[Fraction]:
    """40, 20 and 40 %."""
    if len(touches) < 3:
        return [Fraction(1, len(touches))] * len(touches)
    middle = [Fraction(20, 100) / (len(touches) - 2)] * (len(touches) - 2)
    return [Fraction(40, 100), *middle, Fraction(40, 100)]


def time_decay(touches: Sequence[Visit]) -> list[int]:
    """Half for each seven days before the last, to nine digits."""
    return [
        round(1e9 * 2 ** ((visit.start - touches[-1].start) * 60 / 604_800)) for visit in touches
    ]


MODELS: dict[str, Callable[[Sequence[Visit]], Sequence[int | Fraction]]] = {
    "first_touch": is_at(0),
    "last_touch": is_at(-1),
    "last_non_direct": last_non_direct,
    "linear": lambda touches: [1] * len(touches),
    "position_based": position_based,
    "time_decay": time_decay,
}


def split(whole: int, weights: Sequence[int | Fraction]) -> list[int]:
    """A whole in parts by largest remainder; of two alike the first has more."""
    exact = [Fraction(whole) * weight / sum(weights) for weight in weights]
    parts = [floor(part) for part in exact]
    order = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: whole - sum(parts)]:
        parts[place] += 1
    return parts


def counted(visits: Iterable[Visit]) -> Iterator[tuple[Visit, Order]]:
    """The conversions: each order once, and what names none once a session without orders."""
    reports = defaultdict(list)
    for visit in visits:
        if visit.is_bot:
            continue
        if visit.orders and not any(order.key for order in visit.orders):
            yield visit, one_conversion(visit.orders)
        for order in visit.orders:
            reports[order.key].append((visit, order))
    reports.pop(None, None)
    for same in reports.values():
        yield min(same, key=lambda report: (report[1].value is None, report[1].minute))


def one_conversion(orders: Iterable[Order]) -> Order:
    """What a session does that names no order: at the first of them, worth the last value."""
    by_time = sorted(orders, key=lambda order: order.minute)
    valued = [order for order in by_time if order.value is not None] or by_time
    return replace(valued[-1], minute=by_time[0].minute)


def attribute(
    visits: Sequence[Visit], model: str, days: int = 30
) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """By channel the millionths of conversions, and by currency the revenue of each."""
    conversions: Counter[str] = Counter()
    revenue: dict[str, Counter[str]] = defaultdict(Counter)
    for own, order in counted(visits):
        touches = touches_of(own, order, visits, days)
        weights = MODELS[model](touches)
        for visit, part in zip(touches, split(MILLION, weights), strict=True):
            conversions[visit.channel] += part
        if order.value is not None:
            unit = MINOR_UNITS.get(order.currency, CENT)
            for visit, part in zip(touches, split(int(order.value / unit), weights), strict=True):
                revenue[order.currency][visit.channel] += part * unit  # type: ignore[assignment]
    return conversions, revenue
