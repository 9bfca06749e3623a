"""Rows of conversion_events as COPY reads them: a template an event, filled with ids and times."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import asdict

from collector.event import EVENT_COLUMNS, Event

MILLISECONDS_A_DAY = 86_400_000
# What differs from one visit to the next: a column of each, in the order of Ids.
VARYING = (
    "id", "user_id", "session_id", "visitor_id", "order_id", "occurred_at", "sent_at",
    "received_at", "created_at",
)  # fmt: skip
COLUMNS = (*VARYING, *(name for name in EVENT_COLUMNS if name not in VARYING))
NULL = r"\N"


class Ids(NamedTuple):
    """What replaces VARYING in a template, in that order, as COPY reads it."""

    event: str
    user: str
    session: str
    visitor: str
    order: str
    occurred_at: str
    sent_at: str
    received_at: str
    created_at: str


def make_template(event: Event) -> str:
    """A line of COPY with a place (%s) for each of VARYING; an event without an order has none."""
    values = asdict(event)  # without created_at: when a row was stored is no field of an event
    cells = [template_cell(name, values.get(name)) for name in COLUMNS]
    return "\t".join(cells) + "\n"


def template_cell(name: str, value: object) -> str:
    """The cell of a column: a place, or the value itself."""
    if name in VARYING:
        return f"{NULL}%.0s" if name == "order_id" and value is None else "%s"
    return copy_text(value).replace("%", "%%")


def copy_text(value: object) -> str:
    """A value as COPY reads it."""
    match value:
        case None | ():
            return NULL
        case bool():
            return "t" if value else "f"
        case int() | Decimal():
            return str(value)
        case str():
            return escape(value)
        case tuple():
            return escape("{" + ",".join(f'"{one}"' for one in value) + "}")
        case _:
            return escape(json.dumps(value, default=float))


def escape(text: str) -> str:
    """A text in which COPY sees no end of a column or a line."""
    escaped = text.replace("\\", "\\\\").replace("\t", "\\t")
    return escaped.replace("\n", "\\n").replace("\r", "\\r")


def time_text(at_ms: int) -> str:
    """A time, in milliseconds since 1970, as Postgres reads it."""
    day, in_day = divmod(at_ms, MILLISECONDS_A_DAY)
    seconds, milliseconds = divmod(in_day, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{day_text(day)} {hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}+00"


@lru_cache(maxsize=16)
def day_text(day: int) -> str:
    """A day, in days since 1970."""
    return datetime.fromtimestamp(day * MILLISECONDS_A_DAY / 1000, UTC).date().isoformat()


def midnight_ms(day: date) -> int:
    """When a day begins in UTC, in milliseconds since 1970."""
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def join_lines(lines: Iterable[tuple[str, Ids]]) -> bytes:
    """Templates with what fills them, as one piece of COPY."""
    return "".join(template % ids for template, ids in lines).encode()
