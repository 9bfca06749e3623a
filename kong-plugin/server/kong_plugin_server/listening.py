"""Opening the sockets that the server listens on."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

# Kong opens a connection for each request that runs at a time; those of a restart wait here.
LISTEN_BACKLOG = 4096


def open_unix_socket(path: Path, mode: int) -> socket.socket:
    """Listen on `path`, taking it over from a server that is there already.

    The socket gets its permissions under another name and is then renamed, so that at no
    moment there is no server at `path`. Raises OSError that says what is wrong.
    """
    refuse_other_files(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        temporary.unlink(missing_ok=True)
        listening.bind(str(temporary))
        temporary.chmod(mode)
        listening.listen(LISTEN_BACKLOG)
        temporary.rename(path)
    except OSError as problem:
        listening.close()
        raise OSError(f"cannot listen on {path}: {problem.strerror or problem}") from problem
    return listening


def open_metrics_socket(address: str, mode: int) -> socket.socket:
    """Listen on `unix:PATH` or `HOST:PORT`. Raises OSError."""
    if address.startswith("unix:"):
        return open_unix_socket(Path(address.removeprefix("unix:")), mode)
    host, _, port = address.rpartition(":")
    try:
        return socket.create_server((host, int(port)))
    except (OSError, ValueError) as problem:
        raise OSError(f"cannot listen on {address}: {problem}") from problem


def refuse_other_files(path: Path) -> None:
    """Raises OSError where `path` cannot be a socket's."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(f"cannot listen on {path}: there is a file that is no socket; remove it")
    if not path.parent.is_dir():
        raise OSError(f"cannot listen on {path}: the directory does not exist; create it")


def remove_socket(path: Path, own_inode: int) -> None:
    """Remove the socket, unless another server has taken the path over."""
    if path.exists() and path.stat().st_ino == own_inode:
        path.unlink()
