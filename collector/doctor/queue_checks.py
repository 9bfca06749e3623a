"""The queue before Postgres, where the settings name one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.queue.errors import QueueError

if TYPE_CHECKING:  # the client of NATS is loaded where there is a queue alone
    from collector.queue.look import QueueLook, StreamLook

MAKE = "conversion-tracking queue"
MUCH_FILLED = 0.5
LONG_SECONDS = 60.0
ENOUGH_CONSUMERS = 2


async def look_if_answers(deployment: Deployment) -> QueueLook:
    """How the queue is. Raises Skipped where there is none, or it does not answer."""
    try:
        return await deployment.look_at_queue()
    except QueueError:
        raise Skipped("the queue does not answer (queue.streams)") from None


async def check_streams(deployment: Deployment) -> list[Finding]:
    """The streams are there, on as many servers as the settings want. Raises Skipped."""
    settings, _ = deployment.settings_with_queue()
    try:
        found = await deployment.look_at_queue()
    except QueueError as error:
        return [
            failure(f"CT_QUEUE_URL: {error}", "servers that answer", "start a majority of them")
        ]
    if found.missing:
        return [failure(f"no stream {', '.join(found.missing)}", "the queue's streams", MAKE)]
    return [judge_stream(stream, settings.queue_replicas) for stream in found.streams]


def judge_stream(stream: StreamLook, wanted: int) -> Finding:
    """Whether a stream has the copies that it should have."""
    if stream.replicas < wanted:
        seen, expected = f"{stream.replicas} copies", f"{wanted} (CT_QUEUE_REPLICAS)"
        return failure(seen, expected, MAKE, about=stream.name)
    if stream.replicas_in_step < stream.replicas:
        return warning(
            f"{stream.replicas_in_step} of {stream.replicas} copies are in step",
            "all of them",
            "look at the servers' logs; one that is back needs a moment",
            about=stream.name,
        )
    return ok(f"{stream.replicas} copies in step, {stream.fill:.0%} full", about=stream.name)


async def check_room(deployment: Deployment) -> list[Finding]:
    """No stream is half full, nor does an event wait long. Raises Skipped."""
    found = await look_if_answers(deployment)
    return [judge_room(stream) for stream in found.streams]


def judge_room(stream: StreamLook) -> Finding:
    """Whether consumers keep up."""
    seen = f"the oldest event waits for {stream.oldest_seconds:.0f} s, {stream.fill:.0%} full"
    if stream.fill < MUCH_FILLED and stream.oldest_seconds < LONG_SECONDS:
        return ok(seen, about=stream.name)
    return warning(
        seen,
        f"less than {LONG_SECONDS:.0f} s and {MUCH_FILLED:.0%}",
        "is Postgres there, and do consumers run? (docs/production.md#the-queue)",
        about=stream.name,
    )


async def check_consumers(deployment: Deployment) -> Finding:
    """Some take events out. Raises Skipped."""
    found = await look_if_answers(deployment)
    start = "conversion-tracking consume, on two machines"
    if not found.consumers:
        return failure("no consumer is there: events stay in the queue", "two or more", start)
    if found.consumers < ENOUGH_CONSUMERS:
        return warning("one consumer: events wait while it is down", "two or more", start)
    return ok(f"{found.consumers} consumers")


async def check_sync(deployment: Deployment) -> Finding:
    """The servers sync what they acknowledge. Raises Skipped."""
    from collector.queue.look import look_at_sync  # noqa: PLC0415

    settings, _ = deployment.settings_with_queue()
    if settings.queue_system_url is None:
        raise Skipped("CT_QUEUE_SYSTEM_URL is not set: nobody else is told how servers sync")
    mend = "sync_interval: always in the jetstream block (docs/scale.md#the-queue)"
    try:
        servers = await look_at_sync(settings.queue_system_url)
    except QueueError as error:
        return failure(f"CT_QUEUE_SYSTEM_URL: {error}", "servers that answer", "correct it")
    lazy = names([server.name for server in servers if not server.always])
    if lazy:
        judge = warning if settings.queue_lazy_sync == "accept" else failure
        return judge(f"{lazy} acknowledge before they sync", "servers that sync first", mend)
    if not servers:
        return failure("no server answers", "each", "is its user one of the system account?")
    return ok(f"{names([server.name for server in servers])} sync first")


def names(servers: Sequence[str]) -> str:
    """Servers in a line."""
    return ", ".join(servers)


GROUP = Group(
    "Queue",
    (
        Check("queue.streams", check_streams),
        Check("queue.room", check_room),
        Check("queue.consumers", check_consumers),
        Check("queue.sync", check_sync),
    ),
)
