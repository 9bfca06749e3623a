"""How far an event walks from the bytes of its body to its row in Postgres."""

import sys
from types import FrameType
from typing import Any

from collector.api.body import read_body
from collector.postgres.store import Store
from tests.support import Collector

MODULES, PACKAGES = 15, 9

# Tasks that run beside the requests, and may be seen meanwhile.
BESIDE = ("spool", "rejects")


async def test_an_event_passes_few_rooms_on_its_way_to_the_disk(collector: Collector) -> None:
    await collector.track(session_id="warm")
    seen: list[str] = []
    walking = False

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal walking
        if event == "return" and frame.f_code is Store.insert_events.__code__:
            walking = False
        module = frame.f_globals.get("__name__", "")
        if walking and event == "call" and module.startswith("collector."):
            seen.append(module.removeprefix("collector."))
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
    modules = {module for module in seen if not module.startswith(BESIDE)}
    assert {"contract.validation", "enrich", "durable.writer", "postgres.store"} <= modules
    assert len(modules) <= MODULES, sorted(modules)
    assert len({module.partition(".")[0] for module in modules}) <= PACKAGES
