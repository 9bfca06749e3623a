"""What systemd hands over and wants to be told; any parent can do as it does.

Only environment variables and one datagram: sd_listen_fds(3), sd_notify(3). A socket that
somebody else holds outlives this server, also by kill -9: connections wait in its backlog.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import MutableMapping
from pathlib import Path

from kong_plugin_server.listening import Listener, naming, reason_of

logger = logging.getLogger(__name__)

FIRST_DESCRIPTOR = 3
Environment = MutableMapping[str, str]


def take_handed_over(path: Path, environment: Environment) -> Listener | None:
    """The listening socket of `path` that this process was started with; None without one.

    The variables are taken out of the environment: they are not for child processes. Raises
    OSError where what was handed over is not one listening Unix socket with this path.
    """
    pid, count, _ = (environment.pop(f"LISTEN_{n}", "") for n in ("PID", "FDS", "FDNAMES"))
    if pid != str(os.getpid()) or count in ("", "0"):
        return None
    with naming(f"cannot listen on {path}"):
        return Listener(read_handed_over(path, count), f"{path}, which was handed over")


def read_handed_over(path: Path, count: str) -> socket.socket:
    """The one socket that was handed over. Raises OSError for another than that of `path`."""
    if count != "1":
        raise OSError(f"LISTEN_FDS hands {count} descriptors over, and one is expected")
    try:
        listening = socket.socket(fileno=FIRST_DESCRIPTOR)
        is_stream = (listening.family, listening.type) == (socket.AF_UNIX, socket.SOCK_STREAM)
        listens = listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as problem:
        raise OSError(f"what LISTEN_FDS hands over is no socket: {problem}") from problem
    if not (is_stream and listens):
        raise OSError("what LISTEN_FDS hands over is no Unix socket that listens")
    name = listening.getsockname()
    if not isinstance(name, str) or Path(name).resolve() != path.resolve():
        raise OSError(f"the socket that LISTEN_FDS hands over listens on {name}")
    listening.set_inheritable(False)
    return listening


def announce_ready(environment: Environment) -> None:
    """Say that this server serves, where somebody waits for it (Type=notify)."""
    address = environment.pop("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        try:
            told.sendto(b"READY=1", address.replace("@", "\0", 1) if address[0] == "@" else address)
        except OSError as problem:
            logger.warning("cannot tell %s of the start: %s", address, reason_of(problem))
