"""Work whose result several callers want: done once, and kept for a moment."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


@dataclass(slots=True)
class Held(Generic[Result]):
    """Work that goes on, or its result; how many wait for it, and when it is too old."""

    task: asyncio.Task[Result]
    waiting: int = 0
    until: float = float("inf")


class SharedWork(Generic[Key, Result]):
    """Callers with the same key share one work. It is cancelled when none of them waits any more.

    A result is kept for `keep_seconds`; of more than `most`, as `weigh` counts, the oldest go.
    An error is told to all who wait, and not kept.
    """

    def __init__(
        self, keep_seconds: float, most: int, weigh: Callable[[Result], int] = lambda _: 1
    ) -> None:
        self._keep_seconds = keep_seconds
        self._most = most
        self._weigh = weigh
        self._held: OrderedDict[Key, Held[Result]] = OrderedDict()
        self._tasks: set[asyncio.Task[Result]] = set()

    async def get(self, key: Key, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """The result of the work. Raises what it raises."""
        held = self._held.get(key)
        if held is None or held.until < asyncio.get_running_loop().time():
            held = self._start(key, work)
        held.waiting += 1
        try:
            return await asyncio.shield(held.task)
        finally:
            held.waiting -= 1
            if not held.waiting and not held.task.done():
                held.task.cancel()
                self._forget(key, held)

    async def close(self) -> None:
        """Cancel all work."""
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError, Exception):
                await task

    def _start(self, key: Key, work: Callable[[], Coroutine[Any, Any, Result]]) -> Held[Result]:
        held = Held(asyncio.create_task(work()))
        self._tasks.add(held.task)
        self._held[key] = held
        self._held.move_to_end(key)
        held.task.add_done_callback(lambda _: self._end(key, held))
        return held

    def _end(self, key: Key, held: Held[Result]) -> None:
        """Keep a result, and no error."""
        self._tasks.discard(held.task)
        if held.task.cancelled() or held.task.exception():
            self._forget(key, held)
            return
        held.until = asyncio.get_running_loop().time() + self._keep_seconds
        self._trim()

    def _forget(self, key: Key, held: Held[Result]) -> None:
        if self._held.get(key) is held:
            del self._held[key]

    def _trim(self) -> None:
        """Let go of the oldest results until those that are left are few enough."""
        now = asyncio.get_running_loop().time()
        done = [(key, held) for key, held in self._held.items() if held.task.done()]
        weight = sum(self._weigh(held.task.result()) for _, held in done)
        for key, held in done:
            if weight > self._most or held.until < now:
                weight -= self._weigh(held.task.result())
                self._forget(key, held)
