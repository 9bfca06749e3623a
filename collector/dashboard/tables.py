"""Answers as tables of a page: texts, bars, changes, and where a click leads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeAlias

from collector.dashboard.formats import (
    NOTHING,
    Change,
    compare_numbers,
    write_amount,
    write_cell,
    write_short_time,
)
from collector.dashboard.links import Links
from collector.reports.answer import Answer, Orders, Row
from collector.reports.catalog import NUMBERS, Column, Kind
from collector.reports.cells import Field, Side, cell_of, fields_of, name_of
from collector.reports.filters import Dimension

LESS_IS_BETTER = frozenset({"bounce_rate", "bounced_sessions", "exit_rate", "drop_off", "dropped"})

# Columns that hold pages or hosts, which have an address on the web.
ON_THE_WEB = frozenset({"landing_page", "exit_page", "page", "referrer", "referrer_host"})
WEB_PAGE = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?\.[a-z0-9-]{2,63}(?:/[!-~]{0,1800})?")

# Columns that name what there is a page of: the page, and the parameter that says which.
PAGES_OF = {"session_id": "session", "person": "person", "order_key": "order", "order": "order"}
IDS = frozenset({"session_id", "person", "order_key"})

HEADS_OF_NAMES = {"device_type": "Device", "os": "System", "browser_and_os": "Browser and system"}


# A row, and the one that it is compared with; {} where there is none.
Pair: TypeAlias = tuple[Row, Row]


@dataclass(frozen=True, slots=True)
class Head:
    """A head of a table. `sort` is where a click on it leads; `sorted` is what aria-sort says."""

    key: str
    label: str
    definition: str
    is_number: bool
    down: str | None = None
    up: str | None = None
    sorted: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. `link` chooses what it names, `web` is its address on the web, `title` the whole."""

    text: str
    is_number: bool
    title: str = ""
    is_id: bool = False
    change: Change | None = None
    link: str | None = None
    web: str | None = None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row. `bar` is its share of the largest, in percent; `is_rest`: what is left of a list."""

    cells: tuple[Cell, ...]
    bar: float | None = None
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page."""

    key: str
    title: str
    answers: str
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    total: Line | None
    csv: str
    sql: str
    values: tuple[str, ...]
    more_currencies: tuple[str, ...] = ()
    # Why there is nothing to show, where that is an error.
    failure: str | None = None

    @property
    def has_bars(self) -> bool:
        """Whether its rows are compared by a bar behind each."""
        return any(line.bar is not None for line in self.lines)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.lines


def failed_table(key: str, title: str, answers: str, failure: str) -> Table:
    """The table of a report that has failed: its title, and why."""
    return Table(key, title, answers, (), (), None, csv="", sql="", values=(), failure=failure)


@dataclass(frozen=True, slots=True)
class Look:
    """How a page shows a report.

    `columns`: which, all where it is None. `links` is None where nothing may be clicked;
    `currency`: the only one to show; `hosts`: what all pages of a column begin with.
    """

    key: str
    csv: str
    links: Links | None = None
    title: str | None = None
    columns: tuple[str, ...] | None = None
    currency: str | None = None
    sort: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)


def make_table(answer: Answer, look: Look) -> Table:
    """An answer as a table."""
    fields = chosen_fields(answer, look)
    look = replace(look, hosts=common_hosts(answer))
    pairs = sort_pairs(pair_rows(answer), fields, look)
    values = [bar_value(row, fields) for row in answer.rows if not is_rest(row)]
    most = max(values, default=Decimal(0))
    return Table(
        key=look.key,
        title=look.title or answer.question.report.title,
        answers=answer.question.report.answers,
        heads=tuple(make_heads(answer, fields, look)),
        lines=tuple(
            Line(
                cells=tuple(make_cells(answer, row, before, fields, look)),
                bar=share_of(bar_value(row, fields), most) if answer.question.names else None,
                is_rest=is_rest(row),
            )
            for row, before in pairs
        ),
        total=make_total_line(answer, fields),
        csv=look.csv,
        sql=answer.statement.sql.strip(),
        values=tuple(write_value(value) for value in answer.statement.values),
        more_currencies=other_currencies(answer, look),
    )


def shown_fields(answer: Answer) -> list[Field]:
    """The columns of an answer: what they were before stands in the cells of a page."""
    return [one for one in fields_of(answer) if one.side is Side.NOW]


def chosen_fields(answer: Answer, look: Look) -> list[Field]:
    """The columns that are shown, in the order in which they are chosen."""
    fields = list(merge_currencies(answer)) if is_list(answer) else shown_fields(answer)
    if look.columns is None:
        return fields
    return [one for one in fields if one.column is None] + [
        one
        for name in look.columns
        for one in fields
        if one.column is not None
        and one.column.name == name
        and (one.currency is None or look.currency in (None, one.currency))
    ]


