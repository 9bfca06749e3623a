"""What can be changed about a page: range, comparison, time zone, bots, filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from collector.dashboard.formats import write_period
from collector.dashboard.frame import Frame
from collector.dashboard.links import Links
from collector.dashboard.trends import Choice
from collector.dashboard.view import View
from collector.reports.errors import QuestionError
from collector.reports.filters import Bots, Dimension, Operator, parse_filter
from collector.reports.period import Comparison
from collector.reports.question import Question
from collector.reports.reading import USUAL_RANGE

OPERATORS = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.CONTAINS: "contains",
    Operator.CONTAINS_NOT: "does not contain",
}
COMPARISONS = {
    None: "No comparison",
    Comparison.PREVIOUS: "The period before",
    Comparison.PREVIOUS_WEEKDAY: "The period before, same weekdays",
    Comparison.YEAR: "A year before",
    Comparison.YEAR_WEEKDAY: "A year before, same weekdays",
}
BOTS = {
    Bots.EXCLUDE: "People only",
    Bots.INCLUDE: "People and bots",
    Bots.ONLY: "Bots only",
}
# Some to choose from; any other can be typed.
ZONES = (
    *("UTC", "Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Madrid"),
    *("Europe/Athens", "Europe/Istanbul", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai"),
    *("Asia/Tehran", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka"),
    *("Asia/Bangkok", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney"),
    *("Pacific/Auckland", "America/Sao_Paulo", "America/New_York", "America/Chicago"),
    *("America/Denver", "America/Los_Angeles"),
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A range to choose, and the key that chooses it."""

    key: str
    label: str
    link: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that holds, and the page without it."""

    label: str
    operator: str
    value: str
    remove: str | None


@dataclass(frozen=True, slots=True)
class Controls:
    """All of it. `first` and `last` are the dates of the range."""

    period: str
    first: date
    last: date
    zone: str
    compared: str | None
    comparison: str
    presets: tuple[Preset, ...]
    comparisons: tuple[Choice, ...]
    bots: tuple[Choice, ...]
    bots_now: str
    chips: tuple[Chip, ...]
    remove_all: str
    dimensions: tuple[tuple[str, str], ...]
    operators: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]


def make_controls(view: View, question: Question, frame: Frame, links: Links) -> Controls:
    """What can be changed, from where the page is."""
    period, asked = question.period, view.asked
    return Controls(
        period=write_period(period),
        first=period.start.date(),
        last=(period.end - timedelta(microseconds=1)).date(),
        zone=period.zone.key,
        compared=write_period(question.compared) if question.compared else None,
        comparison=comparison_label(asked.compare),
        presets=tuple(make_presets(view, frame.now.astimezone(period.zone).date(), links)),
        comparisons=tuple(
            Choice(label, links.asking(compare=one), asked.compare == one)
            for one, label in COMPARISONS.items()
        ),
        bots=tuple(
            Choice(label, links.asking(bots=one.value), question.bots is one)
            for one, label in BOTS.items()
        ),
        bots_now=BOTS[question.bots],
        chips=tuple(make_chip(text, None if frame.is_shared else links) for text in asked.filters),
        remove_all=links.unfiltered(),
        dimensions=tuple((one.value, dimension_label(one)) for one in Dimension),
        operators=tuple((one.value, text) for one, text in OPERATORS.items()),
        zones=tuple(dict.fromkeys((period.zone.key, *ZONES))),
    )


def make_presets(view: View, today: date, links: Links) -> Iterator[Preset]:
    """The ranges to choose from, with their keys."""
    last_month = today.replace(day=1) - timedelta(days=1)
    presets = (
        ("d", "Today", "today"),
        ("y", "Yesterday", "yesterday"),
        ("w", "Last 7 days", "7d"),
        ("m", "Last 30 days", "30d"),
        ("q", "Last 90 days", "90d"),
        ("t", "This month", "month"),
        ("l", "Last month", f"{last_month:%Y-%m}"),
        ("a", "This year", "year"),
    )
    asked = view.asked
    current = None if asked.start else asked.range or USUAL_RANGE
    for key, label, text in presets:
        is_current = text == current or (text == "month" and current == f"{today:%Y-%m}")
        yield Preset(key, label, links.during(text), is_current)


def comparison_label(text: str | None) -> str:
    """What a comparison is called; another range of one's own is one as well."""
    return next((label for one, label in COMPARISONS.items() if one == text), "Another range")


def make_chip(text: str, links: Links | None) -> Chip:
    """A filter as people read it."""
    try:
        one = parse_filter(text)
    except QuestionError:  # the page's questions say what is wrong with it
        return Chip(text, "", "", links and links.unfiltered(text))
    remove = links and links.unfiltered(text)
    return Chip(dimension_label(one.dimension), OPERATORS[one.operator], one.value, remove)


def dimension_label(dimension: Dimension) -> str:
    """What a dimension is called."""
    return dimension.value.replace("_", " ").capitalize()
