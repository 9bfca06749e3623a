"""A Postgres that a test has hurt is gone with that test, however the test left it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from local.postgres import PostgresServer, database_url, pg_ctl
from tests.faults.postgres_faults import DISK_BYTES, kill_9, restart_with_file_size
from tests.own_postgres import MIGRATED, kill, processes, run_copy, send
from tests.support import fetch


def stop(server: PostgresServer) -> None:
    """As a test that fails before it starts it again."""
    pg_ctl(server, "-m", "fast", "stop")


def hang(server: PostgresServer) -> None:
    """As a test that is cut off while it hangs."""
    send(server, signal.SIGSTOP)


def fill_the_disk(server: PostgresServer) -> None:
    """Its files cannot grow."""
    restart_with_file_size(server, DISK_BYTES)


def leave_hurt(cluster: Path, hurt: Callable[[PostgresServer], None]) -> PostgresServer:
    """What becomes of a server whose test fails after it has hurt it."""
    with suppress(AssertionError), run_copy(cluster) as server:
        hurt(server)
        raise AssertionError
    return server


@pytest.mark.parametrize("hurt", [stop, hang, kill, kill_9, fill_the_disk])
async def test_whatever_a_test_leaves_is_ended_and_the_next_has_a_good_one(
    cluster: Path, hurt: Callable[[PostgresServer], None]
) -> None:
    server = leave_hurt(cluster, hurt)
    assert processes(server) == set()
    assert not server.pgdata.exists()
    with run_copy(cluster) as server:
        url = database_url(server, MIGRATED)
        assert await fetch(url, "SELECT 1 AS one FROM schema_migrations LIMIT 1") == [{"one": 1}]
