"""Faults of a real Postgres and of what is in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from collector.doctor import clocks, data, events, standby
from collector.doctor import database as of_database
from collector.doctor.check import Group
from collector.doctor.finding import Finding, Status
from collector.doctor.options import Options
from collector.postgres.migrate import load_migrations
from collector.settings import Settings
from collector.sql import load_query, migration_files
from local.postgres import PostgresServer, database_url
from tests.standby import both, run_standby, wait_for_standby
from tests.support import execute, fetch, run_collector
from tests.system.doctor.examined import Examined, Seen, look, refuse
from tests.waiting import until

FAILURE, WARNING, OK, SKIPPED = Status.FAILURE, Status.WARNING, Status.OK, Status.SKIPPED
LATEST = "(SELECT max(version) FROM schema_migrations)"
LATEST_NAME = load_migrations(migration_files())[-1].name
TWO_EVENTS = """
INSERT INTO conversion_events (session_id, event_type, event_name, received_at)
VALUES ('s1', 'doctor', 'Doctor', now()), ('s2', 'doctor', 'Doctor', now())
"""
BROKEN_INDEX = "CREATE UNIQUE INDEX CONCURRENTLY broken ON conversion_events (event_type)"
GRANTED = """
SELECT table_name::text, privilege_type::text FROM information_schema.role_table_grants
WHERE grantee = $1
"""
WHAT_FOLLOWS_EVENTS = """
SELECT session_id FROM conversion_funnel UNION SELECT session_id FROM counted_orders
UNION SELECT session_id FROM session_facts
"""
GROUPS = (of_database.GROUP, data.GROUP)


async def look_at(url: str, *groups: Group) -> Seen:
    """What the doctor says of a database, as its collector has it."""
    return await look(Options(database=url, settings=Settings(database_url=url)), *groups)


@pytest.mark.parametrize(
    ("fault", "check", "status", "words"),
    [
        (
            f"DELETE FROM schema_migrations WHERE version = {LATEST}",
            "database.migrations",
            FAILURE,
            f"missing: {LATEST_NAME}",
        ),
        (
            f"UPDATE schema_migrations SET checksum = 'other' WHERE version = {LATEST}",
            "database.migrations",
            FAILURE,
            f"another text: {LATEST_NAME}",
        ),
        (
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (9000, 'x', 'y')",
            "database.migrations",
            WARNING,
            "migration 9000",
        ),
        ("DROP TABLE schema_migrations", "database.migrations", FAILURE, "none was applied"),
        (
            "UPDATE facts_progress SET complete_until = now() - INTERVAL '1 hour'",
            "data.facts",
            FAILURE,
            "3600 s behind",
        ),
        ("SELECT 1", "data.facts", WARNING, "never computed"),
        ("DELETE FROM facts_progress", "data.facts", WARNING, "never computed"),
        (
            "INSERT INTO changed_days (day) SELECT utc_day(now()) - n FROM generate_series(1, 4) n",
            "data.sums",
            WARNING,
            "4 days wait",
        ),
        ("DROP TABLE rejected_events", "data.rejects", SKIPPED, "conversion-tracking migrate"),
    ],
)
async def test_what_is_wrong_in_a_database_is_seen(
    database: str, fault: str, check: str, *, status: Status, words: str
) -> None:
    await execute(database, fault)
    refuse((await look_at(database, *GROUPS)).of(check), status, words)


async def test_a_database_with_a_collector_is_well(database: str) -> None:
    async with run_collector(database) as collector:
        await collector.track()

        async def is_well() -> bool:
            return not (await look_at(database, *GROUPS)).not_ok()

        await until(is_well)  # when the facts were computed once


async def test_an_index_whose_building_broke_off_is_seen(database: str) -> None:
    await execute(database, TWO_EVENTS)
    with pytest.raises(asyncpg.UniqueViolationError):
        await execute(database, BROKEN_INDEX)

    found = (await look_at(database, *GROUPS)).of("database.indexes")

    refuse(found, FAILURE, "broken of conversion_events")
    await execute(database, "DELETE FROM conversion_events")
    await execute(database, found.mend)
    assert (await look_at(database, *GROUPS)).of("database.indexes").status is OK


@asynccontextmanager
async def own_role(database: str) -> AsyncIterator[tuple[str, str]]:
    """A role without rights, and the database's address with it."""
    name = f"role_of_{urlsplit(database).path[1:]}"
    await execute(database, f"CREATE ROLE {name} LOGIN")
    try:
        yield name, database.replace("postgres@", f"{name}@")
    finally:
        await execute(database, f"DROP OWNED BY {name}")
        await execute(database, f"DROP ROLE {name}")


