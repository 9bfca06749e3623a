"""Opening the sockets that the server listens on."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

# Kong opens a connection for each request that runs at a time; those of a restart wait here.
LISTEN_BACKLOG = 4096

LONGEST_PATH = 107  # bytes, of a Unix socket (unix(7)); a file could have a longer one

PROBE_SECONDS = 1.0


class Listener:
    """A socket that listens; a Unix socket of ours is a file as well."""

    def __init__(
        self,
        listening: socket.socket,
        name: str,
        path: Path | None = None,
        file: Path | None = None,
    ) -> None:
        self.socket = listening
        self.name = name
        self._path = path
        self._file = file
        self._inode = file.stat().st_ino if file else 0

    @property
    def has_file(self) -> bool:
        """Whether it is a Unix socket of this server's own."""
        return self._file is not None

    def publish(self) -> None:
        """Let it be found at its path, in place of whatever server is there: in one step.

        Raises OSError that says what is wrong.
        """
        if self._path is None or self._file is None or self._file == self._path:
            return
        with naming(f"cannot listen on {self.name}"):
            self._file.rename(self._path)
        self._file = self._path

    def is_taken(self) -> bool:
        """Whether another server takes connections at the path."""
        return self._path is not None and is_served(self._path)

    def remove(self) -> None:
        """Remove the file, unless another server has taken the path over.

        A file that is left behind does no harm, so what hinders it is only logged.
        """
        if self._file is None:
            return
        try:
            if self._file.exists() and self._file.stat().st_ino == self._inode:
                self._file.unlink()
        except OSError as problem:
            logger.warning("cannot remove %s: %s", self._file, reason_of(problem))
        self._file = None

    def close(self) -> None:
        """Listen no more. The file first: while the socket is open, its inode is no other's."""
        self.remove()
        self.socket.close()


def open_unix_socket(path: Path, mode: int) -> Listener:
    """Listen on a Unix socket that is not yet found at `path`: `publish` takes that over.

    It gets its permissions under another name and is then renamed, so that at no moment there
    is no server at `path`. Raises OSError that says what is wrong.
    """
    temporary = path.with_name(f".new-{secrets.token_hex(3)}")
    with naming(f"cannot listen on {path}"):
        refuse_other_files(path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(temporary))
            temporary.chmod(mode)
            listening.listen(LISTEN_BACKLOG)
            return Listener(listening, str(path), path, temporary)
        except OSError:
            listening.close()
            temporary.unlink(missing_ok=True)
            raise


def open_metrics_socket(address: str, mode: int) -> Listener:
    """Listen on `unix:PATH` or `HOST:PORT`. Raises OSError that says what is wrong."""
    if address.startswith("unix:"):
        return open_unix_socket(Path(address.removeprefix("unix:")), mode)
    host, _, port = address.rpartition(":")
    try:
        return Listener(socket.create_server((host, int(port))), address)
    except (OSError, ValueError) as problem:
        raise OSError(f"cannot listen on {address}: {problem}") from problem


def refuse_other_files(path: Path) -> None:
    """Raises OSError where `path` cannot be a socket's."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise OSError("there is a file that is no socket; remove it")
    if not path.parent.is_dir():
        raise OSError("the directory does not exist; create it")
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise OSError(f"a Unix socket's path has at most {LONGEST_PATH} bytes")


def is_served(path: Path) -> bool:
    """Whether somebody takes connections at `path`; it gets one that is closed at once."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except BlockingIOError:  # its backlog is full
            return True
        except TimeoutError:
            return True
        except OSError:  # no file, or one that was left behind
            return False
    return True


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Raises OSError that begins with `what`, in place of any that is raised inside."""
    try:
        yield
    except OSError as problem:
        raise OSError(f"{what}: {reason_of(problem)}") from problem


def reason_of(problem: OSError) -> str:
    """What the system says, without the path that it may or may not name."""
    return problem.strerror or str(problem)
