"""Work that goes on beside the requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0

Work = Callable[[], Coroutine[None, None, None]]


class Supervisor:
    """Starts work again that ended, with a pause that doubles up to a minute.

    Such work runs as long as the process does: an end is an error, and is logged and counted.
    `count_restart` is told the work's name.
    """

    def __init__(
        self,
        count_restart: Callable[[str], None],
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._count_restart = count_restart
        self._first_pause_seconds = first_pause_seconds
        self.is_running: dict[str, bool] = {}

    @asynccontextmanager
    async def run(self, name: str, work: Work) -> AsyncIterator[None]:
        """Have work done for as long as the block runs, then cancel it."""
        self.is_running[name] = True
        async with run_in_background(self._keep_running(name, work)):
            yield

    async def _keep_running(self, name: str, work: Work) -> None:
        loop = asyncio.get_running_loop()
        pause = self._first_pause_seconds
        while True:
            self.is_running[name] = True
            started = loop.time()
            try:
                await work()
                logger.error("the background task %s ended; it is started again", name)
            except Exception:
                logger.exception("the background task %s failed; it is started again", name)
            self.is_running[name] = False
            self._count_restart(name)
            if loop.time() - started > MAX_PAUSE_SECONDS:  # it ran well for a while
                pause = self._first_pause_seconds
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE_SECONDS)


@asynccontextmanager
async def run_in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a coroutine for as long as the block runs, then cancel it."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
