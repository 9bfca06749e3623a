"""One process a spool: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.spool.disk import open_private


class SpoolInUse(Exception):
    """Another process has this spool open. The message says which, and what to do."""

    def __init__(self, path: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"the spool {path} is in use by {holder}; stop that process, "
            "or set CT_SPOOL_DIR to another folder"
        )
        self.path = path
        self.pid = pid


@contextmanager
def hold_lock(lock: Path, path: Path) -> Iterator[int]:
    """Hold the lock file of the spool at `path`, and write our process id into it.

    Yields its descriptor, to see whether the file is still there: without it, another process
    could lock a new one.

    The lock is the kernel's (flock): it ends with the process, even by kill -9, so that
    a file that remains locks nobody out. The file itself is never deleted: two
    processes could then hold locks on two files of one name.

    Raises SpoolInUse where another process holds it, OSError where it cannot be written.
    """
    descriptor = open_private(lock, os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SpoolInUse(path, read_pid(descriptor)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def read_pid(descriptor: int) -> int | None:
    """The process id in a lock file; None in the moment before its holder has written it.

    Raises OSError where the file cannot be read.
    """
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
