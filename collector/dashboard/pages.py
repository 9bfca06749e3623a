"""The pages: which reports each shows, and what its template gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from collector.dashboard.assets import asset_address
from collector.dashboard.frame import Frame
from collector.dashboard.view import View
from collector.reports.answer import Answer
from collector.reports.cells import fields_of, texts_of
from collector.reports.reading import Asked


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page: one report, with the fields of Asked that the panel sets itself."""

    report: str
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page. `extras`: parameters of its address beside those of reports."""

    name: str
    title: str
    path: str
    template: str
    panels: Mapping[str, Panel]
    extras: tuple[str, ...] = ()

    def ask(self, view: View) -> dict[str, Asked]:
        """What each panel asks, by its key."""
        return {key: view.ask(panel.report, **panel.given) for key, panel in self.panels.items()}


PAGES = {
    page.name: page
    for page in (
        Page(
            name="overview",
            title="Overview",
            path="/",
            template="overview.html",
            panels={"channels": Panel("channels", {"limit": "10"})},
        ),
    )
}


def make_context(
    page: Page, view: View, answers: Mapping[str, Answer], frame: Frame
) -> dict[str, Any]:
    """What the page's template gets."""
    asked = page.ask(view)
    tables = [
        {
            "key": key,
            "title": answer.question.report.title,
            "heads": [one.name for one in fields_of(answer)],
            "rows": [list(texts_of(row, fields_of(answer))) for row in answer.rows],
            "csv": frame.csv(key, asked[key]),
        }
        for key, answer in answers.items()
    ]
    return {"page": page, "view": view, "frame": frame, "tables": tables, "pages": PAGES}


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
    return made
