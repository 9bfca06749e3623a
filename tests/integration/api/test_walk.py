"""How far an event walks from the bytes of its body to its row in Postgres."""

import asyncio
import sys
from types import FrameType
from typing import Any

from collector.api.body import read_body
from collector.background import Supervisor
from collector.postgres.store import Store
from tests.support import Collector

MODULES, PACKAGES = 15, 9


async def test_an_event_passes_few_rooms_on_its_way_to_the_disk(collector: Collector) -> None:
    await collector.track(session_id="warm")
    beside = [task for task in asyncio.all_tasks() if is_supervised(task)]
    seen: set[str] = set()
    walking = False

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal walking
        if event == "return" and frame.f_code is Store.insert_events.__code__:
            walking = False
        module = frame.f_globals.get("__name__", "")
        ours = walking and event == "call" and module.startswith("collector.")
        if ours and asyncio.current_task() not in beside:
            seen.add(module.removeprefix("collector."))
        if event == "return" and frame.f_code is read_body.__code__:
            walking = True

    sys.setprofile(note)
    try:
        status, _ = await collector.track(
            page_url="https://www.example.com/pricing?gclid=abc",
            referrer="https://search.example.org/",
            utm_params={"utm_source": "newsletter", "utm_medium": "email"},
            user_id="42",
            conversion_value=29.99,
        )
    finally:
        sys.setprofile(None)
    assert status == 200
    assert beside
    assert {"contract.validation", "enrich", "durable.writer", "postgres.store"} <= seen
    assert len(seen) <= MODULES, sorted(seen)
    assert len({module.partition(".")[0] for module in seen}) <= PACKAGES


def is_supervised(task: asyncio.Task[Any]) -> bool:
    """Whether it is work beside the requests, such as the keeper of the facts of sessions."""
    return getattr(task.get_coro(), "cr_code", None) is Supervisor._keep_running.__code__
