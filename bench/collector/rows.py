"""What is compared, and by which ratios (docs/benchmarks.md says what each row means)."""

from __future__ import annotations

from dataclasses import dataclass

TRACK, SPEC, SPEC_THREADS = "track", "spec_design", "spec_design_threads"
NOOP, COPY, BATCH = "noop", "copy", "batch"
TRACK_TWO = "track_two"
# The collector of another checkout (--against), such as the commit before a change.
TRACK_BEFORE, BATCH_BEFORE = "track_before", "batch_before"
OF_ANOTHER_CHECKOUT = (TRACK_BEFORE, BATCH_BEFORE)

TITLES = {
    TRACK: "(a) track endpoint",
    TRACK_TWO: "    the same, two processes",
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


RATIOS = (
    Ratio("track_vs_spec_design", TRACK, SPEC, must=10, goal=15),
    Ratio("track_vs_noop", TRACK, NOOP, must=0.55, goal=0.70),
    Ratio("two_vs_one", TRACK_TWO, TRACK, must=1.15, goal=1.3),
    Ratio("batch_vs_copy", BATCH, COPY, must=0.55, goal=0.70),
    Ratio("track_vs_before", TRACK, TRACK_BEFORE, must=0.97, goal=1),
    Ratio("batch_vs_before", BATCH, BATCH_BEFORE, must=0.95, goal=1),
)
