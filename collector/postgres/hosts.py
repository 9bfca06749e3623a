"""A Postgres of several servers, of which one takes writes: a primary and its standbys.

asyncpg tries the hosts of a URL one after the other, but waits for the first that does not
answer for as long as it may wait at all. So one whose machine is gone would hide the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# With which the next host is tried: none answers there, or one that is no primary.
NEXT = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)


class Hosts:
    """The servers of a URL, in the order in which they are tried: the last good one first."""

    def __init__(self) -> None:
        self._order: list[str] = []

    async def connect(
        self,
        url: str,
        *,
        timeout: float,  # noqa: ASYNC109  # the name that asyncpg.create_pool gives it
        **options: Any,
    ) -> Connection:
        """A connection to the first of the hosts that takes writes, unless the URL wants another.

        `timeout` is in seconds, and shared out between the hosts. Raises what asyncpg.connect
        raises for the last of them, and ConnectionError where that one takes no writes.
        """
        if not self._order:
            self._order = list(urls_of(url))
        if len(self._order) == 1:
            return await asyncpg.connect(url, timeout=timeout, **options)
        share = timeout / len(self._order)
        *first, last = self._order
        for one in first:
            with suppress(*NEXT):
                return await self._connect(one, timeout=share, **options)
        try:
            return await self._connect(last, timeout=share, **options)
        except asyncpg.TargetServerAttributeNotMatched as error:
            raise ConnectionError("no server of the URL takes writes now") from error

    async def _connect(self, one: str, **options: Any) -> Connection:
        """A connection to one of them; where there is none, the others are tried before it."""
        try:
            return await asyncpg.connect(one, **options)
        except BaseException:  # also that nobody waits any more
            self._put_last(one)
            raise

    def _put_last(self, one: str) -> None:
        """Try the others before it."""
        self._order.remove(one)
        self._order.append(one)


def urls_of(url: str) -> Sequence[str]:
    """The URL for each host of it by itself; the URL as it is where it has one."""
    address = urlsplit(url)
    login, at, hosts = address.netloc.rpartition("@")
    options = {name: values[-1] for name, values in parse_qs(address.query).items()}
    ports = options.get("port", "").split(",")
    named: list[tuple[str, dict[str, str]]] = [(host, {}) for host in hosts.split(",")]
    if not hosts:
        named = [
            ("", {"host": host, "port": ports[min(number, len(ports) - 1)]})
            for number, host in enumerate(options.get("host", "").split(","))
        ]
    if len(named) == 1:
        return [url]
    wanted = {"target_session_attrs": "read-write", **options}
    return [
        urlunsplit(
            address._replace(
                netloc=f"{login}{at}{host}",
                query=urlencode({k: v for k, v in (wanted | own).items() if v}),
            )
        )
        for host, own in named
    ]
