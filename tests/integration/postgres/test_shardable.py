"""What a sharded Postgres would ask of the statements that write (docs/scale.md)."""

from __future__ import annotations

from pathlib import Path

import pglast
import pytest
from pglast.visitors import Visitor

from collector.sql import load_query
from tests.support import fetch

ROOT = Path(__file__).parents[3]
WRITING = [
    path.stem
    for path in sorted((ROOT / "db" / "queries").glob("*.sql"))
    if "DO UPDATE SET" in path.read_text()
]


class Called(Visitor):
    """The functions that are called anywhere below a node."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_FuncCall(self, _ancestors: object, node: pglast.ast.FuncCall) -> None:  # noqa: N802
        self.names.add((node.funcname or ())[-1].sval)

    def visit_SQLValueFunction(self, _ancestors: object, node: object) -> None:  # noqa: N802
        self.names.add("now")  # CURRENT_TIMESTAMP and its like


class Updates(Visitor):
    """What is called in each ON CONFLICT DO UPDATE SET."""

    def __init__(self) -> None:
        super().__init__()
        self.called = Called()

    def visit_OnConflictClause(  # noqa: N802
        self, _ancestors: object, node: pglast.ast.OnConflictClause
    ) -> None:
        self.called(node)


def functions_of_updates(statement: str) -> set[str]:
    """The functions in the updates of a statement."""
    updates = Updates()
    updates(pglast.parse_sql(statement))
    return updates.called.names


def test_the_statement_of_events_is_among_those_looked_at() -> None:
    assert "insert_events" in WRITING


@pytest.mark.parametrize("query", WRITING)
async def test_what_an_update_calls_gives_the_same_always(database: str, query: str) -> None:
    changing = await fetch(
        database,
        "SELECT DISTINCT proname FROM pg_proc WHERE proname = ANY($1) AND provolatile <> 'i'",
        sorted(functions_of_updates(load_query(query))),
    )
    assert changing == []


@pytest.mark.parametrize("time", ["now()", "CURRENT_TIMESTAMP", "(SELECT now())"])
def test_a_clock_in_an_update_is_seen(time: str) -> None:
    statement = f"INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = abs({time})"
    assert functions_of_updates(statement) == {"abs", "now"}
