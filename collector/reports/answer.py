"""What comes back for a question: rows with all columns of the report, and their total."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from typing import Any, TypeAlias

from collector.money import CENT, MINOR_UNITS
from collector.reports.catalog import Column, Kind, Report, load_columns
from collector.reports.question import Question
from collector.reports.statement import Statement

# The column of a record that holds what each model credits, as one object.
CREDITS = "credits"

Row: TypeAlias = Mapping[str, Any]

# {"EUR": (how many, their sum)}
Orders: TypeAlias = dict[str, tuple[int, Decimal]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, its rows and their total; the same for the time it is compared with.

    Cells by kind: text str; count int; credit int, in millionths; number, share and seconds Decimal
    or None; money a dict of currency to Decimal; time an aware datetime; list a list; flag a bool.
    `as_of`: the events that were stored before it are in the numbers. The row whose `name` is None
    holds the names that are left: `names` of it says how many.
    """

    question: Question
    rows: tuple[Row, ...]
    total: Row | None
    statement: Statement
    as_of: datetime | None
    before: Answer | None = None


def make_rows(report: Report, records: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """The rows of an answer from those of Postgres."""
    return tuple(
        with_columns(report, read_orders(read_credits(report, dict(record)))) for record in records
    )


def read_credits(report: Report, record: dict[str, Any]) -> dict[str, Any]:
    """The record, with its credits as cells: a model that credits it with nothing names it not."""
    if CREDITS not in record:
        return record
    credited: dict[str, Any] = json.loads(record.pop(CREDITS), parse_float=Decimal)
    nothing = {column.name: 0 for column in report.columns if column.kind is Kind.CREDIT}
    return record | nothing | credited


def adds_up(name: str) -> bool:
    """Whether the cells of a column may be added over rows."""
    column = load_columns().get(name)
    return column is None or column.adds


def make_total(question: Question, rows: Sequence[Row]) -> Row | None:
    """The total of a list of names, where each has one row."""
    if question.names is None or len({row["name"] for row in rows}) < len(rows):
        return None
    return add_rows(question.report, rows)


def add_rows(report: Report, rows: Iterable[Row]) -> Row:
    """The row of several: what adds up is added, and the rest computed from it."""
    added: dict[str, Any] = {}
    for row in rows:
        for name, cell in row.items():
            if is_orders(name):
                added[name] = add_orders(added.get(name, {}), cell)
            elif isinstance(cell, int | Decimal) and not isinstance(cell, bool) and adds_up(name):
                added[name] = added.get(name, 0) + cell
    return with_columns(report, added)


def read_orders(record: dict[str, Any]) -> dict[str, Any]:
    """The record, with its orders read from their JSON."""
    for name in filter(is_orders, record):
        held = record[name] or {}
        if isinstance(held, str):
            held = json.loads(held, parse_float=Decimal)
        record[name] = {
            currency: (count, Decimal(worth)) for currency, (count, worth) in held.items()
        }
    return record


def is_orders(name: str) -> bool:
    """Whether a cell holds orders, and how much they are."""
    column = load_columns().get(name)
    return column is not None and column.kind is Kind.ORDERS


def add_orders(one: Orders, other: Orders) -> Orders:
    """The orders of both."""
    nothing = (0, Decimal(0))
    return {
        currency: (
            one.get(currency, nothing)[0] + other.get(currency, nothing)[0],
            one.get(currency, nothing)[1] + other.get(currency, nothing)[1],
        )
        for currency in sorted({*one, *other})
    }


def with_columns(report: Report, record: Mapping[str, Any]) -> Row:
    """The record with what is computed from it."""
    return {**record, **{c.name: compute(c, record) for c in report.columns if c.of}}


def compute(column: Column, record: Mapping[str, Any]) -> Any:
    """A cell that is computed from others of its row."""
    if is_orders(column.of[0]):
        return compute_money(column, reduce(add_orders, [record.get(n, {}) for n in column.of]))
    counted, counted_of = (record.get(name) for name in column.of)
    return Decimal(counted) / Decimal(counted_of) if counted is not None and counted_of else None


def compute_money(column: Column, orders: Orders) -> int | dict[str, Decimal]:
    """How many orders there are, or their sums or averages by currency."""
    if column.kind is Kind.COUNT:
        return sum(count for count, _ in orders.values())
    if column.name == "average_order":
        return {
            currency: round_amount(worth / count, currency)
            for currency, (count, worth) in orders.items()
            if count
        }
    return {currency: round_amount(worth, currency) for currency, (_, worth) in orders.items()}


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """The amount in whole minor units of its currency."""
    return amount.quantize(MINOR_UNITS.get(currency, CENT), ROUND_HALF_UP)
