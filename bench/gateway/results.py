"""The rounds' figures as a table and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.gateway.cases import Case, names_of
from bench.gateway.measure import Run
from bench.medians import median_ratio
from bench.text_table import format_number, format_table

Figure = Callable[[Run], float]


@dataclass(frozen=True, slots=True)
class Row:
    """A case's medians, and its ratios to its baseline where that was measured too."""

    case: Case
    rate: float
    rate_ratio: float | None
    p50_ms: float
    p99_ms: float
    p99_ratio: float | None
    errors: int
    cpu_us: dict[str, float]


def summarize(cases: Sequence[Case], runs: Mapping[str, Sequence[Run]]) -> list[Row]:
    """A row a case, in their order."""
    known = names_of(cases)
    return [summarize_case(case, runs, known) for case in cases]


def summarize_case(case: Case, runs: Mapping[str, Sequence[Run]], known: Mapping[str, Case]) -> Row:
    """Medians of a case's runs."""
    own = runs[case.key]
    base = runs[case.baseline] if case.baseline in known and case.baseline else None
    return Row(
        case=case,
        rate=median(rate_of(run) for run in own),
        rate_ratio=compare(rate_of, own, base),
        p50_ms=median(run.load.p50_ms for run in own),
        p99_ms=median(run.load.p99_ms for run in own),
        p99_ratio=compare(p99_of, own, base),
        errors=sum(run.load.errors for run in own),
        cpu_us={name: median(run.cpu_us[name] for run in own) for name in own[0].cpu_us},
    )


def rate_of(run: Run) -> float:
    """Requests a second."""
    return run.load.rate


def p99_of(run: Run) -> float:
    """The slowest of a hundred answers, in milliseconds."""
    return run.load.p99_ms


def compare(figure: Figure, own: Sequence[Run], base: Sequence[Run] | None) -> float | None:
    """The median of the rounds' ratios, where there is a baseline that answered."""
    if base is None or not all(figure(run) for run in base):
        return None
    return median_ratio([figure(run) for run in own], [figure(run) for run in base])


def format_rows(rows: Sequence[Row]) -> str:
    """The table for a terminal."""
    trees = list(rows[0].cpu_us)
    header = ["", "requests/s", "ratio", "p50 ms", "p99 ms", "p99 ratio", "errors"]
    header += [f"{name} µs" for name in trees]
    return format_table(header, [format_row(row, trees) for row in rows])


def format_row(row: Row, trees: Sequence[str]) -> list[str]:
    """A row's cells."""
    return [
        row.case.title,
        f"{row.rate:,.0f}",
        format_ratio(row.rate_ratio),
        format_number(row.p50_ms),
        format_number(row.p99_ms),
        format_ratio(row.p99_ratio),
        str(row.errors),
        *(format_number(row.cpu_us[name]) for name in trees),
    ]


def format_ratio(ratio: float | None) -> str:
    """Two decimals, or nothing."""
    return "" if ratio is None else f"{ratio:.2f}"


def collect_ratios(rows: Sequence[Row]) -> dict[str, float]:
    """The ratios by name, as post_ours_vs_post_plain and post_ours_vs_post_plain_p99."""
    found: dict[str, float] = {}
    for row in rows:
        name = f"{row.case.key}_vs_{row.case.baseline}"
        if row.rate_ratio is not None:
            found[name] = round(row.rate_ratio, 3)
        if row.p99_ratio is not None:
            found[f"{name}_p99"] = round(row.p99_ratio, 3)
    return found