def is_list(answer: Answer) -> bool:
    """Whether its rows are sessions, events or orders, each with amounts in one currency."""
    return any(
        column.name in ("session_id", "order_key") for column in answer.question.report.columns
    )


def merge_currencies(answer: Answer) -> Iterator[Field]:
    """The columns, with one for the amounts of all currencies."""
    for column, fields in groupby(shown_fields(answer), key=lambda one: one.column):
        yield from (
            fields
            if column is None or column.kind is not Kind.MONEY
            else [Field(column.name, column)]
        )


def common_hosts(answer: Answer) -> dict[str, str]:
    """By column of pages the host that all of them have: it says nothing in each row."""
    names = str(answer.question.names)
    columns = {names: "name"} if names in ON_THE_WEB else {}
    columns |= {
        one.name: one.name for one in answer.question.report.columns if one.name in ON_THE_WEB
    }
    hosts = {
        column: {str(row[key]).partition("/")[0] for row in answer.rows if has_page(row.get(key))}
        for column, key in columns.items()
        if column not in ("referrer", "referrer_host")
    }
    return {column: one.pop() for column, one in hosts.items() if len(one) == 1}


def has_page(text: object) -> bool:
    """Whether a cell is a page, not `(none)` or the rest of a list."""
    return isinstance(text, str) and "/" in text


def other_currencies(answer: Answer, look: Look) -> tuple[str, ...]:
    """The currencies that are there and not shown."""
    if look.currency is None:
        return ()
    return tuple(
        sorted({one.currency for one in shown_fields(answer) if one.currency} - {look.currency})
    )


def make_heads(answer: Answer, fields: Sequence[Field], look: Look) -> Iterator[Head]:
    """The heads; those of numbers sort the table where it may be clicked."""
    for one in fields:
        if one.column is None:
            yield Head(one.name, label_of_names(one.name), "", is_number=False)
            continue
        is_number = one.column.kind in NUMBERS
        can_sort = is_number and look.links is not None and answer.question.names is not None
        name = f"{look.key}.{one.name}"
        yield Head(
            key=one.name,
            label=label_of(one),
            definition=one.column.definition,
            is_number=is_number,
            down=look.links.having("sort", name) if can_sort and look.links else None,
            up=look.links.having("sort", f"{name}.up") if can_sort and look.links else None,
            sorted={name: "descending", f"{name}.up": "ascending"}.get(look.sort or ""),
        )


def column_of(one: Field) -> Column:
    """The column of a field. Raises ValueError for what rows are named by."""
    if one.column is None:
        raise ValueError(f"{one.name} is no column of a report")
    return one.column


def label_of(one: Field) -> str:
    """What stands above a column."""
    label = one.column.label if one.column else label_of_names(one.name)
    return f"{label}, {one.currency}" if one.currency else label


def label_of_names(name: str) -> str:
    """What names are of."""
    return HEADS_OF_NAMES.get(name) or name.replace("_", " ").capitalize()


def pair_rows(answer: Answer) -> list[Pair]:
    """Each row beside the one that it is compared with."""
    if answer.before is None:
        return [(row, {}) for row in answer.rows]
    return list(zip(answer.rows, answer.before.rows, strict=True))


def sort_pairs(pairs: list[Pair], fields: Sequence[Field], look: Look) -> list[Pair]:
    """The rows as they came, or by the column that the address names; the rest stays the last."""
    panel, _, order = (look.sort or "").partition(".")
    name, _, way = order.partition(".")
    by = next((one for one in fields if one.name == name and one.column is not None), None)
    if panel != look.key or by is None:
        return pairs

    def place(pair: Pair) -> tuple[bool, bool, Decimal]:
        number = number_of(pair[0], by)
        upward = number or Decimal(0)
        return is_rest(pair[0]), number is None, upward if way == "up" else -upward

    return sorted(pairs, key=place)


def is_rest(row: Row) -> bool:
    """Whether a row is what is left of a long list."""
    return "name" in row and row["name"] is None and row.get("names") is not None


def number_of(row: Row, one: Field) -> Decimal | None:
    """The number of a cell, None where there is none."""
    cell = cell_of(row, one.column, one.currency) if one.column else None
    return None if cell is None or isinstance(cell, (str, dict, list, tuple)) else Decimal(cell)


def bar_value(row: Row, fields: Sequence[Field]) -> Decimal:
    """What the bar behind a row is of: its first count."""
    for one in fields:
        if one.column is not None and one.column.kind is Kind.COUNT:
            return number_of(row, one) or Decimal(0)
    return Decimal(0)


def share_of(value: Decimal, most: Decimal) -> float | None:
    """In percent, at most 100, as the rest of a list may be more than the largest in it."""
    return round(float(min(100 * value / most, Decimal(100))), 2) if most > 0 else None


