"""Answers as texts: the same columns and cells for a file and a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import chain, repeat
from typing import Any

from collector.reports.answer import Answer, Row
from collector.reports.catalog import NUMBERS, Column, Kind
from collector.reports.comparison import change_of

# To how many digits a cell is shown
DIGITS = {
    Kind.SHARE: Decimal("0.0001"),
    Kind.NUMBER: Decimal("0.01"),
    Kind.SECONDS: Decimal("0.01"),
}
CREDITS_OF_ONE = 1_000_000


class Side(StrEnum):
    """What of a number a column of texts shows. The value is what its name ends with."""

    NOW = ""
    BEFORE = "_before"  # of the time that is compared with
    CHANGE = "_change"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table of texts: one of the report, or one currency or side of it."""

    name: str
    column: Column | None  # None: the name of the row
    currency: str | None = None
    side: Side = Side.NOW

    @property
    def is_text(self) -> bool:
        """Whether its cells are words, not numbers."""
        return self.column is None or self.column.kind in (Kind.TEXT, Kind.LIST)


def fields_of(answer: Answer) -> list[Field]:
    """The columns of the table: an amount has one for each currency that comes up.

    Where another time is compared with, a number has two more: what it was, and the change.
    """
    names = answer.question.names
    fields = [Field(names, None)] if names else []
    for column in answer.question.report.columns:
        if column.kind is Kind.ORDERS:
            continue
        money = column.kind is Kind.MONEY
        for currency in currencies_of(answer, column.name) if money else [None]:
            name = f"{column.name}_{currency}" if currency else column.name
            sides = Side if answer.before and column.kind in NUMBERS else [Side.NOW]
            fields += [Field(f"{name}{side}", column, currency, side) for side in sides]
    return fields


def currencies_of(answer: Answer, column: str) -> list[str]:
    """The currencies of a column of amounts, by name."""
    rows = chain(answer.rows, answer.before.rows if answer.before else ())
    return sorted({currency for row in rows for currency in row.get(column) or ()})


def lines_of(answer: Answer, fields: Sequence[Field]) -> Iterator[list[str]]:
    """The cells of each row."""
    others = answer.before.rows if answer.before else repeat({})
    for row, other in zip(answer.rows, others, strict=answer.before is not None):
        yield texts_of(row, other, fields)


def total_of(answer: Answer, fields: Sequence[Field]) -> list[str] | None:
    """The cells of the total, if the report has one."""
    if answer.total is None:
        return None
    other = (answer.before and answer.before.total) or {}
    return texts_of({**answer.total, "name": "total"}, other, fields)


def texts_of(row: Row, other: Row, fields: Sequence[Field]) -> list[str]:
    """The cells of a row, beside what it is compared with."""
    return [text_in(row, other, one) for one in fields]


def text_in(row: Row, other: Row, field: Field) -> str:
    """One cell."""
    if field.column is None:
        return name_of(row)
    now, before = (cell_of(one, field.column, field.currency) for one in (row, other))
    if field.side is Side.CHANGE:
        change = change_of(now, before, field.column.kind)
        return change if isinstance(change, str) else text_of(change, Kind.SHARE)
    return text_of(now if field.side is Side.NOW else before, field.column.kind)


def cell_of(row: Row, column: Column, currency: str | None) -> Any:
    """The value of a cell, or the amount of a currency in it: without orders 0, but no average."""
    cell = row.get(column.name)
    if currency is None or cell is None:
        return cell
    return cell.get(currency, Decimal(0) if column.adds else None)


def name_of(row: Row) -> str:
    """What a row is of; the last row of a long list has what is left."""
    name = row.get("name")
    return f"other ({row.get('names')} more)" if name is None else str(name)


def text_of(cell: Any, kind: Kind) -> str:
    """A cell as text: times as ISO 8601, shares and numbers as decimals."""
    if cell is None:
        return ""
    if kind in DIGITS:
        return f"{Decimal(cell).quantize(DIGITS[kind], ROUND_HALF_UP):f}"
    if kind is Kind.CREDIT:
        return f"{Decimal(cell) / CREDITS_OF_ONE:f}"
    if kind is Kind.MONEY:
        return f"{cell:f}"
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (list, tuple)):
        return " > ".join(str(one) for one in cell)
    return str(cell)
