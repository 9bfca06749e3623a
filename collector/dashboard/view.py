"""What an address asks for: the parameters that there are, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from multidict import MultiMapping

from collector.dashboard.errors import InvalidRequest
from collector.reports.reading import Asked

# Names in the address, and those of Asked. A report that takes another has a line here.
PARAMETERS = {
    "range": "range",
    "from": "start",
    "to": "end",
    "tz": "zone",
    "bots": "bots",
    "compare": "compare",
    "unit": "unit",
    "by": "by",
    "look_back": "look_back",
    "order": "order",
    "session": "session",
    "person": "person",
    "limit": "limit",
}
FILTER = "filter"


@dataclass(frozen=True, slots=True)
class View:
    """A page, and what its address asks for. `extras`: parameters of this page alone."""

    page: str
    asked: Asked
    extras: Mapping[str, str] = field(default_factory=dict)

    def ask(self, report: str, **given: Any) -> Asked:
        """What a panel of the page asks; `given` are fields of Asked that it sets itself."""
        return replace(self.asked, report=report, **given)

    def query(self) -> str:
        """The view's part of an address, always in the same order."""
        return write_query(self.asked, self.extras)


def read_view(page: str, query: MultiMapping[str], zone: str, extras: Iterable[str] = ()) -> View:
    """The view of an address. Raises InvalidRequest for a parameter that does not exist."""
    names = frozenset(extras)
    refuse_unknown(query, names)
    return View(
        page,
        read_asked(page, query, zone),
        {name: query[name] for name in sorted(names) if name in query},
    )


def read_asked(report: str, query: MultiMapping[str], zone: str) -> Asked:
    """The question's texts of an address whose names are known."""
    given = {field: query[name] for name, field in PARAMETERS.items() if name in query}
    return Asked(report=report, filters=tuple(query.getall(FILTER, ())), **{"zone": zone, **given})


def refuse_unknown(query: MultiMapping[str], others: frozenset[str]) -> None:
    """A misspelt filter must not show all. Raises InvalidRequest."""
    known = {*PARAMETERS, *others}
    for name in dict.fromkeys(query):
        if name != FILTER and name not in known:
            names = ", ".join((FILTER, *sorted(known)))
            raise InvalidRequest(f"there is no parameter {name!r}; there are: {names}")
        if name != FILTER and len(query.getall(name)) > 1:
            raise InvalidRequest(f"{name} stands there twice; only {FILTER} may")


def write_query(asked: Asked, more: Mapping[str, str] | None = None) -> str:
    """The part of an address that asks this, without the report's name."""
    pairs = [
        (name, value)
        for name, field in PARAMETERS.items()
        if (value := getattr(asked, field)) is not None
    ]
    pairs += [(FILTER, one) for one in asked.filters]
    return urlencode([*pairs, *(more or {}).items()])


def csv_address(asked: Asked) -> str:
    """Where a panel's table is as CSV, for those who are signed in."""
    return f"/v1/reports/{asked.report}?{write_query(asked, {'format': 'csv'})}"
