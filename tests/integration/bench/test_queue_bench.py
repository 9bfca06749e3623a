"""The benchmark of the queue runs, and says what it measured."""

import pytest

from bench.queue.cli import main


def cells(output: str, row: str) -> list[float]:
    """The figures of a table's row."""
    [line] = [line for line in output.splitlines() if line.startswith(f"{row}  ")]
    return [float(cell.replace(",", "")) for cell in line.removeprefix(row).split()]


def test_a_short_run_has_a_line_for_each_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1", "--events", "800"]) == 0
    output = capsys.readouterr().out
    for way in ("straight to Postgres", "into the queue", "a consumer, from the queue"):
        assert cells(output, way)[0] > 0


def test_the_rows_of_whole_systems_have_the_times_of_each_part(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = "--rounds 1 --seconds 1 --rate 20 --outage-seconds 2 --collectors 1 2"
    assert main([*options.split(), "--parts", "collectors", "latency", "outage"]) == 0
    output = capsys.readouterr().out
    for row in ("1 collector", "2 collectors"):
        _, collectors, queue, consumers, postgres, together = cells(output, row)
        assert (queue, consumers) == (0, 0)
        assert min(collectors, postgres) > 0
        assert together == pytest.approx(collectors + postgres, rel=0.05)
        assert min(cells(output, f"{row}, queue")) > 0
    for way in ("straight to Postgres", "by the queue"):
        answer_p50, answer_p99, row_p50, row_p99 = cells(output, way)
        assert 0 < answer_p50 <= answer_p99
        assert 0 < row_p50 <= row_p99
    waited, caught_up, rate, answer_p99, refused = cells(output, "2 s")
    assert waited > 10
    assert min(caught_up, rate, answer_p99) > 0
    assert refused == 0
