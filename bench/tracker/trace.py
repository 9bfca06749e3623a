"""What a trace of Chromium says of the scripts of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Event = dict[str, Any]

# Where a script is compiled or runs; one may stand within another.
SCRIPT = frozenset(
    {
        "EvaluateScript",
        "EventDispatch",
        "FunctionCall",
        "RunMicrotasks",
        "TimerFire",
        "v8.compile",
        "v8.compileModule",
        "v8.evaluateModule",
        "v8.run",
    }
)
CATEGORIES = ["devtools.timeline", "v8", "disabled-by-default-v8.compile"]


def script_milliseconds(events: Sequence[Event], url: str) -> float:
    """Processor time of scripts on the main thread of the page `url`, in milliseconds.

    That is the thread on which a script within the page ran, as each page of the site has one.
    Chromium's own pages, such as that of a new tab, run scripts too; they and other work of the
    machine are not in it.
    """
    scripts = [event for event in events if event.get("ph") == "X" and event["name"] in SCRIPT]
    threads = {thread_of(event) for event in scripts if script_of(event) == url}
    return outermost([event for event in scripts if thread_of(event) in threads]) / 1000


def thread_of(event: Event) -> tuple[int, int]:
    """Its process and its thread."""
    return event["pid"], event["tid"]


def script_of(event: Event) -> str | None:
    """Address of what an EvaluateScript evaluates."""
    url: str | None = event.get("args", {}).get("data", {}).get("url")
    return url


def outermost(thread: list[Event]) -> float:
    """Processor time of the events that stand in no other, in microseconds."""
    total = end = 0.0
    for event in sorted(thread, key=lambda event: (event["ts"], -event.get("dur", 0))):
        if event["ts"] >= end:
            total += event.get("tdur", 0)
            end = event["ts"] + event.get("dur", 0)
    return total
