"""The disk that events wait on while Postgres is away.

A spool is a SQLite file in which events stand in a queue. What `append` has returned for
survives kill -9 and a power cut; `read_oldest` and `remove` take it out again in order.
Reading, writing to Postgres and removing may be repeated at any point, since the event's
id is unique there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from collector.event_row import EventRow
from collector.spool.codec import UnreadableEvent, decode_row, encode_row
from collector.spool.file import SpoolFile, SpoolOpenError, make_folder, open_spool_file
from collector.spool.lock import SpoolInUse, hold_lock

logger = logging.getLogger(__name__)

T = TypeVar("T")

SUFFIX = ".sqlite3"

# More collectors than that on one folder are a mistake.
MAX_SPOOLS = 256


@dataclass(frozen=True, slots=True)
class Spooled:
    """An event that waits, and its place in the queue."""

    position: int
    row: EventRow


class Spool:
    """A spool's file, with a thread of its own, so that a slow disk never blocks the loop.

    All methods that are awaited raise SpoolUnavailable where the disk does not do its work.
    """

    def __init__(self, file: SpoolFile, thread: ThreadPoolExecutor, path: Path) -> None:
        self._file = file
        self._thread = thread
        self.path = path

    async def append(self, rows: Sequence[EventRow]) -> None:
        """Store events, all or none; they are on disk when this returns.

        Raises SpoolFull where the file would grow past its limit.
        """
        await self._run(lambda: self._append(rows))

    async def read_oldest(self, limit: int) -> list[Spooled]:
        """Up to `limit` of the events that wait longest, in the order in which they came.

        Fewer where they are large. Events that this collector cannot read are set aside on
        the way: there may be none in the answer although more wait.
        """
        return await self._run(lambda: self._read_oldest(limit))

    async def remove(self, positions: Sequence[int]) -> None:
        """Remove events that are in Postgres now. Removing one again is harmless."""
        await self._run(lambda: self._file.remove(positions))

    async def refuse(self, position: int, reason: str) -> None:
        """Set an event aside, in the same file: Postgres will never take it.

        The reason is stored and logged: it must have no values of the event.
        """
        await self._run(lambda: self._refuse(position, reason))

    async def requeue_refused(self) -> int:
        """Give the refused events another try. Returns how many there are."""
        return await self._run(self._file.requeue_refused)

    @property
    def depth(self) -> int:
        """Events that wait."""
        return self._file.state.depth

    @property
    def refused(self) -> int:
        """Events that were set aside."""
        return self._file.state.refused

    @property
    def size_bytes(self) -> int:
        """Bytes of the file that are in use."""
        return self._file.state.size_bytes

    @property
    def oldest_at(self) -> datetime | None:
        """When the event that waits longest was received."""
        return self._file.state.oldest_at

    def age_seconds(self, now: datetime) -> float:
        """How long the oldest waiting event has waited; 0 where none waits.

        A clock that was set back must not show an age below zero.
        """
        if self.oldest_at is None:
            return 0.0
        return max((now - self.oldest_at).total_seconds(), 0.0)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _append(self, rows: Sequence[EventRow]) -> None:
        self._file.append([(row.received_at, encode_row(row)) for row in rows])

    def _read_oldest(self, limit: int) -> list[Spooled]:
        spooled = []
        for position, data in self._file.read_oldest(limit):
            try:
                spooled.append(Spooled(position, decode_row(data)))
            except UnreadableEvent as error:
                self._refuse(position, f"unreadable: {error}")
        return spooled

    def _refuse(self, position: int, reason: str) -> None:
        logger.error("spool %s: event %d is set aside: %s", self.path, position, reason)
        self._file.refuse(position, reason)


@asynccontextmanager
async def open_spool(folder: Path, name: str, max_bytes: int) -> AsyncIterator[Spool]:
    """The spool NAME in a folder; both are made where they do not exist.

    Raises SpoolInUse where another process has it open, SpoolOpenError where the
    disk does not let us.
    """
    path = folder / (name + SUFFIX)
    with ExitStack() as stack:
        prepare_folder(folder)
        with usable(folder):
            stack.enter_context(hold_lock(folder / f"{name}.lock", path))
        thread = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix=name))
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(thread, open_spool_file, path, max_bytes)
        try:
            yield Spool(file, thread, path)
        finally:
            await loop.run_in_executor(thread, file.close)


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


def prepare_folder(folder: Path) -> None:
    """Make the folder of the spools. Raises SpoolOpenError where it cannot be used."""
    with usable(folder):
        make_folder(folder)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """The operating system's errors, with what to do. Raises SpoolOpenError for them."""
    try:
        yield
    except OSError as error:
        raise SpoolOpenError(
            f"the spool's folder {folder} cannot be used: {error.strerror or error}; "
            "set CT_SPOOL_DIR to a folder that this user can write"
        ) from error


def spool_names(folder: Path) -> list[str]:
    """The spools in a folder, whether they are open or not."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob("*" + SUFFIX))
