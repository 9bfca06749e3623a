"""The top line of a page: a few numbers, each with its change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.dashboard.formats import Change, shorten, shorten_amount, write_amount, write_cell
from collector.dashboard.links import Links
from collector.dashboard.tables import change_of, column_of, label_of, number_of, shown_fields
from collector.reports.answer import Answer, Row
from collector.reports.catalog import Kind
from collector.reports.cells import Field


@dataclass(frozen=True, slots=True)
class Stat:
    """A number of the top line. `exact` has all its digits; `before` is what it was."""

    key: str
    label: str
    definition: str
    text: str
    exact: str
    before: str | None
    change: Change | None
    others: tuple[str, ...]
    link: str | None = None
    is_current: bool = False


def main_currency(answer: Answer) -> str | None:
    """The currency of the most orders: the one that is shown where there is room for one."""
    orders = (answer.rows[0].get("order_values") if answer.rows else None) or {}
    return max(sorted(orders), key=lambda currency: orders[currency][0], default=None)


def make_stats(
    answer: Answer,
    names: Sequence[str],
    measure: str,
    charted: Collection[str],
    links: Links | None,
) -> Iterator[Stat]:
    """Some columns of an answer of one row. An amount is that of the main currency.

    `measure` is what the chart shows, `charted` what it can show.
    """
    currency = main_currency(answer)
    row = answer.rows[0]
    before = answer.before.rows[0] if answer.before and answer.before.rows else None
    fields: dict[str, Field] = {}
    for one in shown_fields(answer):
        if one.column and (one.column.name not in fields or one.currency == currency):
            fields[one.column.name] = one
    for name in names:
        if name in fields:
            stat = make_stat(row, before, fields[name])
            yield replace(
                stat,
                link=links.having("measure", stat.key) if links and stat.key in charted else None,
                is_current=stat.key == measure,
            )


def make_stat(row: Row, before: Row | None, one: Field) -> Stat:
    """One number of the top line."""
    column = column_of(one)
    kind, cell = column.kind, row.get(column.name)
    exact = write_cell(cell, kind, one.currency)
    number = number_of(row, one)
    text = exact
    if number is not None and kind is Kind.COUNT:
        text = shorten(number)
    if number is not None and one.currency is not None:
        text = shorten_amount(number, one.currency)
    return Stat(
        key=one.name,
        label=label_of(one),
        definition=column.definition,
        text=text,
        exact=exact,
        before=write_cell(before.get(column.name), kind, one.currency) if before else None,
        change=change_of(row, before, one) if before else None,
        others=tuple(
            write_amount(amount, currency)
            for currency, amount in sorted((cell or {}).items() if kind is Kind.MONEY else ())
            if currency != one.currency
        ),
    )
