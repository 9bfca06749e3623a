"""What a trace of Chromium says of the scripts of a page."""

from __future__ import annotations

from typing import Any

from bench.tracker.trace import script_milliseconds

PAGE = "http://shop.example/page"


def event(name: str, start: int, length: int, spent: int, thread: int = 1) -> dict[str, Any]:
    """Of a trace, in microseconds: how long it took, and how much of that the processor."""
    times = {"ts": start, "dur": length, "tdur": spent}
    return {"ph": "X", "name": name, "pid": 1, "tid": thread, **times}


def script_of(url: str, thread: int = 1) -> dict[str, Any]:
    """A script within a page, which took no time."""
    return {**event("EvaluateScript", 0, 0, 0, thread), "args": {"data": {"url": url}}}


def test_what_runs_within_another_script_counts_once() -> None:
    within = event("v8.compile", 1_100, 500, 400)
    after = event("TimerFire", 4_000, 1_000, 700)
    outer = event("EvaluateScript", 1_000, 2_000, 1_500)
    assert script_milliseconds([script_of(PAGE), within, outer, after], PAGE) == 2.2


def test_other_work_and_other_threads_are_not_the_scripts_of_the_page() -> None:
    events = [
        script_of(PAGE),
        event("Layout", 0, 9_000, 9_000),
        event("FunctionCall", 0, 2_000, 1_000),
        script_of("chrome://newtab/", thread=2),
        event("FunctionCall", 0, 9_000, 8_000, thread=2),
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1},
    ]
    assert script_milliseconds(events, PAGE) == 1.0


def test_without_scripts_there_is_no_work() -> None:
    assert script_milliseconds([], PAGE) == 0
