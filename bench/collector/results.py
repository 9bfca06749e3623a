"""The rounds' figures as a table, as ratios and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from bench.collector.measure import Figures
from bench.collector.rows import OF_ANOTHER_CHECKOUT, RATIOS, TITLES, Ratio
from bench.machine import QUIET_PERCENT
from bench.medians import median_ratio
from bench.text_table import format_number, format_table

HEADER = (
    *("", "events/s", "p50 ms", "p99 ms", "p99.9 ms", "peak MiB"),
    *("server µs", "Postgres µs", "load µs", "busy %", "errors"),
)

Runs = Mapping[str, Sequence[Figures]]


def format_figures(runs: Runs, peaks: Mapping[str, float]) -> str:
    """The table of medians for a terminal."""
    return format_table(HEADER, [format_row(key, runs[key], peaks.get(key)) for key in runs])


def format_row(key: str, runs: Sequence[Figures], peak_mib: float | None) -> list[str]:
    """A row's cells."""
    loads = [run.load for run in runs if run.load]
    return [
        TITLES.get(key, key),
        f"{median(run.rate for run in runs):,.0f}",
        format_median([load.p50_ms for load in loads]),
        format_median([load.p99_ms for load in loads]),
        format_median([load.p999_ms for load in loads]),
        "" if peak_mib is None else format_number(peak_mib),
        format_median([run.server_us for run in runs]),
        format_median([run.postgres_us for run in runs]),
        format_median([run.load_us for run in runs]),
        format_median([run.busy_percent or None for run in runs]),
        str(sum(run.errors for run in runs)),
    ]


def format_median(values: Sequence[float | None]) -> str:
    """The median of what was measured; nothing where nothing was."""
    known = [value for value in values if value is not None]
    return format_number(median(known)) if known else ""


def warn_of_others(runs: Runs) -> str:
    """A line where other work took a part of the machine that spoils the figures."""
    took = median(run.others_percent for of_row in runs.values() for run in of_row)
    if took <= QUIET_PERCENT:
        return ""
    return f"WARNING: other work took {took:.0f} % of the processors meanwhile: run it again.\n"


def find_ratios(runs: Runs) -> dict[str, float | None]:
    """Every ratio by name; None where one of its rows was not measured.

    Those with another checkout are there only where one was compared.
    """
    asked = [ratio for ratio in RATIOS if ratio.by in runs or ratio.by not in OF_ANOTHER_CHECKOUT]
    return {ratio.name: find_ratio(ratio, runs) for ratio in asked}


def find_ratio(ratio: Ratio, runs: Runs) -> float | None:
    """The median of the rounds' ratios."""
    if ratio.of not in runs or ratio.by not in runs:
        return None
    rates = [[run.rate for run in runs[key]] for key in (ratio.of, ratio.by)]
    return round(median_ratio(*rates), 3)


def format_ratios(ratios: Mapping[str, float | None]) -> str:
    """Each ratio beside what is wanted of it."""
    rows = [
        [r.name, "not measured" if (v := ratios[r.name]) is None else f"{v:.2f}", *wanted(r)]
        for r in RATIOS
        if r.name in ratios
    ]
    return format_table(("", "ratio", "must", "goal"), rows)


def wanted(ratio: Ratio) -> tuple[str, str]:
    """What must be reached, and what is hoped for."""
    return f"{ratio.must:g}", f"{ratio.goal:g}"


def figures_json(runs: Runs) -> dict[str, object]:
    """Each round of each row."""
    return {key: [run.as_json() for run in of_row] for key, of_row in runs.items()}
