"""From a question to the one statement that answers it. Values are parameters, never text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from collector.money import MINOR_UNITS
from collector.reports.errors import QuestionError
from collector.reports.filters import COLUMNS, SEVERAL, Bots, Dimension, Filter, Operator
from collector.reports.period import bucket_edges
from collector.reports.question import Question

# Where the conditions go, and whether bots are one of them: what looks for bots takes no side. A
# report without a mark is not about sessions that can be chosen.
FILTERS_MARKS = {"-- filters\n": True, "-- filters without bots\n": False}

# Where the column stands that names a session, and where sums get their name as that column.
NAME_MARK = "-- name\n"
SUMS_NAME_MARK = "-- named\n"
NO_NAME = "''"

# The decimals of currencies that have other than two, for Postgres.
MINOR_UNIT_DECIMALS = json.dumps(
    {currency: -int(unit.adjusted()) for currency, unit in MINOR_UNITS.items()}
)

# What fragments name that several reports include, by whatever number it has there.
NAMED_VALUES: dict[str, Callable[[Question], Any]] = {
    "$currency": lambda question: question.currency,
    "$minor_units": lambda question: MINOR_UNIT_DECIMALS,
    "$dimension": lambda question: session_dimension(question) or "",
}

LIVE_TIME = timedelta(minutes=5)

# The sums of times are those of so many seconds.
QUARTER_OF_AN_HOUR = 900


def needed(question: Question, name: str, value: str | None) -> str:
    """A value that the report cannot do without. Raises QuestionError where it is not given."""
    if not value:
        raise QuestionError(f"the report {question.report.name} is of one {name}: say which")
    return value


def person_uuid(question: Question) -> UUID | None:
    """The person as a user id, where it may be one."""
    try:
        return UUID(question.person or "")
    except ValueError:
        return None


# What the names in a report's header `parameters` stand for, in the order of $1, $2 ...
VALUES: dict[str, Callable[[Question], Any]] = {
    "from": lambda question: question.period.start,
    "to": lambda question: question.period.end,
    "limit": lambda question: question.limit,
    "start": lambda question: [question.period.start],
    "edges": lambda question: bucket_edges(question.period, question.unit),
    "by": lambda question: question.by,
    "look_back": lambda question: question.look_back,
    "order": lambda question: needed(question, "order", question.order),
    "session": lambda question: needed(question, "session", question.session),
    "person": lambda question: needed(question, "person", question.person),
    "person_uuid": person_uuid,
    "live_since": lambda question: question.asked_at - LIVE_TIME,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and its parameters, in their order."""

    sql: str
    values: tuple[Any, ...]


@dataclass(slots=True)
class Parameters:
    """The values so far: each gets the number by which the SQL names it."""

    values: list[Any] = field(default_factory=list)

    def add(self, value: object) -> str:
        """Returns the value's name, such as $4."""
        self.values.append(value)
        return f"${len(self.values)}"


def make_statement(question: Question) -> Statement:
    """The statement of a question. Raises QuestionError where a parameter is out of bounds."""
    parameters = Parameters()
    for name in question.report.parameters:
        parameters.add(VALUES[name](question))
    sql = choose_sql(question)
    for mark, of_bots in FILTERS_MARKS.items():
        if mark in sql:
            conditions = make_conditions(question, parameters, of_bots=of_bots)
            sql = sql.replace(mark, "".join(f"AND {text}\n" for text in conditions) or "\n")
    for mark, value in NAMED_VALUES.items():
        if mark in sql:
            sql = sql.replace(mark, parameters.add(value(question)))
    if NAME_MARK in sql:
        column = name_column(question)
        sql = sql.replace(NAME_MARK, f"{column or NO_NAME} AS name,\n")
        sql = sql.replace(SUMS_NAME_MARK, f"name AS {column},\n" if column else "\n")
    return Statement(sql, tuple(parameters.values))


def choose_sql(question: Question) -> str:
    """The SQL of the report: from the sums of days where they can answer the question."""
    report = question.report
    return report.sums_sql if report.sums_sql and suits_sums(question) else report.sql


def suits_sums(question: Question) -> bool:
    """Whether sums know what is asked: filters on nothing but the name of their rows, and times
    that begin with a quarter of an hour.

    Those of some places did not, long ago.
    """
    named_by = session_dimension(question) if NAME_MARK in question.report.sql else None
    filters = (*question.filters, *question.report.filters)
    if any(one.dimension != named_by for one in filters):
        return False
    if "edges" not in question.report.parameters:
        return True
    edges = bucket_edges(question.period, question.unit)
    return all(edge.timestamp() % QUARTER_OF_AN_HOUR == 0 for edge in edges[1:])


def session_dimension(question: Question) -> Dimension | None:
    """The dimension whose names the rows are; None where they are of all sessions."""
    name = question.dimension or question.names
    return Dimension(name) if name else None


def name_column(question: Question) -> str | None:
    """The column that names a session; None where the rows are no names."""
    dimension = session_dimension(question)
    return COLUMNS[dimension] if dimension else None


def make_conditions(question: Question, parameters: Parameters, *, of_bots: bool) -> Iterator[str]:
    """The conditions on session_facts that filters make, and that bots make."""
    if of_bots and question.bots is not Bots.INCLUDE:
        yield "facts.is_bot" if question.bots is Bots.ONLY else "NOT facts.is_bot"
    ordered = sorted(question.filters, key=group_of)
    ordered += question.report.filters
    for (dimension, operator), filters in groupby(ordered, key=group_of):
        yield condition(dimension, operator, [one.value for one in filters], parameters)


def group_of(one: Filter) -> tuple[Dimension, Operator]:
    """Filters with the same dimension and operator are one condition."""
    return one.dimension, one.operator


def condition(
    dimension: Dimension, operator: Operator, values: list[str], parameters: Parameters
) -> str:
    """One condition: its dimension has one of the values, or none of them."""
    column = f"facts.{COLUMNS[dimension]}"
    contains = operator in (Operator.CONTAINS, Operator.CONTAINS_NOT)
    name = parameters.add([f"%{escape_like(value)}%" for value in values] if contains else values)
    if dimension in SEVERAL:
        holds = (
            f"EXISTS (SELECT FROM unnest({column}) AS one WHERE one ILIKE ANY ({name}::text[]))"
            if contains
            else f"{column} && {name}::text[]"
        )
    else:
        holds = f"{column} {'ILIKE' if contains else '='} ANY ({name}::text[])"
    return f"NOT ({holds})" if operator in (Operator.IS_NOT, Operator.CONTAINS_NOT) else holds


def escape_like(text: str) -> str:
    """A text in which LIKE sees no wildcards."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
