"""What a trace of Chromium says of the scripts of a page."""

from __future__ import annotations

from collections import defaultdict
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


def script_milliseconds(events: Sequence[Event]) -> float:
    """Processor time of the scripts on the thread where they take most of it, the page's main
    thread, in milliseconds. Other work of the machine is not in it."""
    threads = defaultdict(list)
    for event in events:
        if event.get("ph") == "X" and event["name"] in SCRIPT:
            threads[event["pid"], event["tid"]].append(event)
    return max((outermost(thread) for thread in threads.values()), default=0.0) / 1000


def outermost(thread: list[Event]) -> float:
    """Processor time of the events that stand in no other, in microseconds."""
    total = end = 0.0
    for event in sorted(thread, key=lambda event: (event["ts"], -event.get("dur", 0))):
        if event["ts"] >= end:
            total += event.get("tdur", 0)
            end = event["ts"] + event.get("dur", 0)
    return total
