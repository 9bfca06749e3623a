"""Spools as collectors made them before they had a log of their own: SQLite files."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from collector.codec import encode_row
from collector.event_row import EventRow
from tests.unit.events import event_row

SCHEMA = Path(__file__).with_name("old_schema.sql").read_text()
INSERT = "INSERT INTO waiting (received_us, event) VALUES (1000000, ?)"
REFUSE = """
INSERT INTO refused SELECT position, received_us, event, 'no' FROM waiting WHERE position = ?
"""


def old_row(number: int) -> EventRow:
    """An event, some of them too large for one page."""
    size = number * 397 % 9_000 if number % 10 == 0 else 300
    return event_row(number, metadata={"text": "x" * size})


def write_old_spool(folder: Path, events: int, *, killed: bool, refused: int = 0) -> Path:
    """An old spool of so many events, the first of which are refused.

    One that was killed has the half of its events in the write-ahead file alone.
    """
    path = folder / "spool-0.sqlite3"
    made = folder / "made.sqlite3"
    database = sqlite3.connect(made, isolation_level=None)
    database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; {SCHEMA}")
    for number in range(1, events + 1):
        database.execute(INSERT, (encode_row(old_row(number)),))
        if number == events // 2:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for position in range(1, refused + 1):
        database.execute(REFUSE, (position,))
        database.execute("DELETE FROM waiting WHERE position = ?", (position,))
    if killed:
        shutil.copy(folder / "made.sqlite3-wal", folder / "spool-0.sqlite3-wal")
        shutil.copy(made, path)
    database.close()
    if not killed:
        shutil.copy(made, path)
    for left in folder.glob("made.*"):
        left.unlink()
    return path
