"""A worker's place: when its worker dies or is to be renewed, another one takes it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from kong_plugin_server.crew import Crew, WorkerError, WorkerProcess, new_future

logger = logging.getLogger(__name__)

# A worker that dies at once, again and again, is started once a second.
LEAST_LIFE_SECONDS = 1.0


class Place:
    """Keeps one worker running. Calls `taken` whenever another worker takes the place."""

    def __init__(
        self, number: int, crew: Crew, stop: asyncio.Event, taken: Callable[[], None]
    ) -> None:
        self.number = number
        self.restarts = 0
        self._crew = crew
        self._stop = stop
        self._taken = taken
        self._worker: WorkerProcess | None = None
        self._since = 0.0
        self._is_renewal_wanted = asyncio.Event()
        self._renewed: asyncio.Future[bool] = new_future()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def serving(self) -> WorkerProcess | None:
        """The worker that takes connections; None while another is started for a dead one."""
        worker = self._worker
        return worker if worker is not None and worker.channel.is_open else None

    async def fill(self) -> None:
        """Start the first worker. Raises WorkerError."""
        self._take(await self._crew.start(self.number))

    async def keep(self) -> None:
        """Keep a worker running until the server is to stop; then let it end its events."""
        while not self._stop.is_set() and self._worker is not None:
            await self._wait_for_news(self._worker)
            if self._stop.is_set():
                break
            if self._worker.process.returncode is not None:
                await self._replace(self._worker)
            else:
                await self._renew(self._worker)
        if self._worker is not None:
            await self._crew.end(self._worker)
        await asyncio.gather(*self._ending)

    async def renew(self) -> bool:
        """Another worker, with the code as it is now; returns when the old one has ended.

        False where the new one does not start: then the old one goes on.
        """
        self._renewed = new_future()
        self._is_renewal_wanted.set()
        return await self._renewed

    def _take(self, worker: WorkerProcess) -> None:
        self._worker = worker
        self._since = time.monotonic()
        self._taken()

    async def _wait_for_news(self, worker: WorkerProcess) -> None:
        """Return when the worker has ended, is to be renewed, or is to stop."""
        waiting = [
            asyncio.ensure_future(news)
            for news in (worker.process.wait(), self._stop.wait(), self._is_renewal_wanted.wait())
        ]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def _replace(self, worker: WorkerProcess) -> None:
        """Another worker for one that died."""
        code = worker.process.returncode
        logger.error("worker %d ended with code %s; starting another", self.number, code)
        self._worker = None
        self._end(self._crew.bury(worker))
        self.restarts += 1
        if time.monotonic() - self._since < LEAST_LIFE_SECONDS:
            await self._pause()
        while not self._stop.is_set():
            try:
                self._take(await self._crew.start(self.number))
            except WorkerError as error:
                if not self._stop.is_set():
                    logger.error("%s", error)  # noqa: TRY400  # the worker's own log has the traceback
                    await self._pause()
            else:
                return

    async def _renew(self, old: WorkerProcess) -> None:
        self._is_renewal_wanted.clear()
        try:
            self._take(await self._crew.start(self.number))
        except WorkerError as error:
            if not self._stop.is_set():  # else it was not waited for
                logger.error("%s; the old worker goes on", error)  # noqa: TRY400  # as above
            self._tell_renewed(False)
        else:
            self._end(self._end_renewed(old))

    async def _end_renewed(self, old: WorkerProcess) -> None:
        await self._crew.end(old)
        self._tell_renewed(True)

    def _tell_renewed(self, is_renewed: bool) -> None:
        if not self._renewed.done():  # else this server stops, and nobody waits for it
            self._renewed.set_result(is_renewed)

    def _end(self, ending: Coroutine[Any, Any, None]) -> None:
        """Beside what else there is to do: it takes seconds, and the new worker may die."""
        task = asyncio.get_running_loop().create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAST_LIFE_SECONDS):
                await self._stop.wait()
