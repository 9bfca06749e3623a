"""Events put each by itself, where a batch of them fails and nobody knows which is to blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.errors import EventRefused, StoreUnavailable
from collector.event_row import EventRow, EventStatus, Outcome
from collector.sink import Sink

# A batch that failed so often, while the sink answers a ping, is put event by event.
TRIES = 5
# Where these are not taken either, it is not for an event: all wait.
CONTROLS = 3

LATER = "The event failed while others passed; it is tried again."


async def put_one_by_one(sink: Sink, rows: Sequence[EventRow]) -> list[Outcome]:
    """Put events each by itself; what fails twice while others pass is refused.

    The cause may be anything: an error that nobody thought of must not hold up the events
    behind it. Returns what became of each, which may be StoreUnavailable. Raises
    StoreUnavailable where the sink is away, and the error of an event where none passes.
    """
    await sink.ping()
    outcomes: dict[int, Outcome] = {}
    failed: list[int] = []
    for place in controls_first(len(rows)) * 2:  # those that failed are tried again
        if place in outcomes:
            continue
        try:
            [outcomes[place]] = await sink.put_each([rows[place]])
        except Exception as error:
            failed.append(place)
            if not has_passed(outcomes) and len(failed) >= min(CONTROLS, len(rows)):
                raise
            if failed.count(place) > 1:
                outcomes[place] = EventRefused(reason_of(error))
    await sink.ping()
    return [outcomes.get(place) or StoreUnavailable(LATER) for place in range(len(rows))]


def controls_first(count: int) -> list[int]:
    """The places of so many events, with the newest, the middle and the oldest first."""
    return list(dict.fromkeys([count - 1, count // 2, 0, *range(count)])) if count else []


def has_passed(outcomes: Mapping[int, Outcome]) -> bool:
    """Whether any event was taken."""
    return any(isinstance(outcome, EventStatus) for outcome in outcomes.values())


def reason_of(error: Exception) -> str:
    """Why an event is set aside, without a value of it."""
    reason = error.reason if isinstance(error, StoreUnavailable) else ""
    return f"cannot be written: {reason or type(error).__name__}"
