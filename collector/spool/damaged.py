"""Damaged files that were kept aside: what can be read of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.codec import UnreadableEvent, decode_row
from collector.event_row import EventRow
from collector.spool.file import LOG_SUFFIX
from collector.spool.old_file import OLD_SUFFIX, salvage
from collector.spool.segment import Segment

ASIDE = re.compile(rf".*({re.escape(LOG_SUFFIX)}|{re.escape(OLD_SUFFIX)})\.damaged-\d+")


@dataclass(frozen=True, slots=True)
class Damaged:
    """The events of a damaged file, and how many are missing between the first and the last."""

    rows: list[EventRow]
    missing: int


def damaged_files(folder: Path) -> list[Path]:
    """The damaged files of a folder."""
    return sorted(path for path in folder.glob("*.damaged-*") if ASIDE.fullmatch(path.name))


def read_damaged(path: Path) -> Damaged:
    """What can be read of a damaged file. Raises OSError where the disk fails."""
    events = list(read_old(path) if OLD_SUFFIX in path.name else read_log(path))
    positions = {position for position, _ in events}
    rows = [row for _, data in events for row in decoded(data)]
    span = max(positions) - min(positions) + 1 if positions else 0
    return Damaged(rows, span - len(rows))


def read_old(path: Path) -> Iterator[tuple[int, bytes]]:
    """Positions and events of a SQLite file."""
    for position, _, data in salvage(path).events:
        yield position, data


def read_log(path: Path) -> Iterator[tuple[int, bytes]]:
    """Positions and events of a file of the log."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    segment = Segment(path, descriptor, 0)
    try:
        for record in segment.records():
            yield record.position, record.data
    finally:
        segment.close()


def decoded(data: bytes) -> list[EventRow]:
    """The row of an event; none where it cannot be read."""
    try:
        return [decode_row(data)]
    except UnreadableEvent:
        return []
