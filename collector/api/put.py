"""Handing events to the writer, and counting what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from aiohttp import web

from collector.api.keys import METRICS, WRITER
from collector.durable.outcome import Outcome, PutResult
from collector.errors import CollectorError, EventRefused
from collector.event_row import EventRow


class Status(StrEnum):
    """What became of an event: the label of a metric, and a batch's answer to each."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    SPOOLED = "spooled"  # safe on disk, written later
    INVALID = "invalid"  # breaks the contract: sending it again gives the same
    REFUSED = "refused"  # the database refuses this row: sending it again gives the same
    UNAVAILABLE = "unavailable"  # not taken now: send it again


TAKEN = frozenset({Status.STORED, Status.DUPLICATE, Status.SPOOLED})
STATUS = {result: Status(result.value) for result in PutResult}


async def put_event(app: web.Application, row: EventRow) -> PutResult:
    """Wait until an event is durable. Raises what Writer.put raises."""
    try:
        result = await app[WRITER].put(row)
    except CollectorError as error:
        app[METRICS].count_event(status_of(error))
        raise
    app[METRICS].count_event(status_of(result))
    return result


async def put_events(app: web.Application, rows: Sequence[EventRow]) -> list[Outcome]:
    """Wait until each event is durable, or has failed by itself; in their order."""
    try:
        outcomes = await app[WRITER].put_all(rows)
    except CollectorError as error:
        outcomes = [error] * len(rows)
    for status, count in Counter(map(status_of, outcomes)).items():
        app[METRICS].count_event(status, count)
    return outcomes


def status_of(outcome: Outcome) -> Status:
    """Only a row that Postgres itself refuses stays refused: any other error may pass."""
    if isinstance(outcome, PutResult):
        return STATUS[outcome]
    return Status.REFUSED if isinstance(outcome, EventRefused) else Status.UNAVAILABLE


def http_status_of(result: PutResult) -> int:
    """200 for what is committed, 202 for what is safe on disk and written later."""
    return 202 if result is PutResult.SPOOLED else 200
