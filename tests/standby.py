"""A second Postgres that has each commit before it is answered: a synchronous standby."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from local.postgres import PostgresServer, database_url, pg_ctl, pgexec
from tests.own_postgres import MIGRATED, run_on
from tests.support import execute, fetch
from tests.waiting import until

NAME = "standby"


@contextmanager
def run_standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A standby of this server, as pg_basebackup makes one, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        data = Path(folder) / "standby"
        if primary.system_user:
            Path(folder).chmod(0o777)  # as root, Postgres runs under a user of its own
        pgexec(
            "pg_basebackup",
            (
                *("--pgdata", str(data), "--wal-method", "stream", "--checkpoint", "fast"),
                # So that it follows, under this name.
                *("--write-recovery-conf", "--dbname", f"{of(primary)} application_name={NAME}"),
            ),
            bin_path=primary.bin_path,
            user=primary.system_user,
        )
        for lock in data.glob(".s.PGSQL.*.lock"):  # of the primary, whose folder has its socket
            lock.unlink()
        with run_on(data) as server:
            yield server


def of(server: PostgresServer) -> str:
    """Where a server is, as libpq reads it."""
    return f"user=postgres host={server.get_postmaster_info().socket_dir}"


def both(*servers: PostgresServer) -> str:
    """The address of the migrated database, on whichever of the servers takes writes."""
    hosts = ",".join(str(server.get_postmaster_info().socket_dir) for server in servers)
    options = urlencode({"host": hosts, "target_session_attrs": "read-write"})
    return f"postgresql://postgres@/{MIGRATED}?{options}"


async def wait_for_standby(primary: PostgresServer) -> None:
    """Make commits wait for the standby, and return when they do."""
    url = database_url(primary)
    await execute(url, f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
    await execute(url, "SELECT pg_reload_conf()")
    await until(lambda: is_synchronous(url))


async def is_synchronous(url: str) -> bool:
    """Whether the standby is in step, and waited for."""
    rows = await fetch(url, "SELECT sync_state FROM pg_stat_replication")
    return [row["sync_state"] for row in rows] == ["sync"]


def promote(standby: PostgresServer) -> None:
    """Make it a primary, and return when it is one."""
    pg_ctl(standby, "promote")
