"""What rounds and events say together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.medians import percentile


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 99, 0),
        ([7.0], 50, 7),
        ([3.0, 1.0, 2.0], 50, 2),
        ([float(n) for n in range(100)], 99, 99),
        ([float(n) for n in range(1_000)], 99, 990),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(
    values: Sequence[float], percent: int, expected: float
) -> None:
    assert percentile(values, percent) == expected
