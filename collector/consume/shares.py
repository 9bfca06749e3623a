"""Which partitions are whose. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from collector.queue.lanes import LANES


class Partition(NamedTuple):
    """A durable consumer of a stream."""

    stream: str
    consumer: str
    subject: str


# In an order that all members share.
PARTITIONS: Sequence[Partition] = tuple(
    Partition(lane.stream, consumer, subject)
    for lane in LANES
    for consumer, subject in lane.consumers.items()
)


def share_of(own: str, members: Sequence[str]) -> set[Partition]:
    """The partitions of one member, each of which computes the same from the same members.

    While their lists differ, a partition may have two takers for a moment, or none. That is
    harmless: the servers give a message to one of them, and Postgres knows the event's id.
    """
    order = sorted(members)
    return {
        partition
        for number, partition in enumerate(PARTITIONS)
        if order and order[number % len(order)] == own
    }
