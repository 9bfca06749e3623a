"""The chart of a page: one measure over time, beside that of the time it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from collector.dashboard.charts import LineChart, Sample, draw_line_chart
from collector.dashboard.formats import (
    NOTHING,
    shorten,
    shorten_amount,
    write_bucket,
    write_cell,
    write_period,
    write_seconds,
    write_share,
    write_tick,
)
from collector.dashboard.links import Links
from collector.dashboard.store import Annotation
from collector.dashboard.tables import column_of, label_of, number_of, shown_fields
from collector.reports.answer import Answer, Row
from collector.reports.catalog import NUMBERS, Kind
from collector.reports.cells import Field
from collector.reports.period import Unit, next_edge

# The measures that a chart can show, in the order in which they are offered.
MEASURES = (
    "sessions",
    "visitors",
    "page_views",
    "engagement_rate",
    "bounce_rate",
    "pages_per_session",
    "time_on_site",
    "conversions",
    "conversion_rate",
    "orders",
    "revenue",
    "net_revenue",
    "refunds",
    "average_order",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose from. `link` is None where nothing may be clicked."""

    label: str
    link: str | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid with its text."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A chart with all that is said beside it."""

    title: str
    description: str
    drawing: LineChart
    ticks: tuple[Tick, ...]
    period: str
    before: str | None
    measures: tuple[Choice, ...]
    units: tuple[Choice, ...]
    has_unfinished: bool


def make_trend(
    answer: Answer,
    measure: str,
    now: datetime,
    annotations: Sequence[Annotation],
    links: Links | None,
) -> Trend:
    """The chart of an answer with `starts_at`; of its first measure where it has not the one."""
    offered = offered_measures(answer)
    shown = next((one for one in offered if one.name == measure), offered[0])
    samples = list(make_samples(answer, shown, now, notes_by_day(annotations)))
    drawing = draw_line_chart(samples, whole=shown.column is not None and is_whole(shown))
    label, period = label_of(shown), answer.question.period
    return Trend(
        title=label,
        description=describe(label, samples, answer.question.unit),
        drawing=drawing,
        ticks=tuple(Tick(one.y, write_short(one.value, shown)) for one in drawing.grid),
        period=write_period(period),
        before=write_period(answer.before.question.period) if answer.before else None,
        measures=tuple(
            Choice(label_of(one), links and links.having("measure", one.name), one is shown)
            for one in offered
        ),
        units=tuple(
            Choice(
                f"by {unit.value}",
                links and links.asking(unit=unit.value),
                unit is answer.question.unit,
            )
            for unit in Unit
        ),
        has_unfinished=any(not one.is_complete and one.value is not None for one in samples),
    )


def offered_measures(answer: Answer) -> list[Field]:
    """The columns of a trend that a chart can show; an amount in each currency."""
    fields = shown_fields(answer)
    return [
        one
        for name in MEASURES
        for one in fields
        if one.column is not None and one.column.name == name
    ] or [one for one in fields if one.column is not None and one.column.kind in NUMBERS]


def is_whole(one: Field) -> bool:
    """Whether a measure has no fractions."""
    return one.column is not None and one.column.kind in (Kind.COUNT, Kind.SECONDS)


def make_samples(
    answer: Answer, measure: Field, now: datetime, notes: Mapping[date, list[str]]
) -> Iterator[Sample]:
    """The points of a chart; what has not begun has no value."""
    before = answer.before.rows if answer.before else ()
    question = answer.question
    for number, row in enumerate(answer.rows):
        start: datetime = row["starts_at"]
        earlier = before[number] if number < len(before) else None
        value = None if start > now else number_of(row, measure)
        yield Sample(
            label=write_bucket(start, question.unit),
            tick=write_tick(start, question.unit),
            value=value,
            text=write_exact(row, measure) if value is not None else NOTHING,
            is_complete=bool(row.get("is_complete", True)),
            before=number_of(earlier, measure) if earlier else None,
            before_label=write_bucket(earlier["starts_at"], question.unit) if earlier else "",
            before_text=write_exact(earlier, measure) if earlier else "",
            notes=tuple(
                notes_between(notes, start, next_edge(start, question.unit, question.period.zone))
            ),
        )


def write_exact(row: Row, measure: Field) -> str:
    """The value of a point with all its digits."""
    column = column_of(measure)
    return write_cell(row.get(column.name), column.kind, measure.currency)


def write_short(value: Decimal, measure: Field) -> str:
    """A value of the axis."""
    if measure.currency is not None:
        return shorten_amount(value, measure.currency)
    match column_of(measure).kind:
        case Kind.SHARE:
            return write_share(value)
        case Kind.SECONDS:
            return write_seconds(value)
    return shorten(value) if value == value.to_integral() else f"{value.normalize():f}"


def notes_by_day(annotations: Sequence[Annotation]) -> dict[date, list[str]]:
    """The texts of annotations by their days."""
    notes: dict[date, list[str]] = {}
    for one in annotations:
        notes.setdefault(one.day, []).append(one.text)
    return notes


def notes_between(notes: Mapping[date, list[str]], start: datetime, end: datetime) -> Iterator[str]:
    """The notes of the days that begin in a bucket; of an hour those of its day, at its first."""
    for day, texts in notes.items():
        if start.date() <= day < end.date() or (start.date() == day and start.hour == 0):
            yield from texts


def describe(label: str, samples: Sequence[Sample], unit: Unit) -> str:
    """A chart in words: from when to when, its lowest and highest, and what is not over."""
    known = [one for one in samples if one.value is not None]
    if not known:
        return f"{label}: nothing to show."
    highest = max(known, key=lambda one: one.value or 0)
    lowest = min(known, key=lambda one: one.value or 0)
    text = (
        f"{label} by {unit}, from {known[0].label} to {known[-1].label}. "
        f"Highest {highest.text} ({highest.label}), lowest {lowest.text} ({lowest.label})."
    )
    if not known[-1].is_complete:
        text += " The last is not over yet."
    return text
