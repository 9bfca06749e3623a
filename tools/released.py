"""Keeps what a release asks of Postgres, for tests/integration/postgres/test_released.py.

`python -m tools.released` writes tests/released/VERSION.sql (docs/releasing.md): later migrations
are then held to it, since collectors of that release run beside newer ones during an upgrade.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.sql import load_privacy, load_query, migration_files, sql_folder
from collector.version import VERSION

FOLDER = Path(__file__).parents[1] / "tests" / "released"

# The doctor comes with whoever runs it, and migrations are the newest version's.
NOT_OF_A_COLLECTOR = re.compile(r"doctor_|.*migration")

HEAD = (
    "-- What {version} asks of Postgres, by `python -m tools.released`.\n-- Schema: {schema:04}\n"
)
MARK = "-- Statement: {name}\n"
SCHEMA = re.compile(r"^-- Schema: (\d{4})$", re.MULTILINE)
STATEMENT = re.compile(
    r"^-- Statement: (\S+)\n(.*?)(?=^-- Statement: |\Z)", re.MULTILINE | re.DOTALL
)
COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Release:
    """A released version: the last migration that it knew, and its statements by name."""

    version: str
    schema: int
    statements: Mapping[str, str]


def statements() -> Iterator[tuple[str, str]]:
    """Those of this checkout, with what they include and without comments."""
    loaders: Mapping[str, Callable[[str], str]] = {"queries": load_query, "privacy": load_privacy}
    for folder, load in loaders.items():
        for file in sorted((sql_folder() / folder).glob("*.sql")):
            if not NOT_OF_A_COLLECTOR.match(file.stem):
                yield f"{folder}/{file.stem}", COMMENT.sub("", load(file.stem))


def record() -> str:
    """This checkout as the text of a file."""
    schema = int(migration_files()[-1].name[:4])
    parts = [MARK.format(name=name) + text for name, text in statements()]
    return HEAD.format(version=VERSION, schema=schema) + "".join(parts)


def read_release(file: Path) -> Release:
    """What a file keeps. Raises ValueError where it is no such file."""
    text = file.read_text("utf-8")
    schema = SCHEMA.search(text)
    if schema is None:
        raise ValueError(f"{file} names no schema")
    return Release(file.stem, int(schema[1]), dict(STATEMENT.findall(text)))


def read_releases() -> list[Release]:
    """Each that was kept."""
    return [read_release(file) for file in sorted(FOLDER.glob("*.sql"))]


def main() -> None:
    """Keep this version."""
    FOLDER.joinpath(f"{VERSION}.sql").write_text(record(), "utf-8")
    print(f"wrote tests/released/{VERSION}.sql")


if __name__ == "__main__":
    main()
