"""Answers as texts: the same columns and cells for a file and a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from collector.reports.answer import Answer, Row
from collector.reports.catalog import Column, Kind

SHARE_DIGITS = Decimal("0.0001")
CREDITS_OF_ONE = 1_000_000
NUMBER_DIGITS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table of texts: one of the report, or one currency of it."""

    name: str
    column: Column | None  # None: the name of the row
    currency: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether its cells are words, not numbers."""
        return self.column is None or self.column.kind in (Kind.TEXT, Kind.LIST)


def fields_of(answer: Answer) -> list[Field]:
    """The columns of the table: an amount has one for each currency that comes up."""
    names = answer.question.names
    fields = [Field(names, None)] if names else []
    for column in answer.question.report.columns:
        if column.kind is Kind.MONEY:
            fields += [
                Field(f"{column.name}_{currency}", column, currency)
                for currency in currencies_of(answer, column.name)
            ]
        elif column.kind is not Kind.ORDERS:
            fields.append(Field(column.name, column))
    return fields


def currencies_of(answer: Answer, column: str) -> list[str]:
    """The currencies of a column of amounts, by name."""
    return sorted({currency for row in answer.rows for currency in row.get(column) or ()})


def texts_of(row: Row, fields: Sequence[Field]) -> Iterator[str]:
    """The cells of a row."""
    for one in fields:
        if one.column is None:
            yield name_of(row)
        elif one.currency is not None:
            amount = (row.get(one.column.name) or {}).get(one.currency)
            yield "" if amount is None else f"{amount:f}"
        else:
            yield text_of(row.get(one.column.name), one.column.kind)


def name_of(row: Row) -> str:
    """What a row is of; the last row of a long list has what is left."""
    name = row.get("name")
    return f"other ({row.get('names')} more)" if name is None else str(name)


def text_of(cell: Any, kind: Kind) -> str:
    """A cell as text: times as ISO 8601, shares and numbers as decimals."""
    if cell is None:
        return ""
    if kind is Kind.SHARE:
        return f"{Decimal(cell).quantize(SHARE_DIGITS, ROUND_HALF_UP):f}"
    if kind is Kind.CREDIT:
        return f"{Decimal(cell) / CREDITS_OF_ONE:f}"
    if kind in (Kind.NUMBER, Kind.SECONDS):
        return f"{Decimal(cell).quantize(NUMBER_DIGITS, ROUND_HALF_UP):f}"
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (list, tuple)):
        return " > ".join(str(one) for one in cell)
    return str(cell)
