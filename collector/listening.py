"""The sockets that the collector listens on."""

from __future__ import annotations

import socket

BACKLOG = 1024


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """One listening socket for each address of a host. Raises OSError where one is taken."""
    sockets: list[socket.socket] = []
    try:
        for family, *_, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            sockets.append(socket.create_server(address[:2], family=family, backlog=BACKLOG))
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def url_of(listener: socket.socket) -> str:
    """Where a socket listens, for a log line."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
