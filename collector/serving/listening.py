"""The sockets that the collector listens on."""

from __future__ import annotations

import socket

from collector.errors import OperatorError

BACKLOG = 1024


class ListenError(OperatorError):
    """The collector cannot listen where it should. The message says where, why, what to do."""


def open_sockets(
    host: str, port: int, settings: str = "CT_HOST and CT_PORT"
) -> list[socket.socket]:
    """One socket for each address of a host, bound but not listening yet.

    So the port is ours, and nobody is let in before the collector can answer. `settings`: the
    names of those that say where. Raises ListenError where an address is taken, or is none of
    this machine.
    """
    try:
        return bind_all(host, port)
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror}; set {settings} to a free address"
        ) from error


def bind_all(host: str, port: int) -> list[socket.socket]:
    """The same. Raises OSError, and leaves no socket open then."""
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            opened = socket.socket(family, kind, protocol)
            sockets.append(opened)
            # A port whose last connections still wait to be forgotten can be used again.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.bind(address)
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def url_of(listener: socket.socket) -> str:
    """Where a socket listens, for a log line."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
