"""One row that Postgres refuses must not fail the rows beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from collector.errors import EventRefused
from collector.event_row import EventRow
from collector.postgres.store import Store


@dataclass(frozen=True, slots=True)
class Inserted:
    """What became of a batch: the ids that are new, and why others were refused.

    The rest was stored before.
    """

    new: set[UUID]
    refused: dict[UUID, EventRefused]


async def insert_batch(store: Store, rows: Sequence[EventRow]) -> Inserted:
    """Store a batch, without the rows that Postgres refuses.

    A refused batch is halved until the culprit stands alone: one bad row among 500
    costs 18 statements more. Raises StoreUnavailable; a part may be stored then, and
    the whole may be sent again without harm.
    """
    try:
        return Inserted(await store.insert_events(rows), {})
    except EventRefused as refusal:
        if len(rows) == 1:
            return Inserted(set(), {rows[0].id: refusal})
    middle = len(rows) // 2
    first = await insert_batch(store, rows[:middle])
    second = await insert_batch(store, rows[middle:])
    return Inserted(first.new | second.new, first.refused | second.refused)
