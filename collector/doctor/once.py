"""Something that several checks need, and that is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Calls a function when it is first asked for, and remembers what came of it, errors too."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._task: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """What came of it. Raises what it raised, each time."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._work())
        # A check that takes too long is cancelled; what others wait for too is not.
        return await asyncio.shield(self._task)
