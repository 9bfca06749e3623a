"""A spool's files that are watched: gone from their folder, they are made anew. Blocking."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from collector.complaints import Complaints
from collector.errors import SpoolFull, SpoolUnavailable
from collector.spool.disk import is_at, make_folder
from collector.spool.file import SpoolFile, SpoolOpenError, open_spool_file
from collector.spool.lock import SpoolInUse, hold_lock
from collector.spool.old_file import OLD_SUFFIX, take_over

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Between two tries to make files anew.
REOPEN_SECONDS = 1.0

# How many events are copied from files that are gone in one append.
COPIED_EVENTS = 200


class WatchedFile:
    """The files of a spool, under its lock.

    The folder may be removed, or another disk mounted there, while they are open. What is
    written to them then is on no disk, or on one that nobody looks at.
    """

    def __init__(
        self, folder: Path, name: str, max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises SpoolInUse, and SpoolOpenError where the disk does not let us."""
        self._folder = folder
        self._name = name
        self._max_bytes = max_bytes
        self._clock = clock
        self._complaints = Complaints(f"spool {folder / name}", clock)
        self._lock = ExitStack()
        self._lock_descriptor = self._take_lock()
        try:
            self.file = self._open()
        except BaseException:
            self._lock.close()
            raise
        self.is_usable = True
        self._reopened_at = clock()

    def use(self, work: Callable[[SpoolFile], T]) -> T:
        """Work on the files. Raises SpoolFull as the work does.

        Raises SpoolUnavailable where the disk fails, and where the files were not in their
        folder before or after: nothing is promised then.
        """
        try:
            if not self._is_on_disk():
                self._replace()
            result = work(self.file)
            if not self._is_on_disk():
                raise FileNotFoundError(f"its files are gone from {self._folder}")
        except SpoolFull as full:
            self._complaints.say(
                full.code, f"is full: events are answered 503; {self.file.state.depth} wait"
            )
            raise
        except (OSError, SpoolInUse, SpoolOpenError) as error:
            self.is_usable = False
            self._complaints.say("error", f"cannot be used: {error}")
            raise SpoolUnavailable("The event cannot be stored now; send it again.") from error
        self.is_usable = True
        return result

    def close(self) -> None:
        """Close the files, and let others have them."""
        self.file.close()
        self._lock.close()

    def _is_on_disk(self) -> bool:
        return is_at(self._lock_descriptor, self._lock_path) and self.file.is_on_disk()

    @property
    def _lock_path(self) -> Path:
        return self._folder / f"{self._name}.lock"

    def _take_lock(self) -> int:
        with usable(self._folder):
            make_folder(self._folder)
            return self._lock.enter_context(hold_lock(self._lock_path, self._folder / self._name))

    def _open(self) -> SpoolFile:
        """The files, with what a collector of an older version left in its own."""
        with usable(self._folder):
            file = open_spool_file(self._folder, self._name, self._max_bytes)
            try:
                take_over(self._folder / f"{self._name}{OLD_SUFFIX}", file)
            except BaseException:
                file.close()
                raise
        return file

    def _replace(self) -> None:
        """Make the files anew, with what waits in those that are gone and are still open.

        Raises OSError, SpoolOpenError and SpoolInUse where that is not possible now.
        """
        if self._clock() - self._reopened_at < REOPEN_SECONDS:
            raise FileNotFoundError(f"its files are gone from {self._folder}")
        self._reopened_at = self._clock()
        self._lock.close()
        self._lock_descriptor = self._take_lock()
        gone, new = self.file, self._open()
        try:
            copy_events(gone, new)
        except BaseException:
            new.close()
            raise
        self.file = new
        gone.close()


def copy_events(gone: SpoolFile, new: SpoolFile) -> None:
    """Copy what waits in files that are gone, and count what cannot be read of them."""
    expected, damaged = gone.state.depth + gone.state.refused, gone.state.damaged
    copied = 0
    batch: list[tuple[int, bytes]] = []
    with suppress(OSError):  # the disk of the files that are gone may fail as well
        for record in gone.read_all():
            batch.append((record.received_us, record.data))
            if len(batch) == COPIED_EVENTS:
                copied += add(new, batch)
    copied += add(new, batch)
    missing = max(expected - copied, 0)
    new.count_damaged(damaged + missing)
    logger.error(
        "spool %s: its files were gone from their folder and are made anew; %d events that "
        "waited are copied, %d are lost",
        *(new.path, copied, missing),
    )


def add(new: SpoolFile, batch: list[tuple[int, bytes]]) -> int:
    """Move a batch of events into the files. Returns how many they are. Raises OSError."""
    if batch:
        new.append_anyway(batch)
    count = len(batch)
    batch.clear()
    return count


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


def prepare_folder(folder: Path) -> None:
    """Make the folder of the spools. Raises SpoolOpenError where it cannot be used."""
    with usable(folder):
        make_folder(folder)
