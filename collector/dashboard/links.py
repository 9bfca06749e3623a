"""Addresses of a page with one thing changed: what is looked at stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from collector.dashboard.view import View, write_query
from collector.reports.filters import Dimension, Filter, Operator
from collector.reports.reading import Asked

# What an address asks for on every page; the rest is one page's own.
SHARED = ("range", "start", "end", "zone", "filters", "bots", "compare")


@final
@dataclass(frozen=True, slots=True)
class Links:
    """Where the links of a page at `path` lead."""

    path: str
    view: View

    def here(self) -> str:
        """The page as it is."""
        return self._address(self.view.asked)

    def asking(self, **fields: Any) -> str:
        """The page with other fields of Asked; those that are None are left out."""
        return self._address(replace(self.view.asked, **fields))

    def during(self, text: str) -> str:
        """The page with another range in short."""
        return self.asking(range=text, start=None, end=None, unit=None)

    def having(self, name: str, value: str | None) -> str:
        """The page with a parameter of its own; None leaves it out."""
        extras = {key: one for key, one in self.view.extras.items() if key != name}
        if value is not None:
            extras[name] = value
        return self._address(self.view.asked, extras)

    def filtered(self, dimension: Dimension, value: str, operator: Operator = Operator.IS) -> str:
        """The page with one filter more."""
        text = str(Filter(dimension, operator, value))
        filters = tuple(dict.fromkeys((*self.view.asked.filters, text)))
        return self.asking(filters=filters)

    def unfiltered(self, text: str | None = None) -> str:
        """The page without a filter, or without any."""
        left = tuple(one for one in self.view.asked.filters if text is not None and one != text)
        return self.asking(filters=left)

    def to(self, path: str, **fields: Any) -> str:
        """Another page with the same range, filters and comparison."""
        shared = {name: getattr(self.view.asked, name) for name in SHARED}
        return join(path, write_query(Asked(report="", **{**shared, **fields})))

    def _address(self, asked: Asked, extras: Mapping[str, str] | None = None) -> str:
        return join(self.path, write_query(asked, self.view.extras if extras is None else extras))


def join(path: str, query: str) -> str:
    """Path and query as an address."""
    return f"{path}?{query}" if query else path