@pytest.mark.parametrize(
    ("granted", "status", "words"),
    [
        ((), FAILURE, "SELECT, INSERT, UPDATE on conversion_events"),
        (
            (
                "GRANT SELECT, INSERT, UPDATE ON conversion_events, conversion_funnel,"
                " counted_orders TO {role}",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON rejected_events TO {role}",
                "GRANT SELECT ON erased_ids, erased_slots, destinations TO {role}",
                "GRANT SELECT, INSERT, UPDATE ON deliveries TO {role}",
            ),
            WARNING,
            "reports fall behind",
        ),
        (("GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",), OK, "has the rights"),
    ],
    ids=["none", "without the facts'", "all"],
)
async def test_rights_that_a_role_lacks_are_seen(
    database: str, granted: Sequence[str], status: Status, words: str
) -> None:
    async with own_role(database) as (name, url):
        for grant in ("GRANT SELECT ON schema_migrations TO {role}", *granted):
            await execute(database, grant.format(role=name))
        seen = await look_at(url, *GROUPS)
        of_a_stranger = await look(Options(database=url), *GROUPS)
    refuse(seen.of("database.rights"), status, words)
    assert of_a_stranger.of("database.rights").status is (OK if status is OK else SKIPPED)


async def test_the_rights_that_the_doctor_names_are_those_that_a_collector_needs(
    database: str,
) -> None:
    async with own_role(database) as (name, url):
        await execute(database, f"GRANT SELECT ON schema_migrations TO {name}")
        lacking = await fetch(url, load_query("doctor_rights"))
        for row in lacking:
            if row["what_for"] == "deliver":
                continue
            await execute(database, f"GRANT {row['missing']} ON {row['table_name']} TO {name}")
        await execute(database, "INSERT INTO changed_days (day) SELECT utc_day(now()) - 1")

        wanted = {"retention_events_days": 1, "retention_addresses_days": 1, "cookieless": True}
        async with run_collector(url, facts_seconds=0.05, **wanted) as collector:
            assert (await collector.track())[0] == 200
            assert (await collector.track(event_type="purchase", order_id="1"))[0] == 200
            assert (await collector.track(currency="no currency"))[0] == 422

            async def is_well() -> bool:
                seen = await look_at(url, *GROUPS)
                return seen.not_ok() == {"data.rejects": WARNING}

            async def is_summed() -> bool:
                return bool(await fetch(database, "SELECT FROM summed_days"))

            async def is_erased() -> bool:
                return not await fetch(database, WHAT_FOLLOWS_EVENTS)

            async def is_retained() -> bool:
                ran = "SELECT FROM retention_progress, visitor_salts WHERE isfinite(ran_at)"
                return bool(await fetch(database, ran))

            await until(is_well)
            await until(is_summed)
            await until(is_retained)
            await execute(database, "DELETE FROM conversion_events")
            await until(is_erased)


ROLE_FILE = Path(__file__).parents[3] / "deploy/postgres/collector-role.sql"


async def test_the_file_of_the_collectors_role_grants_what_it_needs_and_no_more(
    database: str,
) -> None:
    lines = ROLE_FILE.read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("\\"))  # psql's own
    async with own_role(database) as (name, url):
        needed = {
            (row["table_name"], right)
            for row in await fetch(url, load_query("doctor_rights"))
            if row["what_for"] != "deliver"  # it has a role of its own
            for right in row["missing"].split(", ")
        }
        await execute(database, text.replace(':"collector"', name))
        granted = await fetch(database, GRANTED, name)
    assert {tuple(row.values()) for row in granted} == needed | {("schema_migrations", "SELECT")}


