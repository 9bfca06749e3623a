"""An answer as CSV (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from collector.reports.answer import Answer
from collector.reports.cells import fields_of, lines_of

# What a spreadsheet takes for the begin of a formula, or passes over before one.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_csv(answer: Answer) -> str:
    """The rows of an answer, with a head; without their total, which a spreadsheet can add up."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    fields = fields_of(answer)
    writer.writerow(one.name for one in fields)
    for cells in lines_of(answer, fields):
        writer.writerow(
            defuse(cell) if one.is_text else cell for one, cell in zip(fields, cells, strict=True)
        )
    return text.getvalue()


def defuse(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
