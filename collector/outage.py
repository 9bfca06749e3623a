"""Whether the sink is away, as far as this process knows: shared by writer and replayer."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class Outage:
    """Set by the writer when the sink fails it, cleared by whoever first succeeds.

    While `is_away`, the writer sends batches to the spool at once instead of waiting
    for a timeout each, and the replayer tries whether the sink is back. `sink` is its name
    in the log.
    """

    def __init__(self, sink: str) -> None:
        self._sink = sink
        self.is_away = False

    def begin(self) -> None:
        """The sink could not take a batch. Harmless to repeat."""
        if not self.is_away:
            logger.warning("%s is away; events go to the spool", self._sink)
        self.is_away = True

    def end(self) -> None:
        """The sink took a batch, or answered a probe. Harmless to repeat."""
        if self.is_away:
            logger.info("%s is back", self._sink)
        self.is_away = False
