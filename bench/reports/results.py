"""The figures as tables and as JSON, beside what they must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from bench.machine import QUIET_PERCENT
from bench.reports.answers import Times
from bench.reports.ingest import Beside
from bench.text_table import format_number, format_table

# The figures of the issue "Reports, attribution and the dashboard".
WARM_SECONDS, COLD_SECONDS, VIEW_SECONDS, MOST_LOSS = 0.5, 2.0, 1.0, 0.10


def format_reports(warm: Times, cold: Times) -> str:
    """Medians of each report, the slowest first."""
    names = sorted({*warm, *cold}, key=lambda name: (-median(warm.get(name) or cold[name]), name))
    rows = [
        [
            name,
            *cell(warm.get(name), WARM_SECONDS),
            *cell(cold.get(name), COLD_SECONDS),
        ]
        for name in names
    ]
    return format_table(
        ("report of 30 days", "warm s", f"must {WARM_SECONDS}", "cold s", f"must {COLD_SECONDS}"),
        rows,
    )


def format_views(views: Times) -> str:
    """Medians of each view."""
    rows = [[name, *cell(times, VIEW_SECONDS)] for name, times in views.items()]
    return format_table(("view of 30 days", "s", f"must {VIEW_SECONDS}"), rows)


def cell(times: Sequence[float] | None, must: float) -> tuple[str, str]:
    """A median, and what it is of what it may be; nothing where nothing was measured."""
    if not times:
        return "", ""
    found = median(times)
    return format_number(found), "met" if found <= must else f"{found / must:.1f} times"


def format_ingest(rounds: Sequence[Beside]) -> str:
    """What reports cost the collector, in words."""
    loss, reports = median(one.loss for one in rounds), sum(one.reports for one in rounds)
    alone, beside = (
        median(run.load.p99_ms for run in runs if run.load)
        for runs in ([one.alone for one in rounds], [one.beside for one in rounds])
    )
    return (
        f"events at half speed, {median(one.asked_for for one in rounds):,.0f} a second, beside "
        f"{reports} reports: {loss:.1%} lost (must: {MOST_LOSS:.0%}), "
        f"p99 {format_number(beside)} ms where it was {format_number(alone)}"
    )


def times_json(times: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Each round, in seconds."""
    return {name: [round(one, 4) for one in seconds] for name, seconds in times.items()}


def warn_of_others(percents: Mapping[str, float]) -> str:
    """A line where other work took a part of the machine that spoils the figures."""
    busy = [f"{part} {took:.0f} %" for part, took in percents.items() if took > QUIET_PERCENT]
    if not busy:
        return ""
    return f"WARNING: other work took of the processors: {', '.join(busy)}; run it again."
