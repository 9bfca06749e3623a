"""docs/destinations.md has each field of each destination, with its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from collector.conversions.destination import Destination
from collector.conversions.destinations import PLATFORMS, load_destinations

HEADINGS = {
    "meta": "Meta",
    "ga4": "Google Analytics, by the Measurement Protocol",
    "google": "Google Ads",
    "google_analytics": "Google Analytics, by the Data Manager API",
    "linkedin": "LinkedIn",
    "tiktok": "TikTok",
}


def documented(root: Path, heading: str) -> dict[str, str]:
    """The fields of a section, and their defaults."""
    page = (root / "docs/destinations.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition("| Field |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", table, re.MULTILINE))


def defaults(model: type[Destination], but: set[str]) -> dict[str, str]:
    """The fields of a destination, and their defaults as the page shows them."""
    return {
        name: "required" if field.is_required() else shown(field.default)
        for name, field in model.model_fields.items()
        if name not in but or (name == "events" and field.is_required())
    }


def shown(default: object) -> str:
    if default is PydanticUndefined:
        return "the platform's, below"
    return "none" if default is None else f"`{default}`"


def test_each_platform_has_a_section() -> None:
    assert set(HEADINGS) == set(PLATFORMS)


def test_the_fields_of_all_platforms_are_documented(root: Path) -> None:
    assert documented(root, "Fields of all platforms") == defaults(Destination, set())


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_fields_of_a_platform_are_documented(root: Path, name: str) -> None:
    shared = set(Destination.model_fields)
    assert documented(root, HEADINGS[name]) == defaults(PLATFORMS[name], shared)


def test_the_example_of_the_page_can_be_loaded(root: Path, tmp_path: Path) -> None:
    page = (root / "docs/destinations.md").read_text()
    path = tmp_path / "destinations.toml"
    path.write_text(page.partition("```toml\n")[2].partition("```")[0])
    assert set(load_destinations(path)) == {"meta", "ga4", "google-ads", "linkedin"}
