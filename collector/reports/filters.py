"""Which sessions a report looks at: conditions on the dimensions that there are, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from collector.reports.errors import QuestionError

MOST_FILTERS = 50
FILTER = re.compile(r"(?P<dimension>[a-z_]+)(?P<operator>!?[=~])(?P<value>.*)", re.DOTALL)


class Dimension(StrEnum):
    """What sessions are told apart by. The value is what a person writes."""

    CHANNEL = "channel"
    CHANNEL_RULE = "channel_rule"
    SOURCE_TYPE = "source_type"
    SOURCE = "source"
    MEDIUM = "medium"
    CAMPAIGN = "campaign"
    REFERRER = "referrer"
    LANDING_PAGE = "landing_page"
    EXIT_PAGE = "exit_page"
    DEVICE_TYPE = "device_type"
    BROWSER = "browser"
    OS = "os"
    PAGE = "page"  # any that the session viewed
    EVENT_TYPE = "event_type"  # of any event of the session


# The columns of session_facts.
COLUMNS = {dimension: dimension.value for dimension in Dimension} | {
    Dimension.REFERRER: "referrer_host",
    Dimension.PAGE: "pages",
    Dimension.EVENT_TYPE: "event_types",
}

# Those of which a session has several.
SEVERAL = frozenset({Dimension.PAGE, Dimension.EVENT_TYPE})


class Operator(StrEnum):
    """How a value is compared. The value is what a person writes."""

    IS = "="
    IS_NOT = "!="
    CONTAINS = "~"
    CONTAINS_NOT = "!~"


class Bots(StrEnum):
    """What becomes of sessions that are only a bot's."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition. Several on one dimension with one operator hold where one of them does."""

    dimension: Dimension
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.dimension}{self.operator}{self.value}"


def parse_filters(texts: Iterable[str]) -> tuple[Filter, ...]:
    """Filters as a person writes them: `channel=Email`. Raises QuestionError."""
    filters = tuple(dict.fromkeys(parse_filter(text) for text in texts))
    if len(filters) > MOST_FILTERS:
        raise QuestionError(f"more than {MOST_FILTERS} filters")
    return filters


def parse_filter(text: str) -> Filter:
    """One filter. Raises QuestionError where it is none."""
    parts = FILTER.fullmatch(text)
    if parts is None:
        raise QuestionError(
            f"{text!r} is no filter: write channel=Email, campaign!=spring, landing_page~pricing"
        )
    try:
        dimension = Dimension(parts["dimension"])
    except ValueError:
        names = ", ".join(Dimension)
        raise QuestionError(f"{parts['dimension']!r} cannot be filtered by; {names} can") from None
    return Filter(dimension, Operator(parts["operator"]), parts["value"].replace("\0", "\ufffd"))
