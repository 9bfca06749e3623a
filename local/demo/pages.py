"""The pages of the site: which there are, and how their files become HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

SITE = Path(__file__).parent / "site"
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")

# Where the gateway serves the tracker.
TRACKER_PATH = "/t.js"


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its path, the file of its content, its title, and the layout around it."""

    path: str
    file: str
    title: str
    layout: str = "layout.html"


PAGES = (
    Page("/", "home.html", "Heron: know before your customers do"),
    Page("/pricing", "pricing.html", "Pricing · Heron"),
    Page("/docs", "docs.html", "Documentation · Heron"),
    Page("/docs/first-check", "docs-first-check.html", "Your first check · Heron"),
    Page("/signup", "signup.html", "Sign up · Heron"),
    Page("/checkout", "checkout.html", "Checkout · Heron"),
    Page("/welcome", "welcome.html", "Welcome · Heron"),
    Page("/tracking", "tracking.html", "How this site is tracked · Heron"),
    # Without the tracker: looking at the events must make no event.
    Page("/events", "events.html", "Last events", layout="events-layout.html"),
)

# What stands at every other path.
NOT_FOUND = Page("", "not-found.html", "No such page · Heron")


def render_page(page: Page, values: Mapping[str, str]) -> str:
    """A page as HTML. Raises KeyError where a file names a value that is not there."""
    content = fill(read_file(f"pages/{page.file}"), values)
    around = mark_current(read_file(page.layout), page.path)
    # The content last, so that nothing in it is taken for a placeholder.
    before, after = around.split("{{content}}")
    outer = {**values, "title": page.title}
    return fill(before, outer) + content + fill(after, outer)


@cache
def read_file(name: str) -> str:
    """The text of a file of the site."""
    return (SITE / name).read_text(encoding="utf-8")


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each {{name}} replaced by its value, as text and not as HTML."""
    return PLACEHOLDER.sub(lambda found: escape(values[found[1]]), template)


def mark_current(layout: str, path: str) -> str:
    """The layout with the links to this page marked for screen readers and for the style."""
    return layout.replace(f'href="{path}"', f'href="{path}" aria-current="page"')
