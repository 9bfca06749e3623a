"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the first to the left, the others to the right."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    rule = ["-" * width for width in widths]
    return "\n".join(format_line(line, widths) for line in [header, rule, *rows])


def format_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line of a table."""
    first = cells[0].ljust(widths[0])
    others = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join([first, *others]).rstrip()


def format_number(value: float) -> str:
    """About three figures that count: 12,345 or 123 or 12.3 or 1.23."""
    decimals = max(0, 3 - len(str(int(abs(value)))))
    return f"{value:,.{decimals}f}"
