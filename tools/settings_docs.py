"""Writes what README.md and deploy/.env.example say of the collector's settings: make docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from collector.settings import ENV_PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLE = ROOT / "deploy" / ".env.example"
COMPOSE = ROOT / "docker-compose.yml"

TABLE_BEGIN = "<!-- From collector/settings.py, by `make docs`. -->\n"
TABLE_END = "<!-- End of the settings. -->"
EXAMPLE_BEGIN = '# Settings of the collector, by `make docs` (README.md, "Settings").\n'

DOCUMENT = re.compile(r"\(docs/([\w-]+\.md)(#[\w-]+)?\)")


def settings() -> Iterator[tuple[str, FieldInfo]]:
    """Each setting by the name of its variable."""
    for name, field in Settings.model_fields.items():
        yield ENV_PREFIX + name.upper(), field


def settings_table() -> str:
    """The table of the README."""
    rows = [
        f"| `{name}` | {shown_default(field)} | {with_links(field.description or '')} |"
        for name, field in settings()
    ]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows, ""])


def shown_default(field: FieldInfo) -> str:
    """A default as the table shows it."""
    if field.default is PydanticUndefined:
        return "required"
    return "none" if field.default in (None, ()) else f"`{field.default}`"


def with_links(description: str) -> str:
    """A description in which the name of a document leads to it, from the root of the checkout."""
    return DOCUMENT.sub(r"([\1](docs/\1\2))", description)


def settings_example(head: str) -> str:
    """The settings for the env file, but for those that its head has or docker-compose.yml sets."""
    apart = set(re.findall(r"^#?([A-Z_]+)=", head, re.MULTILINE)) | set_by_compose()
    return "".join(
        f"\n# {field.description}\n#{name}={example_value(field)}\n"
        for name, field in settings()
        if name not in apart
    )


def set_by_compose() -> set[str]:
    """The settings that the service collector has a value of its own for."""
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return set(services["collector"]["environment"])


def example_value(field: FieldInfo) -> str:
    """A value for the example: one that the setting names, or its default."""
    if field.examples:
        return str(field.examples[0])
    return "" if field.default is None else str(field.default)


def readme_with_settings(text: str) -> str:
    """The README with its table as the code has it. Raises ValueError where the marks are gone."""
    before, rest = text.split(TABLE_BEGIN)
    _, after = rest.split(TABLE_END)
    return f"{before}{TABLE_BEGIN}\n{settings_table()}\n{TABLE_END}{after}"


def example_with_settings(text: str) -> str:
    """The env file's example, likewise."""
    head, _ = text.split(EXAMPLE_BEGIN)
    return head + EXAMPLE_BEGIN + settings_example(head)


def main() -> None:
    """Bring both files up to date."""
    README.write_text(readme_with_settings(README.read_text()))
    EXAMPLE.write_text(example_with_settings(EXAMPLE.read_text()))


if __name__ == "__main__":
    main()
