"""One file of a spool's log: records one after the other. Blocking."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from collector.spool.disk import open_private, read_part, sync, write_all
from collector.spool.record import Record, read_records

# What is read at once: an event may have a megabyte, and a batch of them would be in memory
# twice. `peek` reads less, since it is asked for one event after each batch.
READ_BYTES = 4 * 1_048_576
PEEK_BYTES = 65_536


class Segment:
    """An open file of records. All methods raise OSError."""

    def __init__(self, path: Path, descriptor: int, first: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.first = first  # the position of its first event
        self.size = os.fstat(descriptor).st_size
        self.start = 0  # records before this offset are not read again
        self.damaged = False
        self.torn = False  # bytes of an append that failed may be left in it

    def append(self, content: bytes) -> None:
        """Write records, all or none; they are on disk when this returns.

        Where it fails, what was written of them is cut off again, if the disk lets us.
        """
        try:
            write_all(self.descriptor, content)
            sync(self.descriptor)
        except OSError:
            self.torn = not cut_off(self.descriptor, self.size)
            raise
        self.size += len(content)

    def records(self, window: int = READ_BYTES) -> Iterator[Record]:
        """The records that are whole, in their order; a record's end is its offset here."""
        offset, size = self.start, window
        while True:
            part = read_part(self.descriptor, offset, size)
            at_end = len(part) < size or offset + size >= self.size
            end = offset
            for record in read_records(part, at_end, offset):
                end = record.end
                yield record
            if at_end:
                return
            # Else a record, or what a damaged length says of one, is larger than the window.
            offset, size = (end, window) if end > offset else (offset, size * 2)

    def clear(self) -> None:
        """Remove all records."""
        os.ftruncate(self.descriptor, 0)
        sync(self.descriptor)
        self.size = self.start = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def open_segment(path: Path, first: int) -> Segment:
    """The file of records at `path`, which is made where there is none. Raises OSError."""
    return Segment(path, open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), first)


def cut_off(descriptor: int, size: int) -> bool:
    """Whether a file could be cut back to a size."""
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        return False
    return True
