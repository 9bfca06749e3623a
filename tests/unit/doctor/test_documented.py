"""Each check stands in the docs, and what the doctor points at is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from collector.doctor.groups import GROUPS
from tests.unit.test_references import anchors

POINTED_AT = re.compile(r"((?:docs/)?[\w-]+\.md)(?:#([\w-]+))?")


def test_each_check_is_explained_below_its_groups_heading(root: Path) -> None:
    text = (root / "docs/doctor.md").read_text()
    sections = dict(
        section.split("\n", 1) for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    )
    assert list(sections) == [group.title for group in GROUPS]
    for group in GROUPS:
        explained = re.findall(r"^\| `([\w.]+)` \|", sections[group.title], re.MULTILINE)
        assert explained == [check.id for check in group.checks]
        assert group.anchor.partition("#")[2] in anchors(text)


def texts_of(file: Path) -> Iterator[str]:
    """The texts that a module says."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_two_checks_have_one_id() -> None:
    ids = [check.id for one in GROUPS for check in one.checks]
    assert len(ids) == len(set(ids))


def test_what_the_doctor_points_at_is_there(root: Path) -> None:
    pointed = {
        (path, heading)
        for file in (root / "collector/doctor").glob("*.py")
        for text in texts_of(file)
        for path, heading in POINTED_AT.findall(text)
    }
    assert len(pointed) > 10
    missing = [
        f"{path}#{heading}"
        for path, heading in pointed
        if not (root / path).is_file()
        or (heading and heading not in anchors((root / path).read_text()))
    ]
    assert missing == []
