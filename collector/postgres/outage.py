"""Whether Postgres is away, as far as this process knows: shared by writer and replayer."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class Outage:
    """Set by the writer when Postgres fails it, cleared by whoever first succeeds.

    While `is_away`, the writer sends batches to the spool at once instead of waiting
    for a timeout each, and the replayer tries whether Postgres is back.
    """

    def __init__(self) -> None:
        self.is_away = False

    def begin(self) -> None:
        """Postgres could not take a batch. Harmless to repeat."""
        if not self.is_away:
            logger.warning("Postgres is away; events go to the spool")
        self.is_away = True

    def end(self) -> None:
        """Postgres took a batch, or answered a probe. Harmless to repeat."""
        if self.is_away:
            logger.info("Postgres is back")
        self.is_away = False
