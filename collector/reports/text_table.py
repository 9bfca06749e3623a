"""An answer as a table for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from collector.reports.answer import Answer
from collector.reports.cells import Field, fields_of, lines_of, total_of

MOST_WIDTH = 60


def write_table(answer: Answer) -> str:
    """The rows of an answer in columns, with their total; controls are shown as �."""
    fields = fields_of(answer)
    lines = [[one.name for one in fields], *lines_of(answer, fields)]
    if total := total_of(answer, fields):
        lines.append(total)
    shown = [[clean(cell) for cell in line] for line in lines]
    widths = [max(len(line[place]) for line in shown) for place in range(len(fields))]
    return "\n".join(write_line(line, fields, widths) for line in shown)


def clean(cell: str) -> str:
    """A cell that fits, and that a terminal takes for nothing but text."""
    text = "".join(character if character.isprintable() else "\ufffd" for character in cell)
    return text if len(text) <= MOST_WIDTH else f"{text[: MOST_WIDTH - 1]}…"


def write_line(cells: Sequence[str], fields: Sequence[Field], widths: Sequence[int]) -> str:
    """Words to the left, numbers to the right."""
    return "  ".join(
        cell.ljust(width) if one.is_text else cell.rjust(width)
        for cell, one, width in zip(cells, fields, widths, strict=True)
    ).rstrip()
