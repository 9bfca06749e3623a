"""The time that a report is about: half-open, in a time zone. The clock is an argument."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from collector.reports.errors import QuestionError
from collector.settings import known_zones

MOST_DAYS = 3_660
MOST_BUCKETS = 1_000

DAYS = re.compile(r"([0-9]{1,4})d")
MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
RANGES = (
    "today, yesterday, 7d, 30d (days up to today), week, month, year, 2026, 2026-11, 2026-11-05"
)


class Unit(StrEnum):
    """How wide the buckets of a trend are."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  # from Monday, as ISO 8601
    MONTH = "month"


class Comparison(StrEnum):
    """Which other time a time is compared with."""

    PREVIOUS = "previous"  # just before: of whole months as many months, else as many days
    PREVIOUS_WEEKDAY = "previous_weekday"  # a whole number of weeks before
    YEAR = "year"  # the same dates
    YEAR_WEEKDAY = "year_weekday"  # 52 weeks before


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to before `end`, both with the time zone of the report."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    def dates(self) -> tuple[date, date]:
        """The first and the last date that it touches."""
        return self.start.date(), (self.end - timedelta(microseconds=1)).date()

    def is_running(self, now: datetime) -> bool:
        """Whether it has begun and is not over."""
        return self.start < now.astimezone(UTC) < self.end

    def months(self) -> int:
        """How many whole months it is; 0 where it does not begin and end with one."""
        edges = (self.start, self.end)
        if any(edge != midnight(edge.date().replace(day=1), self.zone) for edge in edges):
            return 0
        return count_months(self.end) - count_months(self.start)

    def days(self) -> int:
        """How many dates it touches."""
        first, last = self.dates()
        return (last - first).days + 1


def find_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises QuestionError where there is none."""
    if name not in known_zones():
        raise QuestionError(f"{name!r} is no time zone; one is Europe/Berlin, another UTC")
    return ZoneInfo(name)


def parse_period(text: str, zone: ZoneInfo, now: datetime) -> Period:
    """The period that a short text says. Raises QuestionError where it says none."""
    today = now.astimezone(zone).date()
    first, after = parse_dates(text.strip().lower(), today)
    return make_period(first, after, zone)


def parse_dates(text: str, today: date) -> tuple[date, date]:
    """The first date of a range, and the date after its last. Raises QuestionError."""
    if days := DAYS.fullmatch(text):
        return today - timedelta(days=max(int(days[1]), 1) - 1), today + timedelta(days=1)
    if text in NAMED:
        return NAMED[text](today)
    try:
        if re.fullmatch(r"[0-9]{4}", text):
            return date(int(text), 1, 1), date(int(text) + 1, 1, 1)
        if month := MONTH.fullmatch(text):
            first = date(int(month[1]), int(month[2]), 1)
            return first, next_month(first)
        day = date.fromisoformat(text)
    except (ValueError, OverflowError):
        raise QuestionError(f"{text!r} is no range; one of: {RANGES}") from None
    return day, day + timedelta(days=1)


def next_month(day: date) -> date:
    """The first of the month after."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def day_of(today: date, ago: int = 0) -> tuple[date, date]:
    """A single day."""
    day = today - timedelta(days=ago)
    return day, day + timedelta(days=1)


NAMED: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": day_of,
    "yesterday": lambda today: day_of(today, 1),
    "week": lambda today: (
        today - timedelta(days=today.weekday()),
        today + timedelta(days=7 - today.weekday()),
    ),
    "month": lambda today: (today.replace(day=1), next_month(today)),
    "year": lambda today: (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
}


def make_period(first: date, after: date, zone: ZoneInfo) -> Period:
    """From the begin of one date to the begin of another. Raises QuestionError."""
    try:
        period = Period(midnight(first, zone), midnight(after, zone), zone)
    except OverflowError:
        raise QuestionError("the range is at the end of the calendar") from None
    return check_period(period)


def parse_edges(start: str, end: str, zone: ZoneInfo) -> Period:
    """From one moment to before another, each a date or a time. Raises QuestionError."""
    return check_period(Period(parse_moment(start, zone), parse_moment(end, zone), zone))


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """A date, which is its begin in the zone, or a time. Raises QuestionError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return aware.astimezone(UTC).astimezone(zone)  # a time that a clock change skips is moved
    except (ValueError, OverflowError):
        raise QuestionError(f"{text!r} is no date or time, such as 2026-11-05") from None


def check_period(period: Period) -> Period:
    """The period. Raises QuestionError where it is empty or longer than ten years."""
    if period.end.astimezone(UTC) <= period.start:
        raise QuestionError("the range ends before it begins")
    if period.days() > MOST_DAYS:
        raise QuestionError(f"the range is longer than {MOST_DAYS} days")
    return period


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The begin of a date. Where a clock change skips midnight, the first moment after it."""
    local = datetime.combine(day, time(), tzinfo=zone)
    return local.astimezone(UTC).astimezone(zone)