async def test_a_role_that_may_not_see_migrations_is_told_so(database: str) -> None:
    async with own_role(database) as (name, url):
        await execute(database, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
        await execute(database, f"REVOKE ALL ON schema_migrations FROM {name}")
        seen = await look_at(url, *GROUPS)
    refuse(seen.of("database.migrations"), WARNING, "may not read schema_migrations")
    assert "GRANT SELECT" in seen.of("database.migrations").mend


async def test_a_database_without_tables_is_seen_once(
    healthy: Examined, postgres: PostgresServer
) -> None:
    groups = (*GROUPS, events.GROUP, clocks.GROUP)
    seen = await healthy.look(*groups, database=database_url(postgres))
    refuse(seen.of("database.migrations"), FAILURE, "none was applied")
    assert {c for c, s in seen.not_ok().items() if s is not SKIPPED} == {"database.migrations"}
    refuse(seen.of("event.row"), SKIPPED, "conversion-tracking migrate")


async def test_an_event_that_broke_the_contract_is_seen(database: str) -> None:
    async with run_collector(database) as collector:
        await collector.track(currency="no currency")

        async def is_kept() -> bool:
            return bool(await fetch(database, "SELECT FROM rejected_events"))

        await until(is_kept)
        refuse((await look_at(database, *GROUPS)).of("data.rejects"), WARNING, "1 wait")


async def test_a_database_that_does_not_answer_is_seen_without_its_password(
    tmp_path: Path,
) -> None:
    url = f"postgresql://user:hunter2@/events?host={tmp_path}"
    seen = await look_at(url, *GROUPS)
    refuse(seen.of("database.answers"), FAILURE, "/events: ")
    assert set(seen.not_ok().values()) == {FAILURE, SKIPPED}
    assert "hunter2" not in str(seen)


async def test_a_server_that_forgets_commits_or_is_full_is_seen(
    own_postgres: PostgresServer, own_database: str
) -> None:
    await execute(own_database, "ALTER SYSTEM SET full_page_writes = off")
    await execute(own_database, "SELECT pg_reload_conf()")
    [row] = await fetch(own_database, "SELECT current_setting('max_connections')::int AS most")
    connections = [
        await asyncpg.connect(database_url(own_postgres)) for _ in range(int(row["most"] * 0.85))
    ]
    try:
        seen = await look_at(own_database, *GROUPS)
    finally:
        for connection in connections:
            connection.terminate()
    refuse(seen.of("database.durability"), FAILURE, "full_page_writes is off")
    refuse(seen.of("database.connections"), WARNING, "connections are in use")


async def test_pools_that_are_larger_than_what_postgres_has_are_seen(database: str) -> None:
    settings = Settings(database_url=database, database_pool_size=1_000)
    seen = await look(Options(database=database, settings=settings), *GROUPS)
    refuse(seen.of("database.connections"), FAILURE, "may take 1004")


async def test_a_collector_that_keeps_no_facts_is_asked_for_none(database: str) -> None:
    settings = Settings(database_url=database, facts_seconds=0)
    seen = await look(Options(database=database, settings=settings), *GROUPS)
    refuse(seen.of("data.facts"), SKIPPED, "CT_FACTS_SECONDS is 0")


@pytest.mark.parametrize(
    ("ran_at", "status", "words"),
    [
        ("'-infinity'", WARNING, "nothing was ever taken away"),
        ("now() - INTERVAL '4 hours'", FAILURE, "4.0 hours ago"),
        ("now() - INTERVAL '20 minutes'", OK, "20 minutes ago"),
    ],
)
async def test_a_retention_that_does_not_run_is_seen(
    database: str, ran_at: str, status: Status, words: str
) -> None:
    await execute(database, f"UPDATE retention_progress SET ran_at = {ran_at}")
    settings = Settings(database_url=database, retention_addresses_days=30)
    seen = await look(Options(database=database, settings=settings), *GROUPS)
    found = seen.of("data.retention")
    assert found.status is status
    assert words in found.seen
    unset = (await look_at(database, *GROUPS)).of("data.retention")
    assert (unset.status, unset.seen[:20]) == (OK, "no CT_RETENTION_... ")


def judged(**changes: object) -> Finding:
    """Of a server as Postgres describes itself, with changes."""
    server = {"version": 180_004, "version_text": "18.4", "is_replica": False, **changes}
    return of_database.judge_server(server)


@pytest.mark.parametrize(
    ("finding", "status", "words"),
    [
        (judged(), OK, "18.4"),
        (judged(version=140_020, version_text="14.20"), FAILURE, "14.20"),
        (judged(is_replica=True), FAILURE, "a replica"),
    ],
)
def test_an_old_server_and_a_replica_are_refused(
    finding: Finding, status: Status, words: str
) -> None:
    refuse(finding, status, words)


def of_standbys(hosts: int = 1, **changes: object) -> Finding:
    """Of a server with a synchronous standby, with changes."""
    server = {"waited_for": "standby", "following": 1, "synchronous": 1, "untold": 0, **changes}
    return standby.judge_standby(server, hosts)


@pytest.mark.parametrize(
    ("finding", "status", "words"),
    [
        (of_standbys(), OK, "on 2 servers"),
        (of_standbys(waited_for="", synchronous=0), OK, "on one server"),
        (of_standbys(waited_for="", synchronous=0, hosts=2), WARNING, "a failover loses"),
        (of_standbys(synchronous=0), FAILURE, "0 of 1"),
        (of_standbys(waited_for="ANY 2 (a, b)", following=2), FAILURE, "1 of 2"),
        (of_standbys(waited_for="first 2 (a, b)", following=2, synchronous=2), OK, "on 3 servers"),
        (of_standbys(waited_for="2(a, b)", following=1, untold=1), FAILURE, "1 of 2"),
        (of_standbys(waited_for="standby_2, standby_1"), OK, "on 2 servers"),
    ],
)
def test_what_a_commit_waits_for_is_said(finding: Finding, status: Status, words: str) -> None:
    refuse(finding, status, words)


async def test_a_synchronous_standby_that_is_away_is_seen(
    own_postgres: PostgresServer, own_database: str
) -> None:
    with run_standby(own_postgres) as second:
        hosts = both(own_postgres, second)
        refuse((await look_at(hosts, *GROUPS)).of("database.standby"), WARNING, "2 hosts")
        await wait_for_standby(own_postgres)
        assert (await look_at(hosts, *GROUPS)).of("database.standby").status is OK
        async with own_role(own_database) as (_, url):
            untold = await look_at(url, *GROUPS)
        refuse(untold.of("database.standby"), SKIPPED, "pg_read_all_stats")
    seen = await look_at(own_database, *GROUPS)
    refuse(seen.of("database.standby"), FAILURE, "commits wait")
