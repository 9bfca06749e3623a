"""One row that Postgres refuses must not fail the rows beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from collector.errors import EventRefused
from collector.event import Event
from collector.store import Store


@dataclass(frozen=True, slots=True)
class Inserted:
    """What became of a batch: the ids that are new, and why others were refused.

    The rest was stored before.
    """

    new: set[UUID]
    refused: dict[UUID, EventRefused]


async def insert_batch(store: Store, events: Sequence[Event]) -> Inserted:
    """Store a batch, without the rows that Postgres refuses.

    A refused batch is halved until the culprit stands alone: one bad row among 500
    costs 18 statements more. Raises StoreUnavailable; a part may be stored then, and
    the whole may be sent again without harm.
    """
    try:
        return Inserted(await store.insert_events(events), {})
    except EventRefused as refusal:
        if len(events) == 1:
            return Inserted(set(), {events[0].id: refusal})
    middle = len(events) // 2
    first = await insert_batch(store, events[:middle])
    second = await insert_batch(store, events[middle:])
    return Inserted(first.new | second.new, first.refused | second.refused)