def usual_unit(period: Period) -> Unit:
    """The buckets in which a period is mostly looked at."""
    for unit, most_days in ((Unit.HOUR, 2), (Unit.DAY, 92), (Unit.WEEK, 400)):
        if period.days() <= most_days:
            return unit
    return Unit.MONTH


def bucket_edges(period: Period, unit: Unit) -> list[datetime]:
    """Where the buckets of a period begin; the first is the period's own begin.

    A day of a clock change has 23 or 25 hours, and an hour that comes twice is two buckets.
    Raises QuestionError where there are too many.
    """
    edges = [period.start]
    end = period.end.astimezone(UTC)  # two times of one zone compare by the clock on the wall
    while (following := next_edge(edges[-1], unit, period.zone)) < end:
        edges.append(following)
        if len(edges) > MOST_BUCKETS:
            raise QuestionError(f"more than {MOST_BUCKETS} times a {unit}: take a wider unit")
    return edges


def next_edge(moment: datetime, unit: Unit, zone: ZoneInfo) -> datetime:
    """Where the next bucket begins."""
    if unit is Unit.HOUR:
        # By the clock of the world, which has no hour twice.
        begun = timedelta(
            minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond
        )
        return (moment.astimezone(UTC) - begun + timedelta(hours=1)).astimezone(zone)
    day = moment.date()
    if unit is Unit.DAY:
        return midnight(day + timedelta(days=1), zone)
    if unit is Unit.WEEK:
        return midnight(day + timedelta(days=7 - day.weekday()), zone)
    return midnight(next_month(day), zone)


def begins_bucket(moment: datetime, unit: Unit, zone: ZoneInfo) -> bool:
    """Whether a bucket begins there, and not before."""
    just_before = (moment.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone)
    # In one zone: a time that comes twice equals none of another.
    return next_edge(just_before, unit, zone).astimezone(UTC) == moment.astimezone(UTC)


def compare_with(period: Period, comparison: Comparison, now: datetime) -> Period:
    """The period to compare with. One that is not over is compared up to the same point.

    Raises QuestionError where there is none before it.
    """
    end = now.astimezone(period.zone) if period.is_running(now) else period.end
    months = {
        Comparison.PREVIOUS: period.months(),
        Comparison.YEAR: 12,
    }.get(comparison, 0)
    days = {
        Comparison.PREVIOUS: period.days(),
        Comparison.PREVIOUS_WEEKDAY: -(-period.days() // 7) * 7,
        Comparison.YEAR_WEEKDAY: 364,
    }
    try:
        if months:
            return move_months(replace(period, end=end), months)
        start, end = (days_before(edge, days[comparison]) for edge in (period.start, end))
        return check_period(Period(start, end, period.zone))
    except (ValueError, OverflowError):
        raise QuestionError("there is no such time before the range") from None


def move_months(period: Period, months: int) -> Period:
    """The same days and times, months before. Of a day that its month has not, the last one.

    An end on such a day is the end of the month: what was looked at was longer than the month.
    """
    start, end = (months_before(edge, months) for edge in (period.start, period.end))
    if end.day != period.end.day and start.day == period.start.day:
        end = midnight(next_month(end.date()), period.zone)
    return check_period(Period(start, end, period.zone))


def days_before(moment: datetime, days: int) -> datetime:
    """The same time by the clock on the wall, days before."""
    return at_local(moment.replace(tzinfo=None) - timedelta(days=days), moment)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time, months before; the last day of a month that has no such day."""
    year, month = divmod(count_months(moment) - months, 12)
    first = moment.replace(tzinfo=None, day=1, year=year, month=month + 1)
    last_day = (next_month(first.date()) - timedelta(days=1)).day
    return at_local(first.replace(day=min(moment.day, last_day)), moment)


def count_months(moment: datetime) -> int:
    """The number of its month, from the first of all on."""
    return moment.year * 12 + moment.month - 1


def at_local(local: datetime, like: datetime) -> datetime:
    """A time by the clock on the wall where another is; one that is skipped there is moved on."""
    moved = local.replace(tzinfo=like.tzinfo, fold=like.fold).astimezone(UTC)
    return moved.astimezone(like.tzinfo)
