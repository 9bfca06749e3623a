"""What is compared, and by which ratios (docs/benchmarks.md says what each row means)."""

from __future__ import annotations

from dataclasses import dataclass

TRACK, SPEC, SPEC_THREADS = "track", "spec_design", "spec_design_threads"
NOOP, COPY, BATCH = "noop", "copy", "batch"
# The collector of another checkout (--against), such as the commit before a change.
TRACK_BEFORE, BATCH_BEFORE = "track_before", "batch_before"
OF_ANOTHER_CHECKOUT = (TRACK_BEFORE, BATCH_BEFORE)

TITLES = {
    TRACK: "(a) track endpoint",
    SPEC: "(b) original's design",
    SPEC_THREADS: "    the same, in threads",
    NOOP: "(c) reads and answers",
    COPY: "(d) COPY, one connection",
    BATCH: "(e) batch endpoint",
    TRACK_BEFORE: "(a) of the other checkout",
    BATCH_BEFORE: "(e) of the other checkout",
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """Events a second of one row by those of another, and what is wanted of it."""

    name: str
    of: str
    by: str
    must: float
    goal: float


# The figures of the issue "Ingestion that is fast and loses nothing".
RATIOS = (
    Ratio("track_vs_spec_design", TRACK, SPEC, must=10, goal=15),
    Ratio("track_vs_noop", TRACK, NOOP, must=0.30, goal=0.50),
    Ratio("batch_vs_copy", BATCH, COPY, must=0.40, goal=0.70),
    Ratio("track_vs_before", TRACK, TRACK_BEFORE, must=0.97, goal=1),
    Ratio("batch_vs_before", BATCH, BATCH_BEFORE, must=0.95, goal=1),
)
