"""The files of a spool: a queue of bytes. Blocking; spool.py gives it a thread.

The queue is a log (`NAME.POSITION.events`, a few files named by their first event), and each
event in it has a position, one more than the event before, and a checksum. `NAME.counts` has
the highest position that was promised. So an event that is no longer whole in the log is a
position that is missing there: it is counted, and those behind it are read.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from collector.errors import OperatorError, SpoolFull
from collector.spool.counts import FILE_BYTES, Counts, CountsFile, open_counts
from collector.spool.disk import is_at, sync_folder
from collector.spool.record import HEADER_BYTES, Record, encode_record, microseconds, moment
from collector.spool.segment import PEEK_BYTES, READ_BYTES, Segment, open_segment

logger = logging.getLogger(__name__)

# A file of the log is deleted when all its events are settled. A spool that is full has room
# again when a 32nd is drained, and no file is larger than this.
SEGMENTS = 32
MAX_SEGMENT_BYTES = 16 * 1_048_576

# A drained file that is larger than this is deleted, so that the disk gets its space back.
# Smaller ones stay: the next outage writes on.
KEPT_BYTES = 1_048_576

# How many events one append moves to the end of the queue.
MOVED_EVENTS = 200

# The counts survive kill -9 at once. A power cut may take those of the last second: the log,
# which is synced at each append, has them as well. Syncing both would double the time of an
# append of one event (docs/durability.md).
COUNTS_SYNC_SECONDS = 1.0

LOG_SUFFIX = ".events"


class SpoolOpenError(OperatorError):
    """A spool cannot be opened. The message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class SpoolState:
    """How full a spool is: events that wait, were set aside, are damaged; bytes on disk."""

    depth: int
    refused: int
    damaged: int
    size_bytes: int
    oldest_at: datetime | None


