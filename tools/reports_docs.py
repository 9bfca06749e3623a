"""Writes what docs/reports.md says of each report and each column: make docs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from collector.reports.catalog import Column, Kind, Report, load_columns, load_reports

DOCUMENT = Path(__file__).parents[1] / "docs" / "reports.md"

BEGIN = "<!-- From db/reports, by `make docs`. -->\n"
END = "<!-- End of what is from db/reports. -->"

# What a report takes beside the range, the filters and the limit, by the name in its head.
OPTIONS = {"by": "`--by`", "edges": "`--unit`", "session": "`--session`", "person": "`--person`"}


def reports_text() -> str:
    """The reports, a table for each group, and the table of the columns."""
    reports = load_reports().values()
    return "\n".join(
        [
            *(line for group, of_it in groupby(reports, group_of) for line in table(group, of_it)),
            "### Columns\n",
            "| Column | In tables | Meaning |",
            "|---|---|---|",
            *(column_row(column) for column in shown_columns()),
            "",
        ]
    )


def group_of(report: Report) -> str:
    """The group of a report."""
    return report.group


def table(group: str, reports: Iterator[Report]) -> Iterator[str]:
    """The table of a group."""
    yield f"### {group.capitalize()}\n"
    yield "| Report | Answers | Columns |"
    yield "|---|---|---|"
    for report in reports:
        columns = ", ".join(f"`{name}`" for name in column_names(report))
        yield f"| `{report.name}` | {report.answers}{options_text(report)} | {columns} |"
    yield ""


def column_names(report: Report) -> Iterator[str]:
    """The columns of a report, the name of its rows first."""
    if report.names:
        yield report.names
    yield from (column.name for column in report.columns if column.kind is not Kind.ORDERS)


def options_text(report: Report) -> str:
    """The options that only some reports take."""
    options = [option for name, option in OPTIONS.items() if report.takes(name)]
    return f" Takes {', '.join(options)}." if options else ""


def shown_columns() -> Iterator[Column]:
    """The columns that a report has."""
    used = {column.name for report in load_reports().values() for column in report.columns}
    return (column for column in load_columns().values() if column.name in used)


def column_row(column: Column) -> str:
    """The meaning of a column."""
    return f"| `{column.name}` | {column.label} | {column.definition} |"


def document_with_reports(text: str) -> str:
    """The document as the files have it. Raises ValueError where the marks are gone."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{reports_text()}\n{END}{after}"


def main() -> None:
    """Bring the document up to date."""
    DOCUMENT.write_text(document_with_reports(DOCUMENT.read_text()))


if __name__ == "__main__":
    main()
