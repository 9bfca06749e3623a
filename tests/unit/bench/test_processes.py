"""Memory and processor time, of this very process."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.machine import describe_machine, summarize_machine
from bench.processes import Moment, Tree, find_tree, look_now


def test_memory_and_processor_time_of_a_process_are_seen() -> None:
    tree = Tree("tests", os.getpid())
    memory = tree.memory()
    assert memory.rss_mib >= memory.largest_mib > 10
    assert 0 < memory.pss_mib <= memory.rss_mib
    assert tree.peak_rss_mib() >= memory.largest_mib
    before = tree.cpu_seconds()
    while tree.cpu_seconds() == before:  # each look costs processor time
        pass
    assert tree.cpu_seconds() > before


def test_a_process_is_found_by_its_id_and_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "server.pid"
    file.write_text(f"{os.getpid()}\n")
    assert find_tree("server", str(file)).pid == os.getpid()
    assert find_tree("server", str(os.getpid())).pid == os.getpid()


@pytest.mark.parametrize(
    ("text", "message"), [("no/such/file", "no readable pid file"), ("4194305", "no process")]
)
def test_what_is_no_process_is_named(text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        find_tree("server", text)


def test_a_file_without_an_id_is_named(tmp_path: Path) -> None:
    file = tmp_path / "server.pid"
    file.write_text("running\n")
    with pytest.raises(BenchError, match="holds no process id"):
        find_tree("server", str(file))


def test_a_machine_is_described_with_the_commit() -> None:
    machine = describe_machine(datetime(2026, 11, 22, 12, 30, tzinfo=UTC))
    assert machine["cores"] == os.cpu_count()
    assert machine["date"] == "2026-11-22 12:30 UTC"
    assert machine["commit"]
    assert machine["cpu"]


@pytest.mark.parametrize(("busy", "warned"), [(3.0, False), (60.0, True)])
def test_a_busy_machine_is_warned_of(busy: float, warned: bool) -> None:
    machine: dict[str, object] = {"cores": 2, "cpu": "c", "commit": "abc", "date": "today"}
    summary = summarize_machine({**machine, "busy_percent": busy})
    assert ("WARNING" in summary) is warned


def test_what_others_took_is_the_rest_of_what_was_used() -> None:
    room = os.cpu_count() or 1
    before = Moment(wall=0, all_seconds=100, own_seconds=50)
    later = Moment(wall=10, all_seconds=100 + 6 * room, own_seconds=50 + 2 * room)
    assert before.others_percent(later) == 40.0
    assert before.busy_percent(later) == 60.0
    assert before.others_percent(Moment(10, 100, 51)) == 0  # counts are coarser than this


def test_a_moment_has_what_we_used_in_what_all_used() -> None:
    moment = look_now([Tree("tests", os.getpid())])
    assert 0 < moment.own_seconds < moment.all_seconds
