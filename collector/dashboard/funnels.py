"""The funnel of a page: its stages as columns, and one line of stages for each name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from collector.dashboard.charts import Column, draw_columns
from collector.dashboard.formats import NOTHING, write_cell, write_count, write_share
from collector.dashboard.links import Links
from collector.dashboard.tables import is_rest, link_of, stage_title
from collector.reports.answer import Answer, Row
from collector.reports.catalog import Kind
from collector.reports.cells import name_of


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage, in texts. `share`: of all sessions; `step`: of those of the stage before."""

    title: str
    column: Column
    reached: str
    share: str
    step: str
    drop_off: str
    time: str


@dataclass(frozen=True, slots=True)
class Funnel:
    """The stages of all, and of how many sessions they are."""

    stages: tuple[Stage, ...]
    sessions: str
    is_empty: bool


@dataclass(frozen=True, slots=True)
class NamedFunnel:
    """The stages of one name: how many reached each, and their share of the sessions."""

    name: str
    link: str | None
    sessions: str
    cells: tuple[tuple[str, str, float], ...]


def make_funnel(answer: Answer) -> Funnel:
    """The funnel of all sessions."""
    rows = answer.rows
    columns = draw_columns([row["reached"] for row in rows])
    return Funnel(
        stages=tuple(make_stage(row, column) for row, column in zip(rows, columns, strict=True)),
        sessions=write_count(rows[0].get("sessions") or 0) if rows else "0",
        is_empty=not any(row["reached"] for row in rows),
    )


def make_stage(row: Row, column: Column) -> Stage:
    """A stage of the funnel."""
    return Stage(
        title=stage_title(row["stage"]),
        column=column,
        reached=write_count(row["reached"]),
        share=write_cell(row.get("reached_share"), Kind.SHARE),
        step=write_cell(row.get("stage_share"), Kind.SHARE),
        drop_off=write_cell(row.get("drop_off"), Kind.SHARE),
        time=write_cell(row.get("median_step"), Kind.SECONDS),
    )


def make_funnels(answer: Answer, links: Links | None) -> list[NamedFunnel]:
    """A line for each name of a funnel that is split."""
    names: dict[tuple[str | None, int | None], list[Row]] = {}
    for row in answer.rows:
        names.setdefault((row.get("name"), row.get("names")), []).append(row)
    return [make_named(rows, str(answer.question.names), links) for rows in names.values()]


def make_named(rows: Sequence[Row], dimension: str, links: Links | None) -> NamedFunnel:
    """The stages of one name, each with a bar."""
    first = rows[0]
    link = None if is_rest(first) else link_of(name_of(first), dimension, links)
    return NamedFunnel(
        name=name_of(first),
        link=link,
        sessions=write_count(first.get("sessions") or 0),
        cells=tuple(make_share(row) for row in rows),
    )


def make_share(row: Row) -> tuple[str, str, float]:
    """How many reached a stage, their share, and that in percent."""
    share: Decimal | None = row.get("reached_share")
    text = NOTHING if share is None else write_share(share)
    return write_count(row["reached"]), text, round(float(100 * (share or 0)), 2)
