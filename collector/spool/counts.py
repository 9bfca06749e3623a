"""What a spool promised and what became of it, in a file beside the log.

The log alone cannot tell that its end is missing. So these numbers are kept apart from it, in
two copies with a checksum each: one damaged byte destroys one copy at most.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from collector.spool.disk import open_private, sync

NUMBERS = struct.Struct("<8s4Q")
CHECKSUM = struct.Struct("<I")
VERSION = b"CTSPOOL1"
# The copies are in sectors of their own: a power cut leaves a sector old or new.
COPY_BYTES = 4_096
COPIES = 2
FILE_BYTES = COPY_BYTES * COPIES


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of events, since the spool was begun."""

    promised: int = 0  # the highest position that was given to an event
    settled: int = 0  # up to this position, all are stored, set aside or counted as damaged
    refused: int = 0  # set aside, and kept in the file of the refused
    damaged: int = 0  # promised, and cannot be read any more


class CountsFile:
    """The open file of the counts. Its methods raise OSError."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def read(self) -> Counts | None:
        """The counts; None where neither copy is whole."""
        return read_counts(os.pread(self.descriptor, FILE_BYTES, 0))

    def write(self, counts: Counts) -> None:
        """Write both copies; they survive kill -9 from now on, a power cut after `sync`."""
        copy = encode_counts(counts).ljust(COPY_BYTES, b"\0")
        os.pwrite(self.descriptor, copy * COPIES, 0)

    def sync(self) -> None:
        """Return when the counts are on disk."""
        sync(self.descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def open_counts(path: Path) -> CountsFile:
    """The file of the counts, which is made where there is none. Raises OSError."""
    return CountsFile(open_private(path, os.O_RDWR | os.O_CREAT))


def read_counts(content: bytes) -> Counts | None:
    """The counts of a whole file; None where neither copy is whole."""
    copies = [decode_counts(content[at:]) for at in range(0, FILE_BYTES, COPY_BYTES)]
    known = [counts for counts in copies if counts is not None]
    return max(known, key=lambda counts: (counts.promised, counts.settled), default=None)


def encode_counts(counts: Counts) -> bytes:
    """Counts as bytes, with a checksum."""
    numbers = NUMBERS.pack(VERSION, counts.promised, counts.settled, counts.refused, counts.damaged)
    return numbers + CHECKSUM.pack(zlib.crc32(numbers))


def decode_counts(copy: bytes) -> Counts | None:
    """The counts of these bytes; None where they are damaged, or there are none yet."""
    if len(copy) < NUMBERS.size + CHECKSUM.size:
        return None
    version, *numbers = NUMBERS.unpack_from(copy)
    [checksum] = CHECKSUM.unpack_from(copy, NUMBERS.size)
    if version != VERSION or zlib.crc32(copy[: NUMBERS.size]) != checksum:
        return None
    return Counts(*numbers)
