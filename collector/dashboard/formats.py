"""Numbers, times and changes as people read them. Exact values stand in the titles of cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from collector.money import CENT, MINOR_UNITS
from collector.reports.catalog import Kind
from collector.reports.cells import CREDITS_OF_ONE
from collector.reports.comparison import change_of
from collector.reports.period import Period, Unit

NOTHING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
# An amount stands against its code or sign with a blank at which no line breaks.
NO_BREAK = "\N{NO-BREAK SPACE}"
SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "BRL": "R$"}
SHORTENED: tuple[tuple[int, str], ...] = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
EXACT_BELOW = 10_000
ROUNDS_UP = Decimal("0.9995")  # 999,950 is 1.00M, not 1,000k
# A change of few says little: it is shown paler.
FEW = 10

TENTH = Decimal("0.1")
ALMOST_ALL = Decimal("99.9")  # percent
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Direction(StrEnum):
    """Where a number went. The value is the class of its cell."""

    UP = "up"
    DOWN = "down"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """How a number differs from the one that it is compared with.

    `is_good` is None where nobody can say; `is_small`: of too few to mean much.
    """

    text: str
    spoken: str
    direction: Direction
    is_good: bool | None
    is_small: bool


def write_count(number: int) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,}".replace("-", MINUS)


def shorten(number: Decimal | int) -> str:
    """Three digits that matter, from 10,000 on: 12.3k, 4.56M."""
    exact = Decimal(number)
    for factor, letter in SHORTENED if abs(exact) >= EXACT_BELOW else ():
        if abs(exact) >= factor * ROUNDS_UP:
            scaled = exact / factor
            digits = min(max(round(scaled, 2).adjusted(), 0), 2)
            return f"{write_decimal(scaled, 2 - digits)}{letter}"
    return write_decimal(exact, 0)


def write_decimal(number: Decimal, digits: int) -> str:
    """With this many digits after the point, and commas between thousands."""
    rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded:,f}".replace("-", MINUS)


def write_share(share: Decimal) -> str:
    """0.1234 as 12.3%. What is not 0 or 1 does not look as if it were."""
    percent = (share * 100).quantize(TENTH, ROUND_HALF_UP)
    if 0 < share < TENTH / 100:
        return "<0.1%"
    if share < 1:
        percent = min(percent, ALMOST_ALL)
    return f"{percent.normalize():,f}%" if percent == percent.to_integral() else f"{percent:,f}%"


def write_amount(amount: Decimal, currency: str) -> str:
    """An amount with all its digits: €1,234.50, CHF 1,234.50."""
    digits = -int(MINOR_UNITS.get(currency, CENT).as_tuple().exponent)
    return with_currency(write_decimal(amount, digits), currency)


def shorten_amount(amount: Decimal, currency: str) -> str:
    """An amount as a headline has it: €12.3k."""
    if abs(amount) < EXACT_BELOW:
        return write_amount(amount, currency)
    return with_currency(shorten(amount), currency)


def with_currency(number: str, currency: str) -> str:
    """The sign of the currency, where everybody knows it, else its code."""
    minus, digits = (MINUS, number[1:]) if number.startswith(MINUS) else ("", number)
    sign = SIGNS.get(currency)
    return f"{minus}{sign}{digits}" if sign else f"{minus}{currency}{NO_BREAK}{digits}"


def write_seconds(seconds: Decimal | int) -> str:
    """A duration with its two largest units: 45s, 1m 23s, 2h 05m, 3d 4h."""
    whole = int(Decimal(seconds).quantize(Decimal(1), ROUND_HALF_UP))
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE:02}s"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE:02}m"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"


def write_cell(cell: Any, kind: Kind, currency: str | None = None) -> str:
    """A cell of a table; an amount is that of one currency."""
    if kind is Kind.MONEY and currency:
        amount = (cell or {}).get(currency)
        return NOTHING if amount is None else write_amount(amount, currency)
    if cell is None:
        return NOTHING
    return WRITERS.get(kind, str)(cell)


def write_credit(millionths: int) -> str:
    """Credit for conversions: with two digits after the point, where it is not whole."""
    credit = Decimal(millionths) / CREDITS_OF_ONE
    return write_decimal(credit, 0 if credit == credit.to_integral() else 2)


def write_time(moment: datetime) -> str:
    """A moment in the time zone that it has: 5 Nov 2026, 14:03:09."""
    return f"{write_day(moment)} {moment.year}, {moment:%H:%M:%S}"


def write_short_time(moment: datetime) -> str:
    """A moment without its year: 5 Nov, 14:03:09."""
    return f"{write_day(moment)}, {moment:%H:%M:%S}"


def write_day(day: date) -> str:
    """5 Nov."""
    return f"{day.day} {day:%b}"


def write_period(period: Period) -> str:
    """The dates of a range, without what both have: 1-30 Nov 2026; times where they matter."""
    last = period.end - timedelta(microseconds=1)
    if period.start.time() != time():
        return f"{write_minute(period.start)} – {write_minute(period.end)}"
    if period.end.time() != time():  # as of a comparison with what is not over
        return f"{write_dates(period.start, period.end)}, to {period.end:%H:%M}"
    return write_dates(period.start, last)


def write_dates(first: datetime, last: datetime) -> str:
    """Two dates, without what both have."""
    if first.date() == last.date():
        return f"{last:%a} {write_day(last)} {last.year}"
    if first.year != last.year:
        return f"{write_day(first)} {first.year} – {write_day(last)} {last.year}"
    if first.month != last.month:
        return f"{write_day(first)} – {write_day(last)} {last.year}"
    return f"{first.day} – {write_day(last)} {last.year}"


def write_minute(moment: datetime) -> str:
    """5 Nov 2026, 14:03."""
    return f"{write_day(moment)} {moment.year}, {moment:%H:%M}"


def write_bucket(start: datetime, unit: Unit) -> str:
    """What a point of a trend is of, at full length."""
    match unit:
        case Unit.HOUR:
            return f"{start:%a} {write_day(start)}, {start:%H:%M}"
        case Unit.WEEK:
            return f"week from {write_day(start)} {start.year}"
        case Unit.MONTH:
            return f"{start:%B} {start.year}"
    return f"{start:%a} {write_day(start)} {start.year}"


def write_tick(start: datetime, unit: Unit) -> str:
    """What stands below a point of a trend."""
    match unit:
        case Unit.HOUR:
            return f"{start:%H:%M}"
        case Unit.MONTH:
            return f"{start:%b} {start.year}"
    return write_day(start)


def compare_numbers(
    now: Decimal | int | None,
    before: Decimal | int | None,
    kind: Kind,
    *,
    counted: int,
    less_is_better: bool = False,
) -> Change | None:
    """The change of a number, by the rule of the tables and CSV; None where one is not known.

    What was 0 is new, a share too. `counted`: of how many sessions the number before is.
    """
    difference = change_of(now, before, kind)
    if difference is None or (before == 0 and now == 0):
        return None
    if before == 0:
        return Change("new", "new", Direction.UP, None, counted < FEW)
    percent = (Decimal(difference) * 100).quantize(TENTH, ROUND_HALF_UP)
    direction = direction_of(percent)
    unit = " pts" if kind is Kind.SHARE else "%"
    digits = write_decimal(abs(percent), 1 if 0 < abs(percent) <= ALMOST_ALL else 0)
    sign = {Direction.UP: "+", Direction.DOWN: MINUS, Direction.SAME: ""}[direction]
    word = {Direction.UP: "up ", Direction.DOWN: "down ", Direction.SAME: "no change, "}[direction]
    return Change(
        text=f"{sign}{digits}{unit}",
        spoken=f"{word}{digits}{' points' if kind is Kind.SHARE else ' percent'}",
        direction=direction,
        is_good=None if direction is Direction.SAME else (percent > 0) != less_is_better,
        is_small=counted < FEW,
    )


def direction_of(number: Decimal) -> Direction:
    """Where a number with this sign goes."""
    if number == 0:
        return Direction.SAME
    return Direction.UP if number > 0 else Direction.DOWN


WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.COUNT: write_count,
    Kind.NUMBER: lambda cell: write_decimal(Decimal(cell), 2),
    Kind.SHARE: write_share,
    Kind.SECONDS: write_seconds,
    Kind.CREDIT: write_credit,
    Kind.TIME: write_time,
    Kind.FLAG: lambda cell: "yes" if cell else "no",
    Kind.LIST: lambda cell: " > ".join(map(str, cell)),
}
