"""One line a minute for each kind of trouble, with a count, in place of a line for each event."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 60.0


class Complaints:
    """Lines in the log about one thing, which each line begins with."""

    def __init__(self, about: str, clock: Callable[[], float]) -> None:
        self._about = about
        self._clock = clock
        self._said_at: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, kind: str, message: str) -> None:
        """Log it, unless this kind of it was logged in the last minute: count it then."""
        now = self._clock()
        if now - self._said_at.get(kind, float("-inf")) < INTERVAL_SECONDS:
            self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
            return
        more = self._unsaid.pop(kind, 0)
        again = f" ({more} times more since the last such line)" if more else ""
        logger.error("%s %s%s", self._about, message, again)
        self._said_at[kind] = now
