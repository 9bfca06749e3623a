"""What channels are credited with, by six models side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from collector.dashboard.formats import write_amount, write_cell
from collector.dashboard.links import Links
from collector.dashboard.tables import (
    column_of,
    is_rest,
    label_of_names,
    link_of,
    number_of,
    shown_fields,
)
from collector.dashboard.trends import Choice
from collector.reports.answer import Answer, Row
from collector.reports.catalog import Kind
from collector.reports.cells import Field, name_of

# The models in the order of their columns: the one that is meant where none is named comes first.
MODELS = {
    "last_non_direct": "Last non-direct",
    "first_touch": "First touch",
    "last_touch": "Last touch",
    "linear": "Linear",
    "position_based": "Position based",
    "time_decay": "Time decay",
}
CONVERSIONS = "conversions"


@dataclass(frozen=True, slots=True)
class Credit:
    """What one model credits a name with; `bar` is its share of the total, in percent."""

    text: str
    bar: float


@dataclass(frozen=True, slots=True)
class CreditLine:
    """A name with the credits of all models."""

    name: str
    link: str | None
    credits: tuple[Credit, ...]
    assisted: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its name, and what it says."""

    key: str
    label: str
    definition: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """The models side by side. `values`: what can be credited, conversions or a currency."""

    names: str
    models: tuple[Model, ...]
    lines: tuple[CreditLine, ...]
    total: tuple[str, ...]
    values: tuple[Choice, ...]
    value: str


def make_attribution(answer: Answer, value: str | None, links: Links | None) -> Attribution:
    """The credits for one value: `conversions`, or `revenue_EUR`; of another the first there is."""
    offered = offered_values(answer)
    shown = value if value in offered else next(iter(offered))
    fields = [credited(answer, model, shown) for model in MODELS]
    total = answer.total or {}
    return Attribution(
        names=label_of_names(str(answer.question.names)),
        models=tuple(make_models(fields)),
        lines=tuple(make_line(answer, row, total, fields, links) for row in answer.rows),
        total=tuple(write_credits(total, one) for one in fields),
        values=tuple(
            Choice(label, links and links.having("credit", key), key == shown)
            for key, label in offered.items()
        ),
        value=offered[shown],
    )


def offered_values(answer: Answer) -> dict[str, str]:
    """What can be credited: the revenue of each currency, and conversions."""
    currencies = dict.fromkeys(one.currency for one in shown_fields(answer) if one.currency)
    revenue = {f"revenue_{one}": f"Revenue, {one}" for one in currencies}
    return {**revenue, CONVERSIONS: "Conversions"}


def credited(answer: Answer, model: str, value: str) -> Field:
    """The column of a model: an amount that no row has is one all the same."""
    columns = {one.name: one for one in answer.question.report.columns}
    kind, _, currency = value.partition("_")
    name = f"{model}_{kind}"
    return Field(name, columns[name], currency or None)


def make_models(fields: list[Field]) -> Iterator[Model]:
    """The heads of the models."""
    for (key, label), one in zip(MODELS.items(), fields, strict=True):
        yield Model(key, label, column_of(one).definition)


def make_line(
    answer: Answer, row: Row, total: Row, fields: list[Field], links: Links | None
) -> CreditLine:
    """The credits of one name."""
    name = name_of(row)
    link = None if is_rest(row) else link_of(name, str(answer.question.names), links)
    assisted = row.get("assisted_conversions")
    return CreditLine(
        name=name,
        link=link,
        credits=tuple(
            Credit(write_credits(row, one), share(number_of(row, one), number_of(total, one)))
            for one in fields
        ),
        assisted="" if assisted is None else f"{assisted:,}",
    )


def write_credits(row: Row, one: Field) -> str:
    """A credit; nothing is 0, so that a column can be added up."""
    if one.currency is not None:
        return write_amount(number_of(row, one) or Decimal(0), one.currency)
    return write_cell(row.get(one.name), Kind.CREDIT)


def share(part: Decimal | None, whole: Decimal | None) -> float:
    """In percent."""
    return round(float(100 * (part or 0) / whole), 2) if whole and (part or 0) > 0 else 0.0
