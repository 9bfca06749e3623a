"""The disk that events wait on while Postgres is away.

A spool is a queue of events in files. What `append` has returned for survives kill -9 and a
power cut; `read_oldest` and `remove` take it out again in order. Reading, writing to Postgres
and removing may be repeated at any point, since the event's id is unique there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from collector.codec import UnreadableEvent, decode_row, encode_row
from collector.event_row import EventRow
from collector.spool.file import SpoolFile, SpoolOpenError, SpoolState
from collector.spool.lock import SpoolInUse
from collector.spool.old_file import OLD_SUFFIX
from collector.spool.watched import WatchedFile

logger = logging.getLogger(__name__)

T = TypeVar("T")

# What may be left of a spool, and makes its name known.
SUFFIXES = (".counts", ".events", ".refused", OLD_SUFFIX)

# More collectors than that on one folder are a mistake.
MAX_SPOOLS = 256


@dataclass(frozen=True, slots=True)
class Spooled:
    """An event that waits, and its place in the queue."""

    position: int
    row: EventRow


class Spool:
    """A spool's files, with a thread of their own, so that a slow disk never blocks the loop.

    All methods that are awaited raise SpoolUnavailable where the disk does not do its work, or
    the files are gone from their folder.
    """

    def __init__(self, watched: WatchedFile, thread: ThreadPoolExecutor, path: Path) -> None:
        self._watched = watched
        self._thread = thread
        self._read_from: SpoolFile | None = None
        self.path = path

    async def append(self, rows: Sequence[EventRow]) -> None:
        """Store events, all or none; they are on disk when this returns.

        Raises SpoolFull where the files would grow past their limit.
        """
        events = [(row.received_at, encode_row(row)) for row in rows]
        await self._run(lambda file: file.append(events))

    async def read_oldest(self, limit: int) -> list[Spooled]:
        """Up to `limit` of the events that wait longest, in the order in which they came.

        Fewer where they are large. Events that this collector cannot read are set aside on
        the way: there may be none in the answer although more wait.
        """
        return await self._run(lambda file: self._read_oldest(file, limit))

    async def remove(self, positions: Sequence[int]) -> None:
        """Remove events that are in Postgres now. Removing one again is harmless."""
        await self._run_on_read(lambda file: file.remove(positions))

    async def refuse(self, position: int, reason: str) -> None:
        """Set an event aside: Postgres will never take it.

        The reason is stored and logged: it must have no values of the event.
        """
        await self._run_on_read(lambda file: self._refuse(file, position, reason))

    async def requeue_refused(self) -> int:
        """Give the refused events another try. Returns how many there are."""
        return await self._run(SpoolFile.requeue_refused)

    async def drop(self, is_dropped: Callable[[bytes], bool]) -> int:
        """Take events out, wherever in the queue or set aside. Returns how many.

        `is_dropped` gets each as encode_row wrote it, and runs in the spool's thread.
        """
        return await self._run(lambda file: file.drop(is_dropped))

    async def take_damaged(self, other: Spool) -> None:
        """Count the damaged events of another, drained spool among those of this one."""
        if damaged := other.damaged:
            await self._run(lambda file: file.count_damaged(damaged))
            await other._run(SpoolFile.forget_damaged)  # one of its own kind

    async def look(self) -> None:
        """Look whether the files are where they belong; where not, make them anew."""
        await self._run(lambda _file: None)

    @property
    def is_usable(self) -> bool:
        """Whether the disk did its work the last time, and the files are where they belong."""
        return self._watched.is_usable

    @property
    def depth(self) -> int:
        """Events that wait."""
        return self._state.depth

    @property
    def refused(self) -> int:
        """Events that were set aside."""
        return self._state.refused

    @property
    def damaged(self) -> int:
        """Events that were promised, and that the disk does not hold unaltered any more."""
        return self._state.damaged

    @property
    def size_bytes(self) -> int:
        """Bytes that its files take."""
        return self._state.size_bytes

    @property
    def oldest_at(self) -> datetime | None:
        """When the event that waits longest was received."""
        return self._state.oldest_at

    def age_seconds(self, now: datetime) -> float:
        """How long the oldest waiting event has waited; 0 where none waits.

        A clock that was set back must not show an age below zero.
        """
        if self.oldest_at is None:
            return 0.0
        return max((now - self.oldest_at).total_seconds(), 0.0)

    @property
    def _state(self) -> SpoolState:
        return self._watched.file.state

    async def _run(self, work: Callable[[SpoolFile], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._watched.use, work)

    async def _run_on_read(self, work: Callable[[SpoolFile], None]) -> None:
        """Work on the files that the positions are from; not at all where they were replaced."""

        def work_on_read(file: SpoolFile) -> None:
            if file is self._read_from:
                work(file)

        await self._run(work_on_read)

    def _read_oldest(self, file: SpoolFile, limit: int) -> list[Spooled]:
        self._read_from = file
        spooled = []
        for position, data in file.read_oldest(limit):
            try:
                spooled.append(Spooled(position, decode_row(data)))
            except UnreadableEvent as error:
                self._refuse(file, position, f"unreadable: {error}")
        return spooled

    def _refuse(self, file: SpoolFile, position: int, reason: str) -> None:
        logger.error("spool %s: event %d is set aside: %s", self.path, position, reason)
        file.refuse(position, reason)


@asynccontextmanager
async def open_spool(folder: Path, name: str, max_bytes: int) -> AsyncIterator[Spool]:
    """The spool NAME in a folder; both are made where they do not exist.

    Raises SpoolInUse where another process has it open, SpoolOpenError where the
    disk does not let us.
    """
    with ThreadPoolExecutor(1, thread_name_prefix=name) as thread:
        loop = asyncio.get_running_loop()
        watched = await loop.run_in_executor(thread, WatchedFile, folder, name, max_bytes)
        try:
            yield Spool(watched, thread, folder / name)
        finally:
            await loop.run_in_executor(thread, watched.close)


@asynccontextmanager
async def open_free_spool(folder: Path, max_bytes: int) -> AsyncIterator[Spool]:
    """The first spool of a folder that no process has open: spool-0, spool-1 ...

    So any number of collectors share a folder, and one that is started again finds
    its own events there. Raises SpoolOpenError as open_spool does, and where all are in use.
    """
    async with AsyncExitStack() as stack:
        yield await enter_free_spool(stack, folder, max_bytes)


async def enter_free_spool(stack: AsyncExitStack, folder: Path, max_bytes: int) -> Spool:
    """Open it for as long as the stack lives.

    Raises SpoolOpenError where all are in use, or the disk does not let us.
    """
    for number in range(MAX_SPOOLS):
        with suppress(SpoolInUse):
            return await stack.enter_async_context(open_spool(folder, f"spool-{number}", max_bytes))
    raise SpoolOpenError(f"all {MAX_SPOOLS} spools in {folder} are in use")


def spool_names(folder: Path) -> list[str]:
    """The spools in a folder, whether they are open or not."""
    paths = [path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}")]
    return sorted({path.name.partition(".")[0] for path in paths})
