"""The benchmark of the queue runs, and says what it measured."""

import pytest

from bench.queue.cli import main


def test_a_short_run_has_a_line_for_each_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1", "--events", "800"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for way in ("straight to Postgres", "into the queue", "a consumer, from the queue"):
        [line] = [line for line in lines if line.startswith(way)]
        rate = line.removeprefix(way).split()[0]
        assert float(rate.replace(",", "")) > 0
