"""The version stands in the file VERSION, and every other place that shows it agrees."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from collector.cli import main
from conversion_tracking_plugin import plugin
from tools.distributions import PYPROJECTS, ROOT

VERSION = (ROOT / "VERSION").read_text().strip()


@pytest.mark.parametrize("pyproject", PYPROJECTS, ids=lambda path: path.parent.name)
def test_every_distribution_takes_its_version_from_the_one_file(pyproject: Path) -> None:
    described = tomllib.loads(pyproject.read_text())
    source = described["tool"]["hatch"]["version"]["path"]

    assert described["project"]["dynamic"] == ["version"]
    assert (pyproject.parent / source).resolve() == ROOT / "VERSION"
    # Of the installed ones: after a change `make install` brings them up to date.
    assert metadata.version(described["project"]["name"]) == VERSION


def test_the_command_says_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"conversion-tracking {VERSION}\n"


def test_kong_is_told_the_version_of_the_plugin() -> None:
    assert plugin.version == VERSION


def test_the_tracker_s_package_has_the_version() -> None:
    package = json.loads((ROOT / "tracker" / "package.json").read_text())
    lock = json.loads((ROOT / "tracker" / "package-lock.json").read_text())

    assert [package["version"], lock["version"], lock["packages"][""]["version"]] == [VERSION] * 3


def test_the_changelog_begins_with_the_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
