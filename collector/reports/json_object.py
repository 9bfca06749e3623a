"""An answer as JSON: what GET /v1/reports/NAME and `report --format json` give."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from collector.reports.answer import Answer, Row
from collector.reports.catalog import Column, Kind
from collector.reports.cells import text_of
from collector.reports.period import Period


def json_object(answer: Answer) -> dict[str, Any]:
    """The answer, with its question, the meaning of its columns, and the SQL behind it."""
    question = answer.question
    report = question.report
    return {
        "report": report.name,
        "title": report.title,
        "answers": report.answers,
        "range": range_of(question.period),
        "filters": [str(one) for one in question.filters],
        "bots": question.bots,
        "by": question.dimension,
        "look_back": question.look_back if report.takes("look_back") else None,
        "currency": question.currency,
        "as_of": answer.as_of and answer.as_of.isoformat(),
        "names": question.names,
        "columns": [
            {
                "name": column.name,
                "label": column.label,
                "kind": column.kind,
                "definition": column.definition,
                "of": list(column.of),
            }
            for column in report.columns
        ],
        "rows": [row_of(answer, row) for row in answer.rows],
        "total": answer.total and row_of(answer, answer.total),
        "before": answer.before
        and {
            "range": range_of(answer.before.question.period),
            "rows": [row_of(answer, row) for row in answer.before.rows],
            "total": answer.before.total and row_of(answer, answer.before.total),
        },
        "sql": answer.statement.sql.strip(),
    }


def range_of(period: Period) -> dict[str, str]:
    """From, before when, and in which time zone."""
    return {
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "zone": period.zone.key,
    }


def row_of(answer: Answer, row: Row) -> dict[str, Any]:
    """A row by the names of its columns; amounts, shares and numbers are decimals as text."""
    cells = {
        column.name: cell_of(row.get(column.name), column)
        for column in answer.question.report.columns
        if column.kind is not Kind.ORDERS
    }
    if answer.question.names is None:
        return cells
    return {"name": row.get("name"), "names": row.get("names"), **cells}


def cell_of(cell: Any, column: Column) -> Any:
    """A cell as JSON has it."""
    if column.kind is Kind.MONEY:
        return {currency: f"{amount:f}" for currency, amount in (cell or {}).items()}
    if cell is None or (isinstance(cell, (int, list)) and column.kind is not Kind.CREDIT):
        return cell
    if column.kind is Kind.TEXT and not isinstance(cell, Decimal):
        return str(cell)
    return text_of(cell, column.kind)
