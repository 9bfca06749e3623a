"""The file of a spool: a queue of bytes in SQLite. Blocking; spool.py gives it a thread."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.errors import SpoolFull, SpoolUnavailable
from collector.sql import load_spool_query

logger = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# What SQLite needs beside an event's bytes: the row's header, and its share of the tree.
ROW_BYTES = 32

PAGE_BYTES = 4_096  # SQLite's default: a file grows by whole pages

# A drained file that is larger than this is written anew, so that the disk gets its space
# back. Smaller ones stay: after each short outage the next would have to grow it again.
KEPT_BYTES = 1_048_576

# What is read at once. An event may have a megabyte, and 200 of them would be in memory twice.
READ_BYTES = 4 * 1_048_576

DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SpoolOpenError(Exception):
    """A spool cannot be opened. The message says which, why, and what to do."""


class DamagedFile(Exception):
    """The file is no whole spool."""


@dataclass(frozen=True, slots=True)
class SpoolState:
    """How full a spool is: events that wait, events that were refused, bytes in the file."""

    depth: int
    refused: int
    size_bytes: int
    oldest_at: datetime | None


class SpoolFile:
    """The queue in an open file. Each method is one transaction, on disk when it returns.

    All methods raise SpoolUnavailable where the disk does not do its work.
    """

    def __init__(self, database: sqlite3.Connection, path: Path, max_bytes: int) -> None:
        self._database = database
        self._path = path
        self._max_bytes = max_bytes
        [(waiting, refused)] = database.execute(load_spool_query("count"))
        self.state = SpoolState(waiting, refused, 0, None)
        self._measure()

    def append(self, events: Sequence[tuple[datetime, bytes]]) -> None:
        """Add events, as times of receipt and bytes, all or none.

        Raises SpoolFull where the file would grow past its limit.
        """
        needed = PAGE_BYTES + sum(len(data) + ROW_BYTES for _, data in events)
        if self.state.size_bytes + needed > self._max_bytes:
            raise SpoolFull("Too many events wait for Postgres; send it again later.")
        rows = [((received_at - EPOCH) // MICROSECOND, data) for received_at, data in events]
        with self._transaction():
            self._database.executemany(load_spool_query("append"), rows)
        self._count(waiting=len(rows))

    def read_oldest(self, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` positions and events, in the order in which they came.

        Fewer where they are large: together READ_BYTES at most, but always one.
        """
        rows: list[tuple[int, bytes]] = []
        size = 0
        with self._errors(), closing(self._database.cursor()) as cursor:
            for position, data in cursor.execute(load_spool_query("read_oldest"), (limit,)):
                size += len(data)
                if rows and size > READ_BYTES:
                    break
                rows.append((position, data))
        return rows

    def remove(self, positions: Sequence[int]) -> None:
        """Remove events; those that are not there are passed over."""
        with self._transaction():
            removed = self._database.executemany(
                load_spool_query("remove"), [(position,) for position in positions]
            ).rowcount
        self._count(waiting=-removed)
        if self.state.depth == 0:
            self._give_back()

    def refuse(self, position: int, reason: str) -> None:
        """Set an event aside in the same file."""
        with self._transaction():
            self._database.execute(load_spool_query("refuse"), (position, reason))
            moved = self._database.execute(load_spool_query("remove"), (position,)).rowcount
        self._count(waiting=-moved, refused=moved)

    def requeue_refused(self) -> int:
        """Put the refused events back to the end of the queue. Returns how many."""
        with self._transaction():
            moved = self._database.execute(load_spool_query("requeue")).rowcount
            self._database.execute(load_spool_query("forget_refused"))
        self._count(waiting=moved, refused=-moved)
        return moved

    def close(self) -> None:
        """Close the file; SQLite merges its log into it."""
        self._database.close()

    def _count(self, waiting: int, refused: int = 0) -> None:
        """Note what a transaction changed: first, since measuring may fail."""
        depth = self.state.depth + waiting
        self.state = replace(self.state, depth=depth, refused=self.state.refused + refused)
        self._measure()

    def _measure(self) -> None:
        with self._errors():
            [(used, _, oldest)] = self._database.execute(load_spool_query("measure"))
        oldest_at = None if oldest is None else EPOCH + oldest * MICROSECOND
        self.state = replace(self.state, size_bytes=used, oldest_at=oldest_at)

    def _give_back(self) -> None:
        """The space of a drained file; where that fails it is only tried again later."""
        try:
            [(_, free, _)] = self._database.execute(load_spool_query("measure"))
            if free > KEPT_BYTES:
                self._database.executescript(load_spool_query("give_back"))
        except sqlite3.Error as error:
            logger.warning("spool %s: its space is not given back: %s", self._path, error)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, synced at the end."""
        with self._errors():
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield
                self._database.commit()
            except BaseException:
                self._database.rollback()
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """SQLite's errors, as the one error that says: send it again."""
        try:
            yield
        except sqlite3.Error as error:
            logger.error("spool %s cannot be used: %s: %s", self._path, error_name(error), error)  # noqa: TRY400  # no traceback: it says no more
            raise SpoolUnavailable("The event cannot be stored now; send it again.") from error


def open_spool_file(path: Path, max_bytes: int) -> SpoolFile:
    """The queue in the file at `path`, which is made where there is none.

    A damaged file is moved aside, not deleted, and a new one begun: it must not stop
    the events that come now. Raises SpoolOpenError where the disk does not let us open it,
    OSError where it does not let us move it.
    """
    try:
        return read_spool_file(path, max_bytes)
    except DamagedFile as error:
        aside = move_aside(path)
        logger.error(  # noqa: TRY400  # a traceback would hide what to do
            "spool %s is damaged (%s). It is kept as %s and a new one is begun. "
            "`sqlite3 %s .recover` reads what is left of it",
            *(path, error, aside, aside),
        )
        return open_spool_file(path, max_bytes)


def read_spool_file(path: Path, max_bytes: int) -> SpoolFile:
    """As open_spool_file. Raises DamagedFile where the file is not whole, else SpoolOpenError."""
    try:
        database = sqlite3.connect(path, isolation_level=None)
        try:
            check(database)
            database.executescript(load_spool_query("configure"))
            database.executescript(load_spool_query("schema"))
            return SpoolFile(database, path, max_bytes)
        except BaseException:
            database.close()
            raise
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF in DAMAGED:
            raise DamagedFile(str(error)) from error
        raise SpoolOpenError(f"the spool {path} cannot be opened: {error}") from error
    except SpoolUnavailable as error:
        raise SpoolOpenError(f"the spool {path} cannot be read; the log says why") from error


def check(database: sqlite3.Connection) -> None:
    """Raises DamagedFile, or sqlite3.DatabaseError, where the file is not whole."""
    [(verdict,)] = database.execute(load_spool_query("check"))
    if verdict != "ok":
        raise DamagedFile(verdict)


def move_aside(path: Path) -> Path:
    """Rename a damaged file and what belongs to it. Returns its new name.

    Raises OSError where the disk does not let us.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def make_folder(folder: Path) -> None:
    """The folder of the spools, for its owner only: events hold personal data.

    Raises OSError where it cannot be made or written.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        sync_folder(folder.parent)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def sync_folder(folder: Path) -> None:
    """Without this, a new name in a folder may be gone after a power cut.

    Raises OSError where the folder cannot be opened or synced.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def error_name(error: sqlite3.Error) -> str:
    """SQLite's own name of the error, such as SQLITE_FULL."""
    return getattr(error, "sqlite_errorname", type(error).__name__)
