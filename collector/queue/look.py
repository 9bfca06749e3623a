"""How the queue is, for who asks without changing it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from collector.queue.connection import FAILURES, connect_once, describe
from collector.queue.errors import QueueError
from collector.queue.lanes import LANES, Lane
from collector.queue.servers import ServerSync, ask_servers
from collector.queue.streams import MEMBERS, MEMBERS_PREFIX

NAME = "conversion-tracking doctor"


@dataclass(frozen=True, slots=True)
class StreamLook:
    """A stream of events."""

    name: str
    replicas: int
    replicas_in_step: int
    fill: float  # of max_bytes
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class QueueLook:
    """The streams that are there, the names of those that are not, and how many consumers are."""

    streams: Sequence[StreamLook]
    missing: Sequence[str]
    consumers: int


async def look_at_queue(urls: str, timeout_seconds: float) -> QueueLook:
    """Look. Raises QueueError where the servers do not answer."""
    async with asking(urls) as client:
        jetstream = client.jetstream(timeout=timeout_seconds)
        found = {lane.stream: await look_at_stream(jetstream, lane) for lane in LANES}
        return QueueLook(
            streams=[stream for stream in found.values() if stream],
            missing=[name for name, stream in found.items() if stream is None],
            consumers=await count_consumers(jetstream),
        )


async def look_at_sync(system_url: str) -> Sequence[ServerSync]:
    """How each server syncs. Raises QueueError where none is reached."""
    async with asking(system_url) as client:
        return await ask_servers(client)


@asynccontextmanager
async def asking(urls: str) -> AsyncIterator[Client]:
    """A connection for some questions. Raises QueueError where one is not answered."""
    try:
        async with connect_once(urls, NAME) as client:
            yield client
    except FAILURES as error:
        raise QueueError(describe(error)) from None


async def look_at_stream(jetstream: JetStreamContext, lane: Lane) -> StreamLook | None:
    """A stream; None where it is not made. Raises what the client raises."""
    try:
        info = await jetstream.stream_info(lane.stream)
    except NotFoundError:
        return None
    others = (info.cluster.replicas or []) if info.cluster else []
    return StreamLook(
        name=lane.stream,
        replicas=info.config.num_replicas or 1,
        replicas_in_step=1 + sum(bool(peer.current) and not peer.offline for peer in others),
        fill=info.state.bytes / (info.config.max_bytes or 1),
        oldest_seconds=await oldest_seconds(jetstream, lane.stream, f"{lane.prefix}.*"),
    )


async def oldest_seconds(jetstream: JetStreamContext, stream: str, subject: str) -> float:
    """How long the oldest event of a subject is in a stream, which it leaves when it is settled.

    Raises what the client raises.
    """
    try:
        message = await jetstream.get_msg(stream, seq=1, subject=subject, next=True)
    except NotFoundError:  # settled meanwhile
        return 0.0
    now = datetime.now(UTC)
    return max((now - (message.time or now)).total_seconds(), 0.0)


async def count_consumers(jetstream: JetStreamContext) -> int:
    """How many consumers are there. Raises what the client raises."""
    try:
        return len(await list_consumers(jetstream))
    except NotFoundError:
        return 0


async def list_consumers(jetstream: JetStreamContext) -> list[str]:
    """The names of those that are there. Raises what the client raises."""
    info = await jetstream.stream_info(MEMBERS, subjects_filter=f"{MEMBERS_PREFIX}.*")
    return [subject.removeprefix(f"{MEMBERS_PREFIX}.") for subject in info.state.subjects or ()]