class SpoolFile:
    """The queue in open files. All methods raise OSError where the disk fails."""

    def __init__(self, folder: Path, name: str, max_bytes: int) -> None:
        self.path = folder / name
        self._max_bytes = max_bytes
        self._segment_bytes = min(max_bytes // SEGMENTS, MAX_SEGMENT_BYTES)
        self._folder = os.open(folder, os.O_RDONLY)
        self._counts_file: CountsFile = open_counts(counts_path(folder, name))
        self._segments = [open_segment(path, first) for first, path in log_files(folder, name)]
        self._refused = open_segment(folder / f"{name}.refused", 0)
        self._active: Segment | None = None  # the one of this process: others may end torn
        self._counts = Counts()
        self._synced_at = float("-inf")
        self._depth = 0
        self._oldest_at: datetime | None = None
        # Positions past counts.settled that do not wait: written to Postgres or given up, set
        # aside, and damaged.
        self._removed: set[int] = set()
        self._set_aside: set[int] = set()
        self._lost: set[int] = set()
        self._ends: dict[int, tuple[Segment, int]] = {}  # where the events last read end
        self._load()

    @property
    def state(self) -> SpoolState:
        """How full it is."""
        counts = self._counts
        damaged = counts.damaged + len(self._lost)
        return SpoolState(self._depth, counts.refused, damaged, self._size(), self._oldest_at)

    def is_on_disk(self) -> bool:
        """Whether the open files are still those that the folder has."""
        active = self._active
        return (
            is_at(self._folder, self.path.parent)
            and is_at(self._counts_file.descriptor, counts_path(self.path.parent, self.path.name))
            and (active is None or is_at(active.descriptor, active.path))
        )

    def append(self, events: Sequence[tuple[datetime, bytes]]) -> None:
        """Add events, as times of receipt and bytes, all or none.

        Raises SpoolFull where the files would grow past their limit.
        """
        needed = sum(len(data) + HEADER_BYTES for _, data in events)
        if self._size() + needed > self._max_bytes:
            raise SpoolFull("Too many events wait for Postgres; send it again later.")
        self.append_anyway([(microseconds(received_at), data) for received_at, data in events])

    def append_anyway(self, events: Sequence[tuple[int, bytes]]) -> None:
        """As append, but without a limit, for what was promised before; times as microseconds."""
        first = self._counts.promised + 1
        positions = range(first, first + len(events))
        content = b"".join(
            encode_record(position, *event)
            for position, event in zip(positions, events, strict=True)
        )
        segment = self._writable_segment()
        try:
            segment.append(content)
        except OSError:
            if segment.torn:
                self._skip(positions)
            raise
        self._oldest_at = self._oldest_at or moment(events[0][0])
        self._depth += len(events)
        self._save(replace(self._counts, promised=positions.stop - 1))

    def read_oldest(self, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` positions and events, in the order in which they came.

        Fewer where they are large: together READ_BYTES at most, but always one. What is
        damaged on the way is counted and passed over.
        """
        rows: list[tuple[int, bytes]] = []
        size = 0
        self._ends.clear()
        for segment, record in self._waiting(READ_BYTES):
            size += len(record.data)
            if rows and size > READ_BYTES:
                break
            rows.append((record.position, record.data))
            self._ends[record.position] = (segment, record.end)
            if len(rows) >= limit:
                break
        self._settle()
        return rows

    def read_all(self) -> Iterator[Record]:
        """All that wait or were set aside, for a spool that takes the place of this one."""
        for _, record in self._waiting(READ_BYTES):
            yield record
        yield from self.read_refused()

    def remove(self, positions: Sequence[int]) -> None:
        """Remove events; those that do not wait are passed over."""
        fresh = {position for position in positions if self._waits(position)}
        self._removed |= fresh
        self._depth -= len(fresh)
        self._settle()

    def refuse(self, position: int, reason: str) -> None:
        """Set an event aside; passed over where it does not wait. The reason is one line."""
        record = next((r for _, r in self._waiting(READ_BYTES) if r.position >= position), None)
        if record is None or record.position != position:
            return
        data = b"%b\n%b" % (reason.replace("\n", " ").encode("utf-8", "replace"), record.data)
        self._refused.append(encode_record(position, record.received_us, data))
        self._set_aside.add(position)
        self._depth -= 1
        self._counts = replace(self._counts, refused=self._counts.refused + 1)
        self._settle()

    def requeue_refused(self) -> int:
        """Put the events that were set aside back to the end of the queue. Returns how many."""
        moved = 0
        for record in self.read_refused():
            self.append_anyway([(record.received_us, record.data)])
            moved += 1
        self._refused.clear()
        self._removed |= self._set_aside
        self._set_aside.clear()
        missing = self._counts.refused - moved
        self._save(replace(self._counts, refused=0, damaged=self._counts.damaged + missing))
        return moved

    def read_refused(self) -> Iterator[Record]:
        """The events that were set aside, each once, without the reason."""
        seen: set[int] = set()
        for record in self._refused.records():
            if record.position not in seen:
                seen.add(record.position)
                yield record._replace(data=record.data.partition(b"\n")[2])

    def drop(self, is_dropped: Callable[[bytes], bool]) -> int:
        """Take events out of the middle of the queue, wherever they wait. Returns how many.

        The log can only be taken from its begin, so those that stay are put to its end first, and
        survive a power cut there before the others go. Those that were set aside wait again.
        """
        waiting = [r.position for _, r in self._waiting(READ_BYTES) if is_dropped(r.data)]
        set_aside = sum(is_dropped(record.data) for record in self.read_refused())
        if not waiting and not set_aside:
            return 0
        if set_aside:
            self.requeue_refused()
        self._active = None  # what stays goes into another file than what goes
        last, old, dropped = self._counts.promised, [], 0
        staying: list[tuple[int, bytes]] = []
        for _, record in self._waiting(READ_BYTES):
            if record.position > last:
                break
            old.append(record.position)
            if is_dropped(record.data):
                dropped += 1
            else:
                staying.append((record.received_us, record.data))
            if len(staying) == MOVED_EVENTS:
                self.append_anyway(staying)
                staying.clear()
        if staying:
            self.append_anyway(staying)
        self.remove(old)
        return dropped

    def count_damaged(self, events: int) -> None:
        """Count events that were promised, and cannot be read from another file."""
        self._save(replace(self._counts, damaged=self._counts.damaged + events))

    def forget_damaged(self) -> None:
        """Count anew: another spool has counted them."""
        self._save(replace(self._counts, damaged=0), sync=True)

    def close(self) -> None:
        """Close the files."""
        with suppress(OSError):
            self._counts_file.sync()
        self._counts_file.close()
        for segment in (*self._segments, self._refused):
            segment.close()
        os.close(self._folder)

    def _load(self) -> None:
        """Read all there is, once: what waits, and what is missing."""
        self._counts = self._read_counts()
        self._load_refused()
        expected = self._counts.settled + 1
        for segment in self._segments:
            for record in segment.records():
                if record.position < expected:
                    continue
                self._lost.update(range(expected, record.position))
                expected = record.position + 1
                self._depth += record.position not in self._set_aside
        promised = max(self._counts.promised, expected - 1)
        self._lost.update(range(expected, promised + 1))
        self._lost -= self._set_aside
        self._mark_damaged(self._lost)
        self._counts = replace(self._counts, promised=promised)
        self._settle(sync=True)

    def _read_counts(self) -> Counts:
        """The counts; where they are damaged, what the names of the log's files say."""
        counts = self._counts_file.read()
        if counts is not None:
            return counts
        if self._segments:
            logger.error(
                "spool %s: its counts are damaged: events that are missing at the end of its "
                "log are not counted, and some may be written to Postgres again",
                self.path,
            )
            first = self._segments[0].first
            return Counts(promised=self._segments[-1].first - 1, settled=first - 1)
        return Counts()

    def _load_refused(self) -> None:
        positions = [record.position for record in self.read_refused()]
        missing = max(self._counts.refused - len(positions), 0)
        if missing:
            self._say_damaged(missing)
        damaged = self._counts.damaged + missing
        self._counts = replace(self._counts, refused=len(positions), damaged=damaged)
        self._set_aside = {p for p in positions if p > self._counts.settled}

    def _waiting(self, window: int) -> Iterator[tuple[Segment, Record]]:
        """The events that wait, oldest first; what turns out to be missing is noted."""
        expected = self._counts.settled + 1
        for segment, last in self._segments_with_last():
            if last < expected:
                continue
            for record in segment.records(window):
                if record.position < expected:
                    continue
                self._note_lost(range(expected, record.position))
                expected = record.position + 1
                if self._waits(record.position):
                    yield segment, record
            self._note_lost(range(expected, last + 1))
            expected = last + 1

    def _segments_with_last(self) -> list[tuple[Segment, int]]:
        """Each file of the log with the last position that belongs into it."""
        lasts = [segment.first - 1 for segment in self._segments[1:]] + [self._counts.promised]
        return list(zip(self._segments, lasts, strict=False))

    def _waits(self, position: int) -> bool:
        if not self._counts.settled < position <= self._counts.promised:
            return False
        return not any(position in s for s in (self._removed, self._set_aside, self._lost))

    def _note_lost(self, positions: Iterable[int]) -> None:
        """Count events that were promised, and that are not in the log any more."""
        lost = {position for position in positions if self._waits(position)}
        self._lost |= lost
        self._depth -= len(lost)
        self._mark_damaged(lost)

    def _mark_damaged(self, lost: set[int]) -> None:
        """Say it, and keep the files for a person to look at."""
        if not lost:
            return
        self._say_damaged(len(lost))
        for segment, last in self._segments_with_last():
            inside = range(segment.first, last + 1)
            segment.damaged |= any(position in inside for position in lost)

    def _say_damaged(self, events: int) -> None:
        logger.error(
            "spool %s: %d events that were promised are damaged or missing on disk; the others "
            "are read (docs/durability.md)",
            *(self.path, events),
        )

    def _writable_segment(self) -> Segment:
        """The file that is written, or a new one where that has its size."""
        if self._active is None or self._active.size >= self._segment_bytes:
            self._counts_file.write(self._counts)
            self._counts_file.sync()
            first = self._counts.promised + 1
            path = self.path.with_name(f"{self.path.name}.{first:020d}{LOG_SUFFIX}")
            self._active = open_segment(path, first)
            self._segments.append(self._active)
            sync_folder(self.path.parent)
        return self._active

    def _skip(self, positions: range) -> None:
        """Give up positions whose events were not taken: some of their bytes may be on disk."""
        self._removed.update(positions)
        self._active = None
        with suppress(OSError):
            self._save(replace(self._counts, promised=positions.stop - 1))

    def _settle(self, sync: bool = False) -> None:
        """Move past the oldest events that do not wait any more, and delete drained files."""
        settled, damaged = self._counts.settled, self._counts.damaged
        while settled < self._counts.promised:
            position = settled + 1
            if position in self._lost:
                damaged += 1
            elif position not in self._removed and position not in self._set_aside:
                break
            for positions in (self._lost, self._removed, self._set_aside):
                positions.discard(position)
            if position in self._ends:
                segment, end = self._ends[position]
                segment.start = end
            settled = position
        self._save(replace(self._counts, settled=settled, damaged=damaged), sync)
        self._delete_drained()
        self._oldest_at = self._peek() if self._depth else None

    def _peek(self) -> datetime | None:
        """When the oldest waiting event was received."""
        return next((record.received_at for _, record in self._waiting(PEEK_BYTES)), None)

    def _save(self, counts: Counts, sync: bool = False) -> None:
        """Note counts first in memory, since the disk may fail."""
        self._counts = counts
        self._counts_file.write(counts)
        if sync or time.monotonic() - self._synced_at >= COUNTS_SYNC_SECONDS:
            self._counts_file.sync()
            self._synced_at = time.monotonic()

    def _delete_drained(self) -> None:
        """The space of drained files. The counts come first: a file that is gone before them
        would be taken for damage after a power cut."""
        drained = [
            segment
            for segment, last in self._segments_with_last()
            if last <= self._counts.settled
            and (segment is not self._active or segment.size > KEPT_BYTES)
        ]
        if not drained:
            return
        self._counts_file.sync()
        for segment in drained:
            try:
                put_away(segment)
            except OSError as error:  # tried again with the next batch; it blocks nothing
                logger.warning("spool %s: %s is not put away: %s", self.path, segment.path, error)
                continue
            self._segments.remove(segment)
            self._active = None if segment is self._active else self._active
            segment.close()

    def _size(self) -> int:
        """Bytes that the files take."""
        return FILE_BYTES + self._refused.size + sum(segment.size for segment in self._segments)


def put_away(segment: Segment) -> None:
    """Delete a drained file; keep a damaged one for a person to look at. Raises OSError."""
    if segment.damaged:
        segment.path.rename(free_name(segment.path))
    else:
        segment.path.unlink(missing_ok=True)


def open_spool_file(folder: Path, name: str, max_bytes: int) -> SpoolFile:
    """The queue NAME in a folder; its files are made where there are none. Raises OSError."""
    file = SpoolFile(folder, name, max_bytes)
    sync_folder(folder)
    return file


def counts_path(folder: Path, name: str) -> Path:
    """The file of a spool's counts."""
    return folder / f"{name}.counts"


def log_files(folder: Path, name: str) -> list[tuple[int, Path]]:
    """The files of a spool's log, with the position of their first event, in their order."""
    found = []
    for path in folder.glob(f"{name}.*{LOG_SUFFIX}"):
        first = path.name.removeprefix(f"{name}.").removesuffix(LOG_SUFFIX)
        if first.isdecimal():
            found.append((int(first), path))
    return sorted(found)


def free_name(path: Path) -> Path:
    """A name for a damaged file that is kept: FILE.damaged-1, or the next number that is free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside
