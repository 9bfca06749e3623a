"""The command `queue`: the streams are made, and the servers looked at."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from nats.js import JetStreamContext

from collector.queue.connection import FAILURES, connect_once, describe
from collector.queue.errors import QueueError
from collector.queue.lanes import LANES
from collector.queue.servers import ServerSync, ask_servers
from collector.queue.streams import StreamLimits, make_streams, stream_limits
from collector.settings import Settings

NAME = "conversion-tracking queue"
SAFE_REPLICAS = 3
# An election takes up to nine seconds.
REQUEST_SECONDS = 5.0
TRIES = 4

Say = Callable[[str], None]


def add_queue(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `queue`."""
    command.set_defaults(run=lambda _options: run_queue(read_settings()))


def run_queue(settings: Settings) -> None:
    """`queue`. Raises QueueError."""
    asyncio.run(prepare_queue(settings, lambda line: print(line, flush=True)))


async def prepare_queue(settings: Settings, say: Say) -> None:
    """Look at the servers, then make the streams or bring them to the settings.

    Raises QueueError where the servers cannot be reached, do not sync what they acknowledge, or
    cannot keep as many copies as the settings want.
    """
    if settings.queue_url is None:
        raise QueueError("CT_QUEUE_URL is not set: there is no queue, and events go to Postgres")
    await check_sync(settings, say)
    limits = stream_limits(settings)
    try:
        async with connect_once(settings.queue_url, NAME) as client:
            await make_patiently(client.jetstream(timeout=REQUEST_SECONDS), limits)
    except FAILURES as error:
        raise QueueError(
            f"the queue at CT_QUEUE_URL cannot be used: {describe(error)}. Do the servers run, "
            "with JetStream, and is a majority of them up?"
        ) from error
    say_streams(limits, say)


async def make_patiently(jetstream: JetStreamContext, limits: StreamLimits) -> None:
    """Make the streams, also of servers that elect a leader yet, and answer nothing meanwhile.

    Raises as make_streams does.
    """
    for _ in range(TRIES - 1):
        with suppress(TimeoutError):
            return await make_streams(jetstream, limits)
    return await make_streams(jetstream, limits)


def say_streams(limits: StreamLimits, say: Say) -> None:
    """What is there now."""
    names = " and ".join(lane.stream for lane in LANES)
    say(f"{names} are there, on {limits.replicas} servers, of {limits.max_bytes} bytes at most")
    if limits.replicas < SAFE_REPLICAS:
        say(
            f"warning: {limits.replicas} copies of an event (CT_QUEUE_REPLICAS): what is answered "
            "202 is lost with a server's disk; production has 3"
        )


async def check_sync(settings: Settings, say: Say) -> None:
    """Raises QueueError where a server syncs lazily and the settings do not accept that."""
    if settings.queue_system_url is None:
        say(
            "not checked: whether the servers sync what they acknowledge (sync_interval: always), "
            "since CT_QUEUE_SYSTEM_URL is not set"
        )
        return
    try:
        async with connect_once(settings.queue_system_url, NAME) as client:
            servers = await ask_servers(client)
    except FAILURES as error:
        raise QueueError(
            f"the queue at CT_QUEUE_SYSTEM_URL cannot be asked: {describe(error)}"
        ) from error
    judge(servers, settings.queue_lazy_sync == "accept", say)


def judge(servers: Sequence[ServerSync], accept_lazy: bool, say: Say) -> None:
    """What the answers mean. Raises QueueError for lazy servers, where these are not accepted."""
    if not servers:
        raise QueueError(
            "no server answers at CT_QUEUE_SYSTEM_URL: is its user one of the system account?"
        )
    missing = max(server.cluster_size for server in servers) - len(servers)
    if missing:
        say(f"not checked: whether {missing} more servers sync, which do not answer")
    lazy = [server for server in servers if not server.always]
    if not lazy:
        say(f"{', '.join(server.name for server in servers)}: sync what they acknowledge")
        return
    words = ", ".join(f"{server.name} every {server.every_seconds:g} s" for server in lazy)
    found = f"servers that acknowledge before they sync: {words}"
    if not accept_lazy:
        raise QueueError(
            f"{found}. A power cut takes what was answered 202 since. Set sync_interval: always "
            "in the jetstream block of nats-server.conf, or CT_QUEUE_LAZY_SYNC=accept"
        )
    say(f"warning: {found}")
