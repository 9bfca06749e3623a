"""What became of an event that was given to the writer: a closed set."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from collector.errors import CollectorError


class PutResult(StrEnum):
    """An event that is durable: the answer is a 200 or a 202."""

    STORED = "stored"  # committed in Postgres
    DUPLICATE = "duplicate"  # its event_id was stored before; nothing has changed
    SPOOLED = "spooled"  # on this machine's disk, until Postgres is back


# Or the reason why it is not: sent again, a StoreUnavailable may succeed.
Outcome: TypeAlias = PutResult | CollectorError
