"""What a person asks: a report and its parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from collector.reports.catalog import Report
from collector.reports.filters import Bots, Dimension, Filter
from collector.reports.period import Period, Unit

USUAL_LIMIT = 100
MOST_ROWS = 10_000
USUAL_LOOK_BACK = 30
MOST_LOOK_BACK = 365


@dataclass(frozen=True, slots=True)
class Question:
    """A report with its parameters. `compared` is the other time that it is compared with.

    `by`: what the rows of a report that takes it are split by, or named by.
    `session`, `person` and `order` say of whom or what, where the report is of one. `look_back`:
    how many days before an order its touches are looked for. `currency`: which one amounts are
    turned into where a rate is known; None leaves each in its own.
    """

    report: Report
    period: Period
    asked_at: datetime
    filters: tuple[Filter, ...] = ()
    bots: Bots = Bots.EXCLUDE
    limit: int = USUAL_LIMIT
    unit: Unit = Unit.DAY
    by: Dimension | None = None
    compared: Period | None = None
    session: str | None = None
    person: str | None = None
    order: str | None = None
    look_back: int = USUAL_LOOK_BACK
    currency: str | None = None

    @property
    def dimension(self) -> Dimension | None:
        """What its rows are split by, or named by."""
        return self.by or self.report.by

    @property
    def names(self) -> str | None:
        """What its rows are names of, if they are."""
        return self.report.names or self.dimension

    def before(self) -> Question | None:
        """The same question of the time that it is compared with, for all names that it had."""
        if self.compared is None:
            return None
        return replace(self, period=self.compared, compared=None, limit=MOST_ROWS)
