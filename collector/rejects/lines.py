"""Rejected events as lines of text: a table, one in full, and a file to repair. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.contract.wire import load_json
from collector.errors import CollectorError
from collector.rejects.store import KeptReject, RejectCount

# What JSON has as they are between values alone, never in a text.
BLANKS = dict.fromkeys(map(ord, "\r\n\t"), " ")


class RepairError(Exception):
    """A line of a file of repaired events that cannot be used. The message says which, and why."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A line of such a file: which reject, and its body now."""

    number: int
    body: bytes


def count_lines(counts: Sequence[RejectCount]) -> Iterator[str]:
    """How many by reason and field."""
    rows = [(c.reason, c.field or "-", str(c.events), shown(c.last_at)) for c in counts]
    yield from table(("REASON", "FIELD", "EVENTS", "LATEST"), rows)


def list_lines(kept: Sequence[KeptReject]) -> Iterator[str]:
    """One a line, without what was sent."""
    rows = [
        (
            str(k.id),
            shown(k.reject.received_at),
            str(k.repeats),
            k.reject.endpoint,
            k.reject.reason,
            fields_of(k),
        )
        for k in kept
    ]
    yield from table(("NUMBER", "RECEIVED", "REPEATS", "ENDPOINT", "REASON", "FIELDS"), rows)


def show_lines(kept: KeptReject) -> Iterator[str]:
    """One in full: why, what, who."""
    reject = kept.reject
    replayed = f"{kept.replay_result}, {shown(kept.replayed_at)}" if kept.replayed_at else "no"
    values = (
        ("number", kept.id),
        ("reason", f"{reject.reason}: {reject.message}"),
        *((f"field {e.field}", e.message) for e in reject.errors),
        ("endpoint", reject.endpoint),
        ("content type", reject.content_type),
        ("received", shown(reject.received_at)),
        ("repeats", kept.repeats),
        ("address", f"{reject.ip_address} ({'' if reject.stamp_verified else 'un'}signed)"),
        ("user agent", reject.user_agent),
        ("request id", reject.request_id),
        ("event id", f"{reject.event_id} (unless the body has one)"),
        ("replayed", replayed),
        ("body", f"{len(reject.body)} bytes{', cut' if reject.body_cut else ''}"),
    )
    for name, value in values:
        yield f"{name:20} {printable_line(str(value))}"
    yield printable(reject.body.decode("utf-8", "backslashreplace"))


def export_line(kept: KeptReject) -> str:
    """A line of JSON to repair: `body` is what was sent, as JSON where it is any, else as text.

    JSON goes in as it was written, so that a repair changes nothing else, but for characters
    that could steer a terminal: they are escaped, which means the same.
    """
    errors = [{"field": e.field, "message": e.message} for e in kept.reject.errors]
    head = json.dumps({"reject": kept.id, "cut": kept.reject.body_cut, "errors": errors})
    return printable_json(f'{head[:-1]}, "body": {body_as_json(kept.reject.body)}}}')


def body_as_json(body: bytes) -> str:
    """A body as one line of JSON."""
    text = body.decode("utf-8", "backslashreplace")
    try:
        load_json(text)
    except CollectorError:
        return json.dumps(text)
    return text.translate(BLANKS)


def parse_repaired(line: str, number: int) -> Repaired:
    """A line as `export_line` writes it, after its body was repaired.

    Raises RepairError.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RepairError(f"line {number} is not JSON: {error}") from None
    if not isinstance(fields, dict) or not is_number_of_reject(fields.get("reject")):
        raise RepairError(f'line {number} has no number of a reject; it must be in "reject"')
    if "body" not in fields:
        raise RepairError(f'line {number} has no "body"')
    body = fields["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return Repaired(fields["reject"], text.encode("utf-8", "backslashreplace"))


def is_number_of_reject(value: object) -> bool:
    """Whether the table may have such a number: a BIGINT."""
    return isinstance(value, int) and 0 <= value < 1 << 63


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Columns that line up."""
    shown_rows = [tuple(map(printable_line, row)) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown_rows, strict=True)]
    for row in shown_rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def fields_of(kept: KeptReject) -> str:
    """The broken fields' names."""
    return ", ".join(e.field for e in kept.reject.errors) or "-"


def shown(time: datetime | None) -> str:
    """A time in UTC, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ") if time else "-"


def printable_json(text: str) -> str:
    """One line of JSON that means the same, and has nothing that could steer a terminal.

    Control characters, those that turn the direction of writing, and all else that is not
    seen: what stands outside of texts is ASCII, and none of them.
    """
    return "".join(c if c.isprintable() else json_escape(c) for c in text)


def json_escape(character: str) -> str:
    """A character as JSON can also write it in a text: one or two units of UTF-16."""
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def printable_line(text: str) -> str:
    """The same as printable, for what must stay one line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def printable(text: str) -> str:
    """The text without control characters: what a stranger sent must not steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
