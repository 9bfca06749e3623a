"""Which rejected events are like one that was just kept: the same sender, the same reason. Pure."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Collection
from typing import TypeAlias
from uuid import UUID

from collector.errors import CollectorError
from collector.event import RequestContext

MAX_EXAMPLES = 10_000  # some megabytes

# Where a text of JSON breaks off, and how long a value is, make no other reason.
NUMBERS = re.compile(r"[0-9]+")

Kind: TypeAlias = tuple[str | None, str, str, str]


def kind_of(error: CollectorError, context: RequestContext) -> Kind:
    """Who sent what for which reason: the fields that are broken, and what is wrong with them."""
    faults = "\n".join(f"{e.field} {e.message}" for e in error.errors) or error.message
    return context.client_ip, context.endpoint, error.code, NUMBERS.sub("#", faults)


class Repeats:
    """The examples that were kept lately, and how many more of their kinds came since."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._examples: OrderedDict[Kind, tuple[float, UUID]] = OrderedDict()  # the oldest first
        self._counts: Counter[UUID] = Counter()

    def count(self, kind: Kind, now: float) -> bool:
        """Whether there is an example of this kind that is young enough; this is one more of it."""
        kept_at, event_id = self._examples.get(kind, (None, None))
        if event_id is None or kept_at is None or now - kept_at >= self._seconds:
            return False
        self._counts[event_id] += 1
        return True

    def add(self, kind: Kind, event_id: UUID, now: float) -> None:
        """Remember an example. Of more than MAX_EXAMPLES the oldest is forgotten."""
        self._examples.pop(kind, None)
        self._examples[kind] = (now, event_id)
        if len(self._examples) > MAX_EXAMPLES:
            self._examples.popitem(last=False)

    def take(self, but: Collection[UUID]) -> Counter[UUID]:
        """How many more came of each example but these, since it was last asked."""
        taken = Counter({key: n for key, n in self._counts.items() if key not in but})
        self._counts -= taken
        return taken

    def put_back(self, counts: Counter[UUID]) -> None:
        """What was taken and could not be written."""
        self._counts += counts
