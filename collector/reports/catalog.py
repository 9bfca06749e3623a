"""Which reports there are, and what their columns mean: the files of db/reports."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from collector.reports.errors import QuestionError
from collector.reports.filters import Dimension, Filter, parse_filter
from collector.sql import Source, load_report, report_files, sql_folder

HEADER = re.compile(r"(?:--.*\n)+")
ENTRY = re.compile(r"^-- (?P<key>[a-z]+): (?P<value>.*(?:\n--   .*)*)", re.MULTILINE)


class Kind(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    CREDIT = "credit"  # a part of conversions, in millionths
    SHARE = "share"  # 0 to 1
    SECONDS = "seconds"
    ORDERS = "orders"  # {"EUR": [how many, their sum]}, what money is computed from
    MONEY = "money"  # an amount for each currency
    TIME = "time"
    LIST = "list"
    FLAG = "flag"


# What can be compared, sorted and drawn.
NUMBERS = frozenset({Kind.COUNT, Kind.CREDIT, Kind.NUMBER, Kind.SHARE, Kind.SECONDS, Kind.MONEY})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report: db/reports/columns.toml."""

    name: str
    label: str
    kind: Kind
    definition: str
    of: tuple[str, ...] = ()
    # Whether the cells of several rows may be added: not where one session is in several.
    adds: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """A question: a file of db/reports."""

    name: str
    title: str
    group: str
    answers: str
    parameters: tuple[str, ...]
    columns: tuple[Column, ...]
    # What its rows are names of: mostly a dimension that a filter may name as well.
    names: str | None
    # The dimension that its rows are split or named by where a question asks for no other.
    by: Dimension | None
    # What holds of its sessions whatever is asked.
    filters: tuple[Filter, ...]
    sql: str
    # The same from the sums of days, where there are such that it can use.
    sums_sql: str | None

    def takes(self, parameter: str) -> bool:
        """Whether a parameter means something to it."""
        return parameter in self.parameters or (parameter == "by" and self.by is not None)


def find_report(name: str) -> Report:
    """The report of a name. Raises QuestionError where there is none."""
    try:
        return load_reports()[name]
    except KeyError:
        names = ", ".join(load_reports())
        raise QuestionError(f"there is no report {name!r}; there are: {names}") from None


@cache
def load_reports() -> Mapping[str, Report]:
    """All reports by name, in the order of their groups and names."""
    reports = [read_report(path.stem) for path in report_files()]
    return {report.name: report for report in sorted(reports, key=lambda r: (r.group, r.name))}


def read_report(name: str) -> Report:
    """A report from its file. Raises ValueError where its header is wrong."""
    text = load_report(name)
    header = HEADER.match(text)
    if header is None:
        raise ValueError(f"db/reports/{name}.sql has no header")
    from_sums = load_report(name, Source.SUMS)[header.end() :]
    entries = {
        entry["key"]: " ".join(entry["value"].replace("\n--", " ").split())
        for entry in ENTRY.finditer(header[0])
    }
    try:
        return Report(
            name=name,
            title=entries["title"],
            group=entries["group"],
            answers=entries["answers"],
            parameters=tuple(entries["parameters"].split(", ")),
            columns=tuple(load_columns()[column] for column in entries["columns"].split(", ")),
            names=entries.get("name"),
            by=Dimension(entries["by"]) if "by" in entries else None,
            filters=tuple(parse_filter(text) for text in entries.get("filter", "").split()),
            sql=text[header.end() :],
            sums_sql=from_sums if from_sums != text[header.end() :] else None,
        )
    except KeyError as missing:
        raise ValueError(f"db/reports/{name}.sql: {missing} is missing or unknown") from None


@cache
def load_columns() -> Mapping[str, Column]:
    """All columns by name."""
    text = (sql_folder() / "reports" / "columns.toml").read_text(encoding="utf-8")
    return {
        name: Column(name, of=tuple(entry.pop("of", ())), **{**entry, "kind": Kind(entry["kind"])})
        for name, entry in tomllib.loads(text).items()
    }
