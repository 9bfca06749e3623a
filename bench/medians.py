"""What several interleaved rounds say: medians, and medians of each round's own ratio."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """The median of the rounds' ratios: both sides of one were measured side by side.

    The ratio of two medians would pair a quiet minute with a busy one.
    """
    return median(n / d for n, d in zip(numerators, denominators, strict=True))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of them do not pass; 0 where there is none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else 0.0
