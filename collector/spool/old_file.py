"""Spools of collectors before 0.2, which were SQLite files: they are taken over, whole or not."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from collector.codec import UnreadableEvent, decode_event
from collector.spool.disk import sync_folder
from collector.spool.file import SpoolFile, free_name
from collector.spool.sqlite_pages import read_rows, split_file, split_wal
from collector.sql import load_spool_query

logger = logging.getLogger(__name__)

OLD_SUFFIX = ".sqlite3"
PARTS = ("-wal", "-shm", "")
TAKEN_EVENTS = 500

OldEvent = tuple[int, int, bytes]  # position, time of receipt in microseconds, event


class DamagedFile(Exception):
    """The file is no whole spool."""


@dataclass(frozen=True, slots=True)
class Salvage:
    """What could be read of a damaged file, and how many positions between have no event."""

    events: list[OldEvent]
    missing: int


def take_over(path: Path, file: SpoolFile) -> None:
    """Move the events of an old file, if there is one, into the spool that takes its place.

    A damaged file is kept, under another name, after what can be read of it was taken. Where
    this is cut short it begins anew the next time: an event that is written twice is stored
    once. Raises OSError.
    """
    if not path.exists():
        return
    try:
        events = read_whole(path)
    except DamagedFile as error:
        found = salvage(path)
        take(file, found.events)
        file.count_damaged(found.missing)
        aside = move_aside(path)
        logger.error(  # noqa: TRY400  # a traceback would say less
            "spool %s is damaged (%s): %d events are read, %d are missing; it is kept as %s",
            *(path, error, len(found.events), found.missing, aside),
        )
        return
    take(file, events)
    for part in PARTS:
        path.with_name(path.name + part).unlink(missing_ok=True)
    sync_folder(path.parent)
    logger.info("spool %s: %d events are taken over into %s", path, len(events), file.path)


def take(file: SpoolFile, events: list[OldEvent]) -> None:
    """Append events in their order, some at a time."""
    for start in range(0, len(events), TAKEN_EVENTS):
        part = events[start : start + TAKEN_EVENTS]
        file.append_anyway([(received_us, event) for _, received_us, event in part])


def read_whole(path: Path) -> list[OldEvent]:
    """All events of a whole file. Raises DamagedFile where it is not whole.

    SQLite drops, without an error, what follows a damaged byte in the write-ahead file: those
    events have positions past the last that it knows, and are read from its pages.
    """
    wal = path.with_name(path.name + "-wal")
    if not path.stat().st_size:  # SQLite would delete the write-ahead file of an empty file
        if wal.exists():
            raise DamagedFile("it is empty")
        return []
    try:
        # Read-only: SQLite deletes the write-ahead file otherwise.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            [(verdict,)] = database.execute(load_spool_query("check"))
            if verdict != "ok":
                raise DamagedFile(verdict)
            [(highest,)] = database.execute(load_spool_query("highest_position"))
            known: list[OldEvent] = [
                event
                for query in ("read_refused", "read_waiting")
                for event in database.execute(load_spool_query(query))
            ]
    except sqlite3.Error as error:
        raise DamagedFile(str(error)) from error
    unmerged = salvage(wal)
    return known + [event for event in unmerged.events if event[0] > highest]


def salvage(path: Path) -> Salvage:
    """What can be read of a file, page by page, without SQLite. Raises OSError.

    Among it may be events that were stored before: their pages are kept until they are used
    again, and storing them again changes nothing.
    """
    pages = [page for part in parts_of(path) for page in part]
    by_number = dict(pages)
    found: dict[int, OldEvent] = {}
    for _, page in pages:
        for position, values in read_rows(page, by_number):
            if (event := event_of(values)) is not None:
                found[position] = (position, *event)
    events = [found[position] for position in sorted(found)]
    missing = max(found) - min(found) + 1 - len(found) if found else 0
    return Salvage(events, missing)


def parts_of(path: Path) -> Iterator[list[tuple[int, bytes]]]:
    """The pages of a file and of its write-ahead file; the newest are the last."""
    wal = path.with_name(path.name + "-wal")
    if path.exists():
        content = path.read_bytes()
        yield split_wal(content) if path.name.endswith("-wal") else split_file(content)
    if wal.exists():
        yield split_wal(wal.read_bytes())


def event_of(values: list[int | bytes | None]) -> tuple[int, bytes] | None:
    """The time and the bytes of an event, where a row holds one that can be read."""
    match values:
        case [None, int(received_us), bytes(data), *_]:
            try:
                decode_event(data)
            except (UnreadableEvent, RecursionError):
                return None
            return received_us, data
    return None


def move_aside(path: Path) -> Path:
    """Rename a damaged file and what belongs to it. Returns its new name. Raises OSError."""
    aside = free_name(path)
    for suffix in PARTS:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
