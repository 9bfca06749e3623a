"""Row (d): the same rows by COPY over one connection, the most that Postgres takes here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from bench.collector.database import connect
from bench.events import BrowserEvent
from bench.load.requests import fill_in
from bench.report import Report
from collector.contract.reader import EVENTS
from collector.contract.validation import read_request
from collector.enrich import make_enricher
from collector.event import EVENT_COLUMNS, Event, RequestContext
from collector.settings import Settings

TABLE = "conversion_events"
ROWS_A_COPY = 10_000
ROWS_A_REPORT = 500_000
JSON_COLUMNS = ("click_ids", "form_data", "metadata", "consent")

Row = tuple[Any, ...]


def make_events(events: Sequence[BrowserEvent], received_at_ms: int) -> list[Event]:
    """The events as the collector would store them."""
    enricher = make_enricher(Settings(database_url="postgresql://unused"))
    received_at = datetime.fromtimestamp(received_at_ms / 1000, UTC)
    return [
        enricher.enrich(
            read_request(EVENTS, fill_in(e.body, str(uuid4()), 0).encode()),
            RequestContext(
                e.client_ip,
                True,
                received_at,
                e.user_agent,
                f"{number:032x}",
                stored_ip=e.client_ip,
            ),
        )
        for number, e in enumerate(events)
    ]


def make_row(event: Event) -> Row:
    """An event in the order of EVENT_COLUMNS, its JSON as text."""
    values = {name: getattr(event, name) for name in EVENT_COLUMNS}
    for name in JSON_COLUMNS:
        if values[name] is not None:
            values[name] = json.dumps(values[name], default=float)
    for name in ("truncated_fields", "marks"):
        values[name] = list(values[name]) or None
    return tuple(values.values())


def walk_rows(events: Sequence[Event], size: int) -> Iterator[list[Row]]:
    """Rows without end, `size` at a time: fresh ids always, other sessions in each lap."""
    rows: list[Row] = []
    for lap in count():
        for event in events:
            session = f"{event.session_id}-{lap}"
            rows.append(make_row(replace(event, id=fresh_id(), session_id=session)))
            if len(rows) == size:
                yield rows
                rows = []


def fresh_id() -> UUID:
    """A UUID as browsers make them."""
    return uuid4()


async def copy_for(url: str, events: Sequence[Event], seconds: float) -> tuple[int, float]:
    """COPY after COPY, each its own transaction, until the time is over.

    Returns the rows and the seconds that the COPYs took; making the rows is not counted.
    Raises AssertionError if walk_rows ended, which it never does.
    """
    copied, spent = 0, 0.0
    async with connect(url) as connection:
        for rows in walk_rows(events, ROWS_A_COPY):
            started = time.perf_counter()
            await connection.copy_records_to_table(TABLE, records=rows, columns=EVENT_COLUMNS)
            spent += time.perf_counter() - started
            copied += len(rows)
            if spent >= seconds:
                return copied, spent
    raise AssertionError("walk_rows has no end")


async def copy_rows(url: str, events: Sequence[Event], wanted: int, report: Report) -> None:
    """Fill the table with at least so many rows."""
    copied = 0
    async with connect(url) as connection:
        for rows in walk_rows(events, ROWS_A_COPY):
            await connection.copy_records_to_table(TABLE, records=rows, columns=EVENT_COLUMNS)
            copied += len(rows)
            if copied % ROWS_A_REPORT == 0:
                report(f"{copied:,} of {wanted:,} rows")
            if copied >= wanted:
                return
