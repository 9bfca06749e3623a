"""Waiting for what a browser does in its own time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

# Generous: on a loaded machine Chromium may take seconds for what mostly takes milliseconds.
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.02


async def wait_until(holds: Callable[[], bool], explain: Callable[[], str]) -> None:
    """Wait until a condition holds; raises AssertionError with the explanation if it does not."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not after {DEADLINE_SECONDS:.0f} s; {explain()}")
        await asyncio.sleep(POLL_SECONDS)
