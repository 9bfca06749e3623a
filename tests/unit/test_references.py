"""What documents, comments and docstrings point at is there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PARTS = (
    "bench",
    "collector",
    "db",
    "deploy",
    "docs",
    "kong",
    "kong-plugin",
    "local",
    "tests",
    "tracker",
)
KINDS = {".md", ".mjs", ".py", ".sql", ".toml", ".ts", ".tsx", ".yml"}
NOT_OURS = {"node_modules", "dist", "build", "__pycache__", "fixtures"}

COMMENT = re.compile(r"(?:^|\s)# .*")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
# A folder, a file with one of our endings, and the heading in it where one is named.
# NAME stands for any name.
PATH = re.compile(
    r"(?<![\w/.$~{<*-])((?:[\w-]+/)+(?!NAME)[\w.-]+\.(?:md|mjs|py|sql|toml|tsx?|ya?ml))\b(?:#([\w-]+))?"
)
# Other people's documents, which a reader of this repository does not have.
OUTSIDE = re.compile(r"\bspecification\b|\(spec:|\bdesign: |kong-facts", re.IGNORECASE)
# A migration is never changed after it ran, its comments included.
NEVER_CHANGED = "db/migrations/0001_events_and_funnel.sql"
# It explains the word in that file.
EXPLAINS_THE_WORD = "docs/contract.md"


@cache
def texts(root: Path) -> dict[str, str]:
    """Of each file by its path: a document as it is, of Python only what is said in words."""
    files = [*root.glob("*.md"), *(f for part in PARTS for f in (root / part).rglob("*"))]
    return {
        path.relative_to(root).as_posix(): words_of(path)
        for path in files
        if path.suffix in KINDS and not NOT_OURS & set(path.relative_to(root).parts)
    }


def words_of(path: Path) -> str:
    """A file's text, or a Python file's comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    return "\n".join(comments_and_docstrings(text)) if path.suffix == ".py" else text


def comments_and_docstrings(source: str) -> Iterator[str]:
    """What a Python file says to its reader."""
    yield from COMMENT.findall(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def anchors(document: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = HEADING.findall(FENCED.sub("", document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(root: Path) -> list[tuple[str, str, str]]:
    """Each link from one of our documents to a file of ours: document, target, heading."""
    return [
        (name, target, heading)
        for name, text in texts(root).items()
        if name.endswith(".md")
        for target, heading in LINK.findall(FENCED.sub("", text))
    ]


def test_every_link_of_a_document_leads_to_a_file_and_a_heading(root: Path) -> None:
    found = links(root)
    assert len(found) > 100
    broken = []
    for name, target, heading in found:
        path = (root / name).parent / target if target else root / name
        if not path.exists() or (heading and heading not in anchors(path.read_text())):
            broken.append(f"{name}: {target}#{heading}")
    assert broken == []


def is_there(root: Path, name: str, path: str) -> bool:
    """Whether a path that a file names is there, from the root or from a folder around the file."""
    folders = [(root / name).parent, *(root / name).parents]
    return any((folder / path).exists() for folder in folders if folder.is_relative_to(root))


def test_every_file_that_a_text_names_is_there(root: Path) -> None:
    missing, count = [], 0
    for name, text in texts(root).items():
        for path, heading in PATH.findall(text):
            if path.split("/")[0] not in PARTS:
                continue
            count += 1
            if not is_there(root, name, path) or (
                heading and heading not in anchors((root / path).read_text())
            ):
                missing.append(f"{name}: {path}#{heading}")
    assert count > 100
    assert missing == []


def test_no_text_points_at_a_document_that_a_reader_does_not_have(root: Path) -> None:
    said = [
        f"{name}: {found.group()}"
        for name, text in texts(root).items()
        if name not in (NEVER_CHANGED, EXPLAINS_THE_WORD)
        for found in OUTSIDE.finditer(text)
    ]
    assert said == []


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("# What is stored", "what-is-stored"),
        ("## Where `x_y` stands, and why", "where-x_y-stands-and-why"),
        ("### Several nodes, and decK", "several-nodes-and-deck"),
    ],
)
def test_a_heading_has_the_anchor_that_github_gives_it(heading: str, anchor: str) -> None:
    assert anchors(heading) == {anchor}
