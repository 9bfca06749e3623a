"""The database: that it answers, what it is, and whether the schema is whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from collector.doctor.check import Check, Group
from collector.doctor.deployment import CANNOT_CONNECT, Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.standby import check_standby
from collector.postgres.migrate import load_migrations
from collector.settings import Settings
from collector.sql import migration_files

OLDEST_VERSION = 150_000  # views with security_invoker
OLDEST_VERSION_TEXT = "15"
MOST_SHARE = 0.8
MIGRATE = "conversion-tracking migrate"


async def check_answer(deployment: Deployment) -> Finding:
    """A connection."""
    try:
        await deployment.reach_database()
    except CANNOT_CONNECT as error:
        reason = str(error) or type(error).__name__
        return failure(
            f"{place_of(deployment)}: {reason}",
            "a connection",
            "start Postgres; compare CT_DATABASE_URL with its host, port, user and password",
        )
    return ok(f"{place_of(deployment)} answers")


def place_of(deployment: Deployment) -> str:
    """Host and database, without user and password."""
    address = urlsplit(deployment.options.database or "")
    return f"{address.netloc.rpartition('@')[2] or 'the local socket'}{address.path}"


async def check_version(deployment: Deployment) -> Finding:
    """A version that the SQL needs; and no replica, which can store nothing."""
    [server] = await deployment.fetch("doctor_server")
    return judge_server(server)


def judge_server(server: Mapping[str, Any]) -> Finding:
    """Whether a server can be written to by this version's SQL."""
    seen = f"Postgres {server['version_text']}"
    if server["version"] < OLDEST_VERSION:
        expected = f"Postgres {OLDEST_VERSION_TEXT} or newer"
        return failure(seen, expected, "dump, and restore into a newer one")
    if server["is_replica"]:
        return failure(
            f"{seen}, a replica that only reads",
            "the primary, which stores events",
            "set CT_DATABASE_URL to the primary; reports may read a replica: "
            "CT_REPORTS_DATABASE_URL",
        )
    return ok(seen)


async def check_durability(deployment: Deployment) -> Finding:
    """A commit survives a power cut: a 200 is a promise."""
    [settings] = await deployment.fetch("server_settings")
    off = [name for name, value in dict(settings).items() if value != "on"]
    if off:
        return failure(
            f"{', '.join(off)} is off",
            "on: else a power cut may lose events that were answered with 200",
            f"ALTER SYSTEM SET {off[0]} = on; SELECT pg_reload_conf();",
        )
    return ok("fsync and full_page_writes are on")


async def check_migrations(deployment: Deployment) -> Finding:
    """All that this version knows, unchanged, and no other."""
    known = {m.version: m for m in load_migrations(migration_files())}
    try:
        rows = await deployment.ask_database("list_migrations")
    except asyncpg.UndefinedTableError:
        return failure("none was applied", f"all {len(known)}", MIGRATE)
    except asyncpg.InsufficientPrivilegeError:
        return warning(
            "this role may not read schema_migrations, nor can GET /readyz say what is missing",
            f"all {len(known)}",
            "GRANT SELECT ON schema_migrations TO the collector's role",
        )
    applied = {row["version"]: row["checksum"] for row in rows}
    changed = [
        known[v].name for v, sum_ in applied.items() if v in known and known[v].checksum != sum_
    ]
    if missing := [m.name for v, m in known.items() if v not in applied]:
        return failure(f"missing: {', '.join(missing)}", f"all {len(known)}", MIGRATE)
    if changed:
        return failure(
            f"applied with another text: {', '.join(changed)}",
            "the files of this version",
            "restore the files; put the change into a new migration",
        )
    if newer := sorted(applied.keys() - known.keys()):
        return warning(
            f"the database has migration {newer[-1]}, which this version does not know",
            f"{max(known)} at most",
            "upgrade collectors and this command (docs/upgrading.md#the-order)",
        )
    return ok(f"all {len(known)} are applied, the last is {known[max(known)].name}")


async def check_rights(deployment: Deployment) -> Finding:
    """What the collector's role may do with the tables. Raises Skipped."""
    settings = deployment.options.settings
    unused = unused_rights(settings)
    found = await deployment.fetch("doctor_rights")
    rows = [row for row in found if row["what_for"] not in unused]
    lacking = [f"{row['missing']} on {row['table_name']}" for row in rows]
    if not lacking:
        return ok("the role has the rights of a collector")
    mend = f"GRANT {lacking[0].replace(' on ', ' ON ')} TO the collector's role; the same for each"
    expected = "the rights of docs/production.md#postgres"
    if settings is None or settings.database_url != deployment.options.database:
        raise Skipped(f"this role is perhaps not the collector's: it lacks {', '.join(lacking)}")
    if all(row["what_for"] == "facts" for row in rows):
        return warning(f"lacks {', '.join(lacking)}: reports fall behind", expected, mend)
    return failure(f"lacks {', '.join(lacking)}", expected, mend)


def unused_rights(settings: Settings | None) -> set[str]:
    """What the settings do not ask for, and what no collector needs (destinations.rights)."""
    asked = {
        "retention": settings and settings.has_retention,
        "cookieless": settings and settings.cookieless,
    }
    return {"deliver"} | {what_for for what_for, is_asked in asked.items() if not is_asked}


async def check_indexes(deployment: Deployment) -> Finding:
    """None that was left half built."""
    rows = await deployment.fetch("doctor_indexes")
    if not rows:
        return ok("all indexes are valid")
    names = [f"{row['index_name']} of {row['table_name']}" for row in rows]
    mend = f"REINDEX INDEX CONCURRENTLY {rows[0]['index_name']};"
    return failure(f"invalid: {', '.join(names)}", "valid indexes", mend)


async def check_connections(deployment: Deployment) -> Finding:
    """Room for the connections of a collector and a dashboard more than there are."""
    [server] = await deployment.fetch("doctor_server")
    used, most = server["connections"], server["max_connections"]
    settings = deployment.options.settings
    pools = settings.database_pool_size + settings.reports_pool_size if settings else 0
    seen = f"{used} of {most} connections are in use"
    mend = "raise max_connections, lower CT_DATABASE_POOL_SIZE, or put PgBouncer before Postgres"
    if pools > most:
        return failure(f"{seen}; one collector and dashboard may take {pools}", "fewer", mend)
    if used > most * MOST_SHARE:
        return warning(seen, f"{MOST_SHARE:.0%} at most", mend)
    return ok(f"{seen}; a collector and a dashboard take {pools} at most" if pools else seen)


GROUP = Group(
    "Database",
    (
        Check("database.answers", check_answer),
        Check("database.version", check_version),
        Check("database.durability", check_durability),
        Check("database.standby", check_standby),
        Check("database.migrations", check_migrations),
        Check("database.rights", check_rights),
        Check("database.indexes", check_indexes),
        Check("database.connections", check_connections),
    ),
)
