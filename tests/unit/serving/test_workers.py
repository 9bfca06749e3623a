"""When a worker is started again."""

import pytest

from collector.serving.workers import MAX_RESTART_SECONDS, restart_seconds


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0.0), (1, 0.2), (2, 0.4), (5, 3.2), (1_000, MAX_RESTART_SECONDS)]
)
def test_a_worker_that_keeps_failing_waits_longer_each_time(failures: int, seconds: float) -> None:
    assert restart_seconds(failures) == pytest.approx(seconds)
