"""Postgres as a primary and its synchronous standby: whichever is killed, nothing is lost."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from local.postgres import get_server
from local.processes import (
    POLL_SECONDS,
    START_SECONDS,
    Child,
    LocalSystemError,
    start_child,
    stop_child,
    wait_until,
)

NAMES = ("postgres-1", "postgres-2")
FIRST_PORT = 5432  # of a Unix socket: it is part of a file's name
SETTINGS = """
# Whoever is the primary waits for the other, from the first commit on.
synchronous_standby_names = 'standby'
# For a standby that was away, and for the old primary's way back.
wal_keep_size = '256MB'
"""


class PairedServer:
    """One of the two, by turns the primary and its standby."""

    def __init__(self, name: str, port: int, folder: Path, sockets: Path) -> None:
        self.name = name
        self.port = port
        self._data = folder / name
        self._sockets = sockets
        self._log_folder = folder / "log"
        self._embedded = get_server(self._data, cleanup_mode=None, start=False)
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """Its process. Raises LocalSystemError where it was never started."""
        if self._child is None:
            raise LocalSystemError(f"{self.name} was not started")
        return self._child

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._child is not None and self._child.process.poll() is None

    @property
    def has_data(self) -> bool:
        """Whether it was ever made."""
        return (self._data / "PG_VERSION").exists()

    @property
    def follows(self) -> bool:
        """Whether it is the standby."""
        return (self._data / "standby.signal").exists()

    @property
    def address(self) -> str:
        """Where it is, as libpq reads it."""
        return f"user=postgres dbname=postgres host={self._sockets} port={self.port}"

    def program(self, name: str) -> Path:
        """One of the programs that came with it."""
        return Path(self._embedded.bin_path) / name

    def make(self) -> None:
        """Make it as a primary, where it is not there; a copy has its settings."""
        is_new = not self.has_data
        self._embedded.ensure_pgdata_inited()
        if is_new:
            with (self._data / "postgresql.conf").open("a") as file:
                file.write(SETTINGS)

    def copy(self, primary: PairedServer) -> None:
        """Make it as a standby. Raises LocalSystemError where that fails."""
        self._data.chmod(0o700)
        self.give(self._data)
        options = ("--wal-method", "stream", "--checkpoint", "fast", "--write-recovery-conf")
        self._call("pg_basebackup", "--pgdata", self._data, "--dbname", primary.address, *options)

    def rewind(self, primary: PairedServer) -> None:
        """Make a standby of what was the primary: what it alone has written, nobody was told of.

        Raises LocalSystemError where that fails for as long as a start may take: processes of its
        own may outlive the one that was killed by a moment, and it begins when they are gone.
        """
        deadline = time.monotonic() + START_SECONDS
        source = ("--source-server", primary.address, "--write-recovery-conf")
        while True:
            try:
                self._call("pg_rewind", "--target-pgdata", self._data, *source)
            except LocalSystemError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
            else:
                return

    def start(self, other: PairedServer) -> None:
        """Start it, and return when it answers. Raises LocalSystemError where it does not."""
        command = [
            *(str(self.program("postgres")), "-D", str(self._data)),
            *("-h", "", "-k", str(self._sockets), "-p", str(self.port)),
            *("-c", f"primary_conninfo={other.address} application_name=standby"),
        ]
        user = self._embedded.system_user
        self._child = start_child(self.name, command, {}, self._log_folder, user)
        wait_until(self._is_ready, self._child)

    def promote(self) -> None:
        """Make a primary of the standby. Raises LocalSystemError where that fails."""
        self._call("pg_ctl", "promote", "-D", self._data)

    def stop(self) -> None:
        """End it, and the connections that are left."""
        if self._child is not None:
            stop_child(self._child, signal.SIGINT)

    def give(self, path: Path) -> None:
        """Let a folder be its own: as root it runs under a user of its own."""
        if self._embedded.system_user:
            shutil.chown(path, self._embedded.system_user)

    def _is_ready(self) -> bool:
        with suppress(OSError):
            words = (self._data / "postmaster.pid").read_text().split()
            return words[0] == str(self.child.process.pid) and words[-1] == "ready"
        return False

    def _call(self, program: str, *arguments: str | Path) -> None:
        """Call one of its programs. Raises LocalSystemError, which has what it says."""
        done = subprocess.run(
            [self.program(program), *arguments],
            user=self._embedded.system_user,
            cwd="/",  # where it may be
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise LocalSystemError(f"{program} for {self.name} fails:\n{done.stderr.strip()}")


class PostgresPair:
    """Both. Which of them is the primary is written down before it becomes one."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self._primary = folder / "postgres-primary"
        self.servers: Sequence[PairedServer] = [
            PairedServer(name, FIRST_PORT + number, folder, sockets)
            for number, name in enumerate(NAMES)
        ]
        self._first, self._second = self.servers
        self._first.give(sockets)
        self._sockets = sockets

    @property
    def url(self) -> str:
        """The address of whichever takes writes."""
        places = {
            "host": f"{self._sockets},{self._sockets}",
            "port": f"{self._first.port},{self._second.port}",
            "target_session_attrs": "read-write",
        }
        return f"postgresql://postgres@/postgres?{urlencode(places, safe='/,')}"

    @property
    def psql(self) -> Path:
        """The psql that came with the servers."""
        return self._first.program("psql")

    def start(self) -> None:
        """Start both, as they were when they were stopped. Raises LocalSystemError."""
        is_second = self._primary.exists() and self._primary.read_text() == self._second.name
        primary = self._second if is_second else self._first
        standby = self._other(primary)
        primary.make()
        primary.start(standby)
        if primary.follows:  # the last run was ended amidst a failover
            primary.promote()
        if not standby.has_data:
            standby.copy(primary)
        elif not standby.follows:
            standby.rewind(primary)
        standby.start(primary)

    def bring_back(self, server: PairedServer) -> Child:
        """Start one that has ended; of the primary, the other takes the place, and it follows.

        Raises LocalSystemError where that fails.
        """
        other = self._other(server)
        if other.runs and not server.follows:
            print(f"{other.name} becomes the primary", flush=True)
            self._primary.write_text(other.name)
            other.promote()
            server.rewind(other)
        server.start(other)
        return server.child

    def stop(self) -> None:
        """End both, the primary first: the standby gets the last that it writes."""
        for server in sorted(self.servers, key=lambda server: server.follows):
            server.stop()

    def _other(self, server: PairedServer) -> PairedServer:
        return self._second if server is self._first else self._first


@contextmanager
def run_pair(folder: Path) -> Iterator[PostgresPair]:
    """Both, for as long as the block runs; their data stays."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ct-") as sockets:  # a socket's path must be short
        pair = PostgresPair(folder, Path(sockets))
        try:
            pair.start()
            yield pair
        finally:
            pair.stop()
