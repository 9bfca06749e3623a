"""The pages: which reports each shows, and what its template gets."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from collector.dashboard.assets import asset_address
from collector.dashboard.attributions import MODELS, make_attribution
from collector.dashboard.controls import make_controls
from collector.dashboard.formats import write_count, write_day, write_minute, write_time
from collector.dashboard.frame import Frame
from collector.dashboard.funnels import make_funnel, make_funnels
from collector.dashboard.links import Links
from collector.dashboard.stats import main_currency, make_stats
from collector.dashboard.tables import Look, failed_table, make_table
from collector.dashboard.trends import Choice, make_trend, offered_measures
from collector.dashboard.view import View
from collector.reports.answer import Answer, add_rows
from collector.reports.catalog import find_report
from collector.reports.filters import SEVERAL, Dimension
from collector.reports.question import USUAL_LOOK_BACK
from collector.reports.reading import Asked

SHORT_LIST = "8"
LIST = "25"
ONE_PERSON = "500"

# The measures of the top line, and the columns of a short list.
TOP_LINE = ("visitors", "sessions", "engagement_rate", "conversions", "conversion_rate", "revenue")
QUALITY = (
    "delivery_rate",
    "bot_share",
    "unsigned_share",
    "late_events",
    "corrected_events",
    "truncated_events",
)
REVENUE = ("revenue", "net_revenue", "refunds", "orders", "average_order")
RATES = (
    "conversion_rate",
    "conversions",
    "sessions",
    "visitor_conversion_rate",
    "converting_visitors",
    "visitors",
)
SHORT = ("sessions", "conversions", "conversion_rate", "revenue")

SESSION = (
    "started_at",
    "person",
    "channel",
    "campaign",
    "landing_page",
    "page_views",
    "duration",
    "device_type",
    "amount",
)
EVENT = (
    "happened_at",
    "event_type",
    "page",
    "page_title",
    "funnel_stage",
    "channel",
    "campaign",
    "order_key",
    "amount",
)
LIVE_EVENT = ("happened_at", "event_type", "page", "channel", "campaign", "amount", "session_id")
TOUCH = (
    "touched_at",
    "channel",
    "source",
    "campaign",
    "landing_page",
    "days_before",
    *(f"{model}_conversions" for model in MODELS),
    "session_id",
)
LOOK_BACKS = ("7", "30", "60", "90")


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page: one report, with the fields of Asked that the panel sets itself.

    `most`: how many names, and `by`: of what, where the address does not say; `columns`: which,
    all where it is None.
    """

    report: str
    given: Mapping[str, str | None] = field(default_factory=dict)
    title: str | None = None
    most: str | None = None
    by: str | None = None
    columns: tuple[str, ...] | None = None

    def ask(self, view: View) -> Asked:
        """What it asks."""
        asked = view.asked
        usual = {"limit": asked.limit or self.most, "by": asked.by or self.by}
        return view.ask(self.report, **{**usual, **self.given})


# What tells an empty database from a range without sessions.
NEWEST = Panel("live_events", {"limit": "1", "by": None, "session": None, "person": None})


@dataclass(frozen=True, slots=True)
class Page:
    """A page. `extras`: parameters of its address beside those of reports.

    Of `tabs` one is shown: that which the address names as `show`, else the first.
    """

    name: str
    title: str
    path: str
    template: str
    panels: Mapping[str, Panel] = field(default_factory=dict)
    tabs: Mapping[str, Panel] = field(default_factory=dict)
    extras: tuple[str, ...] = ("measure", "show", "sort")
    # The name by which other pages lead to it; None where something has to be chosen first.
    menu: str | None = None

    def tab(self, view: View) -> str | None:
        """The tab that is shown."""
        shown = view.extras.get("show")
        return shown if shown in self.tabs else next(iter(self.tabs), None)

    def shown(self, view: View) -> dict[str, Panel]:
        """The panels of the page and the tab that is shown, by their keys."""
        tab = self.tab(view)
        return {**self.panels, **({tab: self.tabs[tab]} if tab else {}), "newest": NEWEST}

    def ask(self, view: View) -> dict[str, Asked]:
        """What each panel asks, by its key."""
        return {key: panel.ask(view) for key, panel in self.shown(view).items()}

    def shows_something(self, answered: Container[str]) -> bool:
        """Whether it can be shown with these panels alone: with one, and the newest event."""
        keys = (*self.panels, *self.tabs)
        return "newest" in answered and any(key in answered for key in keys)


