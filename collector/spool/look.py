"""Looking at the spools of a folder, without opening any: a collector may have them open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collector.spool.counts import FILE_BYTES, Counts, read_counts
from collector.spool.file import counts_path, log_files
from collector.spool.record import read_records
from collector.spool.spool import spool_names


@dataclass(frozen=True, slots=True)
class SpoolLook:
    """What a spool's files say: events that wait, were set aside, are damaged; since when."""

    name: str
    waiting: int
    refused: int
    damaged: int
    oldest_at: datetime | None


def look_at_spools(folder: Path) -> list[SpoolLook]:
    """Each spool of a folder. Raises OSError where it cannot be read."""
    if not folder.is_dir():
        raise NotADirectoryError(20, "is no folder", str(folder))
    return [look_at_spool(folder, name) for name in spool_names(folder)]


def look_at_spool(folder: Path, name: str) -> SpoolLook:
    """One spool. Raises OSError where it cannot be read.

    A batch that is being replayed counts as waiting until it is settled.
    """
    counts = read_counts(read_begin(counts_path(folder, name))) or Counts()
    waiting = counts.promised - counts.settled
    oldest_at = find_oldest(folder, name, counts.settled) if waiting else None
    return SpoolLook(name, waiting, counts.refused, counts.damaged, oldest_at)


def read_begin(path: Path) -> bytes:
    """The counts as bytes; none where there is no file yet. Raises OSError."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES)
    except FileNotFoundError:
        return b""


def find_oldest(folder: Path, name: str, settled: int) -> datetime | None:
    """When the first event that waits was received. Raises OSError."""
    for _, path in log_files(folder, name):
        try:
            content = path.read_bytes()  # 16 MiB at most
        except FileNotFoundError:  # drained meanwhile
            continue
        for record in read_records(content, at_end=True):
            if record.position > settled:
                return record.received_at
    return None