def make_cells(
    answer: Answer, row: Row, before: Row, fields: Sequence[Field], look: Look
) -> Iterator[Cell]:
    """The cells of a row."""
    is_compared = answer.before is not None and not is_rest(row) and is_comparable(answer)
    for one in fields:
        if one.column is None:
            yield make_name(answer, row, look)
        elif one.column.kind is Kind.TEXT:
            yield make_text(row.get(one.column.name), one.column.name, look)
        elif one.column.name == "started_at" and look.links:
            session = link_of(str(row["session_id"]), "session_id", look.links)
            yield replace(make_number(row, one), link=session)
        else:
            change = change_of(row, before, one) if is_compared else None
            yield make_number(row, one, change)


def is_comparable(answer: Answer) -> bool:
    """Whether its rows can be found in an earlier time: not those that are of one time."""
    names = {column.name for column in answer.question.report.columns}
    return answer.question.names is not None or "stage" in names


def make_number(row: Row, one: Field, change: Change | None = None) -> Cell:
    """A cell that is a number, a time or a flag."""
    kind, cell = column_of(one).kind, row.get(column_of(one).name)
    text = exact = write_cell(cell, kind, one.currency)
    if kind is Kind.MONEY and one.currency is None:
        amounts = sorted((cell or {}).items())
        text = " · ".join(write_amount(amount, currency) for currency, amount in amounts) or NOTHING
    if kind is Kind.TIME and cell is not None:
        text = write_short_time(cell)
    return Cell(text, kind in NUMBERS, exact, change=change, is_empty=text == NOTHING)


def change_of(row: Row, before: Row, one: Field) -> Change | None:
    """How a cell differs from that of the time before, where none counts as 0."""
    column = column_of(one)
    if column.kind not in NUMBERS:
        return None
    earlier = number_of(before, one)
    if earlier is None and column.kind in (Kind.COUNT, Kind.MONEY):
        earlier = Decimal(0)
    return compare_numbers(
        number_of(row, one),
        earlier,
        column.kind,
        counted=base_of(row, before, column),
        less_is_better=column.name in LESS_IS_BETTER,
    )


def base_of(row: Row, before: Row, column: Column) -> int:
    """Of how many a number is: what it is a share of, else the larger of then and now."""
    name = column.of[-1] if column.of else column.name
    counts = [one for one in (row.get(name), before.get(name)) if isinstance(one, int)]
    if counts:
        return max(counts)
    return max(count_orders(row), count_orders(before))


def count_orders(row: Row) -> int:
    """How many orders with a value a row has, in all currencies."""
    orders: Orders = row.get("order_values") or {}
    return sum(count for count, _ in orders.values())


def make_name(answer: Answer, row: Row, look: Look) -> Cell:
    """What a row is of; a click on it is a filter."""
    if is_rest(row):
        return Cell(name_of(row), is_number=False)
    return make_text(row.get("name"), str(answer.question.names), look)


def make_text(value: Any, column: str, look: Look) -> Cell:
    """A text, with where it leads."""
    if value is None or value == "":
        return Cell(NOTHING, is_number=False, is_empty=True)
    text = str(value)
    shown = text.removeprefix(look.hosts.get(column, "")) if has_page(text) else text
    return Cell(
        stage_title(text) if column in ("stage", "funnel_stage") else shown,
        is_number=False,
        title=text,
        is_id=column in IDS,
        link=link_of(text, column, look.links),
        web=web_of(text, column),
    )


def stage_title(stage: str) -> str:
    """The name of a stage as people read it."""
    return stage.replace("_", " ").capitalize()


def link_of(text: str, column: str, links: Links | None) -> str | None:
    """The page with only this, or the page of it."""
    if links is None:
        return None
    if column in PAGES_OF:
        page = PAGES_OF[column]
        return links.to(f"/{page}", **{page: text})
    try:
        return links.filtered(Dimension(column), text)
    except ValueError:
        return None


def web_of(text: str, column: str) -> str | None:
    """The address on the web of a page or host: only of what is plainly one."""
    if column in ON_THE_WEB and WEB_PAGE.fullmatch(text):
        return f"https://{text}"
    return None


def make_total_line(answer: Answer, fields: Sequence[Field]) -> Line | None:
    """The total, of a table with more than one row; what does not add up has none."""
    if answer.total is None or len(answer.rows) < 2:  # noqa: PLR2004  # one row is its own total
        return None
    total, before = answer.total, answer.before.total if answer.before else None
    cells = [
        Cell("Total", is_number=False)
        if one.column is None
        else Cell("", is_number=False)
        if one.column.kind not in NUMBERS
        else make_number(
            total, one, change_of(total, before, one) if before and one.column.adds else None
        )
        for one in fields
    ]
    return Line(tuple(cells))


def write_value(value: object) -> str:
    """A parameter of a statement, as a reader can check it."""
    if isinstance(value, (list, tuple)):
        shown = ", ".join(write_value(one) for one in value[:3])
        return f"[{shown}, … {len(value)} in all]" if len(value) > 3 else f"[{shown}]"  # noqa: PLR2004
    return str(value)