PAGES = {
    page.name: page
    for page in (
        Page(
            name="overview",
            title="Overview",
            path="/",
            template="overview.html",
            menu="Overview",
            panels={
                "overview": Panel("overview"),
                "trend": Panel("trend"),
                "channels": Panel("channels", most=SHORT_LIST, columns=SHORT),
                "campaigns": Panel("campaigns", most=SHORT_LIST, columns=SHORT),
                "landing_pages": Panel("landing_pages", most=SHORT_LIST, columns=SHORT),
                "devices": Panel("devices", most="4", columns=SHORT),
                "browsers": Panel("browsers", most="4", columns=SHORT),
                "funnel": Panel("funnel"),
            },
        ),
        Page(
            name="acquisition",
            title="Acquisition",
            path="/acquisition",
            template="acquisition.html",
            menu="Acquisition",
            panels={"overview": Panel("overview"), "trend": Panel("trend")},
            tabs={
                "channels": Panel("channels", most=LIST),
                "source_types": Panel("source_types", most=LIST),
                "sources": Panel("sources", most=LIST),
                "mediums": Panel("mediums", most=LIST),
                "campaigns": Panel("campaigns", most=LIST),
                "referrers": Panel("referrers", most=LIST),
                "landing_pages": Panel("landing_pages", most=LIST),
                "channel_rules": Panel("channel_rules", most=LIST),
                "devices": Panel("devices", most=LIST),
                "browsers": Panel("browsers", most=LIST),
                "systems": Panel("systems", most=LIST),
            },
        ),
        Page(
            name="conversions",
            title="Conversions",
            path="/conversions",
            template="conversions.html",
            menu="Conversions",
            panels={
                "rates": Panel("conversion_rates", {"by": None}),
                "trend": Panel("trend", {"by": None}),
                "conversion_rates": Panel("conversion_rates", most=LIST, by=Dimension.CHANNEL),
            },
        ),
        Page(
            name="funnel",
            title="Funnel",
            path="/funnel",
            template="funnel.html",
            menu="Funnel",
            panels={
                "funnel": Panel("funnel", {"by": None}),
                "split": Panel("funnel", most=SHORT_LIST),
            },
        ),
        Page(
            name="revenue",
            title="Revenue",
            path="/revenue",
            template="revenue.html",
            menu="Revenue",
            panels={"revenue": Panel("revenue", {"by": None, "look_back": None})},
            tabs={
                "attribution": Panel("attribution", most=LIST),
                "revenue_by": Panel("revenue_by", {"look_back": None}, most=LIST),
                "journeys": Panel("journeys", most=LIST),
                "orders": Panel("orders", {"by": None, "look_back": None}, most="50"),
            },
            extras=("measure", "show", "sort", "credit"),
        ),
        Page(
            name="order",
            title="Order",
            path="/order",
            template="order.html",
            panels={"order": Panel("conversion_touches", columns=TOUCH)},
        ),
        Page(
            name="pages",
            title="Pages",
            path="/pages",
            template="tabs.html",
            menu="Pages",
            panels={"overview": Panel("overview")},
            tabs={
                "pages": Panel("pages", title="Top pages", most=LIST),
                "entry_pages": Panel("entry_pages", most=LIST),
                "exit_pages": Panel("exit_pages", most=LIST),
                "page_engagement": Panel("page_engagement", most=LIST),
                "event_types": Panel("event_types", most=LIST),
            },
        ),
        Page(
            name="people",
            title="People",
            path="/people",
            template="people.html",
            menu="People",
            panels={"sessions": Panel("sessions", most="50", columns=SESSION)},
        ),
        Page(
            name="session",
            title="Session",
            path="/session",
            template="journey.html",
            panels={"session": Panel("session", most=ONE_PERSON, columns=EVENT)},
        ),
        Page(
            name="person",
            title="Person",
            path="/person",
            template="journey.html",
            panels={"person": Panel("person", most=ONE_PERSON, columns=(*EVENT, "session_id"))},
        ),
        Page(
            name="live",
            title="Live",
            path="/live",
            template="live.html",
            menu="Live",
            panels={
                "live": Panel("live", most="20"),
                "live_events": Panel("live_events", most="30", columns=LIVE_EVENT),
            },
        ),
        Page(
            name="quality",
            title="Data quality",
            path="/quality",
            template="quality.html",
            menu="Data quality",
            panels={"data_quality": Panel("data_quality", title="Over time")},
            tabs={
                "rejects": Panel("rejects", most=LIST),
                "bots": Panel("bots", most=LIST),
                "suspicious": Panel("suspicious", most=LIST),
                "unsigned": Panel("unsigned", most=LIST),
                "repeated_orders": Panel("repeated_orders", most=LIST),
            },
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Results:
    """What became of the questions of a page, by their panels."""

    answers: Mapping[str, Answer]
    failures: Mapping[str, Exception] = field(default_factory=dict)


def make_context(page: Page, view: View, results: Results, frame: Frame) -> dict[str, Any]:
    """What the page's template gets."""
    answers = results.answers
    links = Links(page.path, view)
    clickable = None if frame.is_shared else links
    panels, asked = page.shown(view), page.ask(view)
    currency = main_currency(answers["overview"]) if "overview" in answers else None
    tables = {
        key: make_table(
            answer,
            Look(
                key=key,
                csv=frame.csv(key, asked[key]),
                links=clickable,
                title=panels[key].title,
                columns=panels[key].columns,
                currency=currency if panels[key].columns else None,
                sort=view.extras.get("sort"),
            ),
        )
        for key, answer in answers.items()
        if key != "newest"
    }
    for key, failure in results.failures.items():
        report = find_report(panels[key].report)
        tables[key] = failed_table(
            key, panels[key].title or report.title, report.answers, str(failure)
        )
    measure = view.extras.get("measure") or usual_measure(answers)
    credit = view.extras.get("credit") or measure
    first, back = next(iter(answers.values())), view.asked.look_back or str(USUAL_LOOK_BACK)
    return {
        "page": page,
        "pages": PAGES,
        "view": view,
        "frame": frame,
        "links": links,
        "controls": make_controls(view, first.question, frame, links),
        "tables": tables,
        "tabs": tuple(make_tabs(page, view, clickable)),
        "tab": page.tab(view),
        "as_of": first.as_of and first.as_of.astimezone(first.question.period.zone),
        "newest": newest_event(answers),
        "look_backs": tuple(
            Choice(
                f"{days} days back", clickable and clickable.asking(look_back=days), days == back
            )
            for days in LOOK_BACKS
        ),
        "attribution": make_attribution(answers["attribution"], credit, clickable)
        if "attribution" in answers
        else None,
        **make_parts(answers, measure, frame, clickable),
    }


def make_parts(
    answers: Mapping[str, Answer], measure: str, frame: Frame, links: Links | None
) -> dict[str, Any]:
    """What is shown of some answers beside their tables; None where the page has not the answer."""
    quality, live = answers.get("data_quality"), answers.get("live")
    revenue, rates = answers.get("revenue"), answers.get("rates")
    trend = answers.get("trend") or quality or revenue
    overview, funnel, split = (answers.get(key) for key in ("overview", "funnel", "split"))
    names: tuple[str, ...] = RATES if rates else TOP_LINE
    top_line = rates or overview
    has_sessions = top_line is None or bool(top_line.rows[0].get("sessions"))
    if quality or revenue:
        top_line, names = (
            (total_of(trend), QUALITY if quality else REVENUE) if trend else (None, ())
        )
    charted = [one.name for one in offered_measures(trend)] if trend else []
    split_answers = [
        answers[key] for key in ("split", "attribution", "conversion_rates") if key in answers
    ]
    return {
        "stats": list(make_stats(top_line, names, measure, charted, links)) if top_line else [],
        "has_sessions": has_sessions,
        "live_now": write_count(sum(row["live_sessions"] for row in live.rows)) if live else None,
        "trend": trend and make_trend(trend, measure, frame.now, frame.annotations, links),
        "funnel": funnel and make_funnel(funnel),
        "split": split and split.question.by and make_funnels(split, links),
        "splits": [
            Choice(
                one.value.replace("_", " "),
                links and links.asking(by=one.value),
                one in (answer.question.dimension for answer in split_answers),
            )
            for one in Dimension
            if one not in SEVERAL
        ],
    }


def usual_measure(answers: Mapping[str, Answer]) -> str:
    """What a chart shows where the address does not say."""
    if "revenue" in answers:
        return f"revenue_{main_currency(total_of(answers['revenue']))}"
    if "rates" in answers:
        return "conversion_rate"
    return "sessions"


def total_of(answer: Answer) -> Answer:
    """An answer whose one row is the sum of all."""
    report = answer.question.report
    before = answer.before and total_of(answer.before)
    return replace(answer, rows=(add_rows(report, answer.rows),), before=before)


def make_tabs(page: Page, view: View, links: Links | None) -> Iterator[Choice]:
    """The tabs of a page."""
    for key, panel in page.tabs.items():
        title = panel.title or find_report(panel.report).title
        yield Choice(title, links and links.having("show", key), key == page.tab(view))


def newest_event(answers: Mapping[str, Answer]) -> str | None:
    """When the newest event of all happened, None where none is stored."""
    answer = answers.get("newest")
    return write_time(answer.rows[0]["happened_at"]) if answer and answer.rows else None


def render(name: str, context: Mapping[str, Any]) -> str:
    """A template of templates/ as text. What it names and the context lacks is an error."""
    return environment().get_template(name).render(context)


@cache
def environment() -> Environment:
    """The templates: everything that they show is escaped."""
    made = Environment(
        loader=PackageLoader("collector.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset_address
    made.filters |= {
        "count": write_count,
        "day": write_day,
        "minute": write_minute,
        "moment": write_time,
    }
    return made
