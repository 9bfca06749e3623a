"""Waiting for what another process does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

SECONDS = 60.0

# What a busy machine may add to a time that a test holds something to. What the test tells
# it from takes much longer, mostly for ever.
BUSY_SECONDS = 20.0


async def eventually(condition: Callable[[], bool]) -> None:
    """Return when a condition holds; it is asked in a thread, since it may ask a process."""
    async with asyncio.timeout(SECONDS):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110  # other processes set no event
            await asyncio.sleep(0.02)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when a condition holds that is asked of Postgres or over HTTP."""
    async with asyncio.timeout(SECONDS):
        while not await condition():  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.02)
