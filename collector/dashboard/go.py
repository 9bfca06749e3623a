"""Forms that change what is looked at, without a script: they lead on to the page's address."""

from __future__ import annotations

from datetime import date, timedelta

from aiohttp import web

from collector.dashboard.access import SignedIn
from collector.dashboard.errors import InvalidRequest
from collector.dashboard.links import Links
from collector.dashboard.pages import PAGES
from collector.dashboard.responses import see_other
from collector.dashboard.saved import open_view
from collector.reports.filters import Dimension, Operator
from collector.reports.reading import choose


async def go(request: web.Request, _person: SignedIn) -> web.Response:
    """GET /go: a page's `page` and `query`, and what a form of it says.

    `first` and `last` are dates, both in the range; `dimension`, `operator` and `value` are a
    filter; `compare_first` and `compare_last` another time to compare with; `tz` a time zone.
    Raises InvalidRequest and QuestionError.
    """
    fields = dict(request.query)
    view, _ = open_view(request, fields.get("page", ""), fields.get("query", ""))
    address = changed(Links(PAGES[view.page].path, view), fields)
    return see_other(address)


def changed(links: Links, fields: dict[str, str]) -> str:
    """The address of the page with the change. Raises InvalidRequest, and QuestionError."""
    if "first" in fields:
        first, after = read_dates(fields["first"], fields.get("last", ""))
        return links.asking(range=None, start=first, end=after, unit=None)
    if "compare_first" in fields:
        first, after = read_dates(fields["compare_first"], fields.get("compare_last", ""))
        return links.asking(compare=f"{first}..{after}")
    if "dimension" in fields:
        dimension = choose(Dimension, fields["dimension"], "dimension")
        operator = choose(Operator, fields.get("operator", "="), "operator")
        return links.filtered(dimension, fields.get("value", ""), operator)
    if "tz" in fields:
        return links.asking(zone=fields["tz"])
    return links.here()


def read_dates(first: str, last: str) -> tuple[str, str]:
    """The first date, and the one after the last. Raises InvalidRequest."""
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
        return begin.isoformat(), (end + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        raise InvalidRequest("the range needs two dates, such as 2026-11-05") from None
