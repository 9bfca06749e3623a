"""Names to addresses, with the --resolve entries in front of DNS."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass


class UnresolvedNameError(Exception):
    """DNS does not know the name."""


@dataclass(frozen=True)
class Address:
    """An IP address (or a name from --resolve) and a port to connect to."""

    host: str
    port: int


class Resolver:
    """Resolves a host and port; an override answers for exactly its host and port."""

    def __init__(self, overrides: Mapping[Address, Address]) -> None:
        self._overrides = overrides

    async def resolve(self, host: str, port: int) -> Address:
        """Give the address to connect to. Raises UnresolvedNameError."""
        wanted = self._overrides.get(Address(host, port), Address(host, port))
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(wanted.host, wanted.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnresolvedNameError(f"cannot resolve {wanted.host}") from error
        return Address(str(found[0][4][0]), wanted.port)


def parse_overrides(entries: list[str]) -> dict[Address, Address]:
    """Parse ``HOST:PORT=HOST:PORT`` entries. Raises ValueError that shows the bad one."""
    overrides = {}
    for entry in entries:
        name, mark, address = entry.partition("=")
        if not mark:
            raise ValueError(f"--resolve {entry}: expected HOST:PORT=HOST:PORT")
        overrides[_parse_address(name, entry)] = _parse_address(address, entry)
    return overrides


def _parse_address(text: str, entry: str) -> Address:
    host, mark, port = text.rpartition(":")
    if not (mark and host and port.isdecimal()):
        raise ValueError(f"--resolve {entry}: expected HOST:PORT=HOST:PORT")
    return Address(host.strip("[]"), int(port))
