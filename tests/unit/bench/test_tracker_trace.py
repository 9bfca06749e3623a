"""What a trace of Chromium says of the scripts of a page."""

from __future__ import annotations

from typing import Any

from bench.tracker.trace import script_milliseconds


def event(name: str, start: int, length: int, spent: int, thread: int = 1) -> dict[str, Any]:
    """Of a trace, in microseconds: how long it took, and how much of that the processor."""
    times = {"ts": start, "dur": length, "tdur": spent}
    return {"ph": "X", "name": name, "pid": 1, "tid": thread, **times}


def test_what_runs_within_another_script_counts_once() -> None:
    within = event("v8.compile", 1_100, 500, 400)
    after = event("TimerFire", 4_000, 1_000, 700)
    assert script_milliseconds([within, event("EvaluateScript", 1_000, 2_000, 1_500), after]) == 2.2


def test_other_work_and_other_threads_are_not_the_scripts_of_the_page() -> None:
    events = [
        event("Layout", 0, 9_000, 9_000),
        event("FunctionCall", 0, 2_000, 1_000),
        event("FunctionCall", 0, 900, 800, thread=2),
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1},
    ]
    assert script_milliseconds(events) == 1.0


def test_without_scripts_there_is_no_work() -> None:
    assert script_milliseconds([]) == 0
