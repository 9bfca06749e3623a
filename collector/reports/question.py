"""What a person asks: a report and its parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace

from collector.reports.catalog import Report
from collector.reports.filters import Bots, Dimension, Filter
from collector.reports.period import Period, Unit

USUAL_LIMIT = 100
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """A report with its parameters. `compared` is the other time that it is compared with.

    `by`: what the rows of a report that takes it are split by, or named by.
    """

    report: Report
    period: Period
    filters: tuple[Filter, ...] = ()
    bots: Bots = Bots.EXCLUDE
    limit: int = USUAL_LIMIT
    unit: Unit = Unit.DAY
    by: Dimension | None = None
    compared: Period | None = None

    @property
    def names(self) -> str | None:
        """What its rows are names of, if they are."""
        return self.by or self.report.names

    def before(self) -> Question | None:
        """The same question of the time that it is compared with, for all names that it had."""
        if self.compared is None:
            return None
        return replace(self, period=self.compared, compared=None, limit=MOST_ROWS)
