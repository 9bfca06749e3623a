"""A connection to the servers of the queue, which comes back by itself."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
from nats.aio.client import Client

from collector.background import run_in_background
from collector.complaints import Complaints

logger = logging.getLogger(__name__)

# All that the client raises where the servers, or the way to them, are at fault.
FAILURES = (nats.errors.Error, OSError, TimeoutError)

CONNECT_SECONDS = 2
RECONNECT_SECONDS = 0.2
CLOSE_SECONDS = 2.0
# A server that hangs is left after two of them.
PING_SECONDS = 5


def describe(error: BaseException) -> str:
    """An error in words; those of the client hold no part of an event."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


@asynccontextmanager
async def keep_connected(urls: str, name: str) -> AsyncIterator[Client]:
    """A connection that is made in the background, and again whenever it is lost.

    So a collector starts while the servers are away, and finds them when they are back.
    `urls` are separated by commas; `name` is what the servers show.
    """
    client = Client()
    complaints = Complaints("the queue's connection", time.monotonic)

    async def complain(error: Exception) -> None:
        complaints.say(type(error).__name__, f"failed: {describe(error)}")
        close_abandoned(client)

    async def note_lost() -> None:
        logger.warning("the connection to the queue is lost")

    async def note_back() -> None:
        logger.info("the connection to the queue is back")

    connecting = client.connect(
        **shared_options(urls, name),
        error_cb=complain,
        disconnected_cb=note_lost,
        reconnected_cb=note_back,
        max_reconnect_attempts=-1,
        ping_interval=PING_SECONDS,
    )
    async with run_in_background(connecting):
        try:
            yield client
        finally:
            await close(client)


@asynccontextmanager
async def connect_once(urls: str, name: str) -> AsyncIterator[Client]:
    """A connection for a command. Raises one of FAILURES where there is none."""
    client = Client()
    refused: list[Exception] = []

    async def note(error: Exception) -> None:
        refused.append(error)
        close_abandoned(client)

    try:
        async with asyncio.timeout(CONNECT_SECONDS * (urls.count(",") + 2)):
            await client.connect(
                **shared_options(urls, name), error_cb=note, max_reconnect_attempts=1
            )
        yield client
    except nats.errors.NoServersError:
        raise refused[-1] if refused else nats.errors.NoServersError from None
    finally:
        await close(client)


def shared_options(urls: str, name: str) -> dict[str, Any]:
    """The client's options for any connection of ours."""
    return {
        "servers": urls.split(","),
        "name": name,
        "connect_timeout": CONNECT_SECONDS,
        "reconnect_time_wait": RECONNECT_SECONDS,
    }


def close_abandoned(client: Client) -> None:
    """Close what a try to connect left open.

    The client (nats-py 2.16) forgets a connection that a server took and then refused, such as
    one that does not know the accounts yet, and leaves it to the garbage collector.
    """
    transport = client._transport  # there is no other way to it
    if transport is not None and not client.is_connected:
        transport.close()  # type: ignore[no-untyped-call]


async def close(client: Client) -> None:
    """Close it, whatever state it is in; what it has to say yet is sent."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await client.close()
    except FAILURES as error:
        logger.warning("the connection to the queue is not closed in good order: %s", error)
