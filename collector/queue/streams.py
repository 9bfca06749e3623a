"""The streams and consumers of the queue: made, or brought to what the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from collector.queue.errors import QueueError
from collector.queue.lanes import LANES, Lane
from collector.settings import Settings

# In which the servers drop a message whose id they have seen. It costs them memory, and is no
# more than thrift: Postgres knows every id.
DUPLICATE_WINDOW_SECONDS = 120.0

# How many messages of a consumer may be on their way, which bounds what its takers hold.
MAX_ACK_PENDING = 1_000

# Where consumers say that they are there: a message each, which ages away.
MEMBERS = "CT_CONSUMERS"
MEMBERS_PREFIX = "ct.consumers"

# Codes of the servers' errors: replicas without a cluster, too few servers for them, no room.
TOO_FEW_SERVERS = frozenset({10005, 10074})
NO_ROOM = frozenset({10023, 10028, 10047})


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """The queue's share of the settings, which say what each is for."""

    replicas: int
    max_bytes: int
    takeover_seconds: float


def stream_limits(settings: Settings) -> StreamLimits:
    """The limits that the settings want."""
    return StreamLimits(
        replicas=settings.queue_replicas,
        max_bytes=settings.queue_stream_max_bytes,
        takeover_seconds=settings.queue_takeover_seconds,
    )


def stream_configs(limits: StreamLimits) -> Iterator[StreamConfig]:
    """The streams as they must be."""
    for lane in LANES:
        yield lane_config(lane, limits)
    yield StreamConfig(
        name=MEMBERS,
        subjects=[f"{MEMBERS_PREFIX}.*"],
        storage=StorageType.MEMORY,
        num_replicas=limits.replicas,
        max_age=limits.takeover_seconds,
        max_msgs_per_subject=1,
        duplicate_window=limits.takeover_seconds,  # it may not be longer than max_age
    )


def lane_config(lane: Lane, limits: StreamLimits) -> StreamConfig:
    """A stream of events: what is full refuses, and an event leaves it when it is acknowledged."""
    return StreamConfig(
        name=lane.stream,
        subjects=[f"{lane.prefix}.*"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        allow_atomic=True,  # batches (collector/queue/sink.py)
        num_replicas=limits.replicas,
        max_bytes=limits.max_bytes,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
    )


def consumer_configs(lane: Lane, limits: StreamLimits) -> Iterator[ConsumerConfig]:
    """The durable consumers of a lane.

    Each message is acknowledged by itself: to acknowledge all up to one would also acknowledge
    what another taker of the partition has taken and not committed. None is given up after so
    many tries: whoever takes it decides (collector/consume/storing.py).
    """
    for name, subject in lane.consumers.items():
        yield ConsumerConfig(
            durable_name=name,
            filter_subject=subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=limits.takeover_seconds,
            max_ack_pending=MAX_ACK_PENDING,
            max_deliver=-1,
        )


async def make_streams(jetstream: JetStreamContext, limits: StreamLimits) -> None:
    """Make the streams and their consumers, or change them to what they must be.

    Raises QueueError where the servers cannot, and what the client raises.
    """
    for config in stream_configs(limits):
        await make_stream(jetstream, config)
    for lane in LANES:
        for consumer in consumer_configs(lane, limits):
            await jetstream.add_consumer(lane.stream, consumer)


async def make_stream(jetstream: JetStreamContext, config: StreamConfig) -> None:
    """Make one stream, or change it. Raises as make_streams does."""
    name = config.name or ""
    try:
        try:
            await jetstream.stream_info(name)
        except NotFoundError:
            await jetstream.add_stream(config)
        else:
            await jetstream.update_stream(config)
    except APIError as error:
        raise QueueError(reason_of(name, config, error)) from None


def reason_of(name: str, config: StreamConfig, error: APIError) -> str:
    """Why a stream cannot be as it must be, and what mends that."""
    said = f"{error.description} (code {error.err_code})"
    if error.err_code in TOO_FEW_SERVERS:
        return (
            f"the servers cannot keep {config.num_replicas} copies of the stream {name}: {said}. "
            "Start as many servers of one cluster, or, where events may be lost with a machine, "
            "set CT_QUEUE_REPLICAS to fewer"
        )
    if error.err_code in NO_ROOM:
        return (
            f"the servers have no room for {config.max_bytes} bytes of the stream {name}: {said}. "
            "Give them more (max_file_store), or set CT_QUEUE_STREAM_MAX_BYTES to less"
        )
    return f"the stream {name} cannot be made or changed: {said}"
