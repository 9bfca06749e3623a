"""A real PgBouncer in transaction mode, before a Postgres that a test may stop."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.postgres import PostgresServer
from local.processes import (
    Child,
    accepts_connections,
    free_port,
    start_child,
    stop_child,
    wait_until,
)

# Debian has it where only an administrator's shell looks.
PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
# Few sessions, so that clients get one another's.
SETTINGS = """
[databases]
* = host={sockets} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
"""


class PgBouncer:
    """A pooler that may be stopped and started again on the same port."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self._port = free_port()
        self._folder = folder
        self._user = server.system_user
        self._child: Child | None = None
        sockets = server.get_postmaster_info().socket_dir
        self._settings = folder / "pgbouncer.ini"
        self._settings.write_text(SETTINGS.format(sockets=sockets, port=self._port))
        folder.chmod(0o755)

    def url(self, database: str) -> str:
        """The address of a database behind it."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start it, and return when it listens. As root it takes the user of Postgres."""
        as_user = ["--user", self._user] if self._user else []
        command = [str(PROGRAM), *as_user, str(self._settings)]
        self._child = start_child("pgbouncer", command, {}, self._folder)
        wait_until(lambda: accepts_connections(self._port), self._child)

    def stop(self) -> None:
        """Stop it: what runs behind it is cut off."""
        if self._child is not None:
            stop_child(self._child)


@contextmanager
def run_pgbouncer(server: PostgresServer) -> Iterator[PgBouncer]:
    """A PgBouncer, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="ct-") as folder:
        bouncer = PgBouncer(Path(folder), server)
        try:
            bouncer.start()
            yield bouncer
        finally:
            bouncer.stop()
