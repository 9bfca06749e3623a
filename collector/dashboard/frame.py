"""What stands around a page's numbers: who looks, what they saved, where the tables are as CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from collector.dashboard.store import Annotation, SavedView
from collector.reports.reading import Asked


@dataclass(frozen=True, slots=True)
class Frame:
    """`person`: the name of a token, None for a visitor of a share link.

    Such a visitor has no forms (`csrf` is ""), no saved views, no annotations, and no way to
    other pages. `csv` gives the address of a panel's table by the panel's key and question.
    """

    now: datetime
    person: str | None
    csrf: str
    csv: Callable[[str, Asked], str]
    views: tuple[SavedView, ...] = ()
    annotations: tuple[Annotation, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether a visitor of a share link looks."""
        return self.person is None
