"""What a sharded Postgres would ask of tables and statements (docs/scale.md#shards)."""

from __future__ import annotations

from pathlib import Path

import pglast
import pytest
from pglast.visitors import Visitor

from collector.sql import load_conversions, load_privacy, load_query, load_sum
from tests.support import execute, fetch

ROOT = Path(__file__).parents[3]
LOADERS = {
    "queries": load_query,
    "privacy": load_privacy,
    "sums": load_sum,
    "conversions": load_conversions,
}
WRITING = {
    f"{folder}/{path.stem}": load(path.stem)
    for folder, load in LOADERS.items()
    for path in sorted((ROOT / "db" / folder).glob("*.sql"))
    if "DO UPDATE" in load(path.stem)
}

# Tables in shards by session_id: what is asked or written of a session is on one of them.
OF_SESSIONS = {"conversion_events", "conversion_funnel", "session_facts"}
# Tables that name sessions and are not in shards by them, and why not.
EXCEPTIONS = {
    "counted_orders": "an order counts once over all sessions: in shards by order_key, or on one",
    "stale_sessions": "a queue of the one who computes facts, whose key only numbers it: on one",
    "changed_events": "the same, of the one who mends funnel and orders",
    "deliveries": "an order is sent once over all sessions, and one process sends: on one",
}
# Tables that name no session: each on one server, or whole on all.
OTHERS = {
    "changed_days": "a queue, as stale_sessions",
    "currency_rates": "small, and read beside any session: whole on all",
    "dashboard_annotations": "people of the dashboard",
    "dashboard_sessions": "people of the dashboard",
    "dashboard_share_links": "people of the dashboard",
    "dashboard_views": "people of the dashboard",
    "destination_states": "one row a destination",
    "destinations": "read beside any event: whole on all",
    "erased_ids": "read beside any event: whole on all",
    "erased_slots": "read beside any event: whole on all",
    "erasures": "a log",
    "event_type_sums": "sums over all sessions",
    "facts_progress": "one row",
    "page_sums": "sums over all sessions",
    "quarter_sums": "sums over all sessions",
    "rejected_events": "what is no event yet, and may name no session",
    "retention_progress": "one row",
    "schema_migrations": "one row a migration",
    "session_sums": "sums over all sessions",
    "stage_sums": "sums over all sessions",
    "summed_days": "one row a day",
    "visitor_salts": "one row a day",
}

UNIQUE_KEYS = """
SELECT
    c.relname AS table_name, i.indexrelid::regclass::text AS key,
    ARRAY(
        SELECT a.attname::text FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
    ) AS columns
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND (i.indisunique OR i.indisexclusion)
"""
TABLES_WITH = """
SELECT c.relname AS table_name, EXISTS (
    SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname ~ 'session_id$'
        AND a.attname !~ 'stripe|ga_' AND NOT a.attisdropped
) AS names_sessions
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""


async def keys_across_sessions(database: str) -> set[str]:
    """The unique keys of sessions' tables in which there is no session_id."""
    keys = await fetch(database, UNIQUE_KEYS)
    return {
        key["key"]
        for key in keys
        if key["table_name"] in OF_SESSIONS and "session_id" not in key["columns"]
    }


async def test_each_table_is_placed(database: str) -> None:
    tables = {
        row["table_name"]: row["names_sessions"] for row in await fetch(database, TABLES_WITH)
    }
    assert {table for table, names in tables.items() if names} == OF_SESSIONS | EXCEPTIONS.keys()
    assert {table for table, names in tables.items() if not names} == OTHERS.keys()


async def test_each_unique_key_of_sessions_has_the_session(database: str) -> None:
    keyed = {key["table_name"] for key in await fetch(database, UNIQUE_KEYS)}
    assert keyed >= OF_SESSIONS
    assert await keys_across_sessions(database) == set()


async def test_a_unique_key_without_the_session_is_seen(database: str) -> None:
    await execute(database, "CREATE UNIQUE INDEX across ON conversion_events (request_id)")
    assert await keys_across_sessions(database) == {"across"}


def test_no_function_or_report_updates_on_a_conflict() -> None:
    """They would have to be looked at too."""
    texts = [*(ROOT / "db" / "migrations").glob("*.sql"), *(ROOT / "db" / "reports").rglob("*.sql")]
    assert [path.name for path in texts if "DO UPDATE" in path.read_text()] == []


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
    assert {"queries/insert_events", "queries/insert_events_and_deliveries"} <= WRITING.keys()


@pytest.mark.parametrize("query", WRITING)
async def test_what_an_update_calls_gives_the_same_always(database: str, query: str) -> None:
    changing = await fetch(
        database,
        "SELECT DISTINCT proname FROM pg_proc WHERE proname = ANY($1) AND provolatile <> 'i'",
        sorted(functions_of_updates(WRITING[query])),
    )
    assert changing == []


@pytest.mark.parametrize("time", ["now()", "CURRENT_TIMESTAMP", "(SELECT now())"])
def test_a_clock_in_an_update_is_seen(time: str) -> None:
    statement = f"INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = abs({time})"
    assert functions_of_updates(statement) == {"abs", "now"}
