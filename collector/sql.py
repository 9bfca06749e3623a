"""The SQL files of db/, by name."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent

# SQL that several files share stands once, and is included by its name.
INCLUDE = re.compile(r"^ *-- include (?P<name>\w+)\n", re.MULTILINE)


@cache
def sql_folder() -> Path:
    """db/: inside the package where it is installed, beside it in a checkout."""
    installed = PACKAGE / "db"
    return installed if installed.is_dir() else PACKAGE.parent / "db"


@cache
def load_query(name: str) -> str:
    """The text of db/queries/NAME.sql, with what it includes.

    Raises OSError where there is no such file, or no such fragment.
    """
    return with_fragments("queries", read_sql("queries", name))


class Source(StrEnum):
    """From what a report is computed: of two fragments, the one that is named after it."""

    FACTS = "facts"  # of sessions, one by one
    SUMS = "sums"  # of days, and the facts of what is left of the range


# Where the source stands in the name of what a report includes.
SOURCE_MARK = "_of_SOURCE\n"


@cache
def load_report(name: str, source: Source = Source.FACTS) -> str:
    """The text of db/reports/NAME.sql, with what it includes.

    Raises OSError where there is no such file, or no such fragment.
    """
    return with_fragments("reports", read_sql("reports", name), source)


@cache
def load_sum(name: str) -> str:
    """The text of db/sums/NAME.sql, with what it shares with reports.

    Raises OSError where there is no such file, or no such fragment.
    """
    return with_fragments("reports", read_sql("sums", name))


@cache
def load_privacy(name: str) -> str:
    """The text of db/privacy/NAME.sql. Raises OSError where there is no such file."""
    return read_sql("privacy", name)


@cache
def load_conversions(name: str) -> str:
    """The text of db/conversions/NAME.sql, with what it includes.

    Raises OSError where there is no such file, or no such fragment.
    """
    return with_fragments("conversions", read_sql("conversions", name))


def report_files() -> list[Path]:
    """The files of db/reports, a question each."""
    return sorted((sql_folder() / "reports").glob("*.sql"))


def with_fragments(folder: str, text: str, source: Source = Source.FACTS) -> str:
    """The text, with the fragment NAME in the place of each line `-- include NAME`.

    A fragment may include others; of `-- include NAME_of_SOURCE` it is that of the source. Raises
    OSError where there is no such file.
    """

    def read_fragment(include: re.Match[str]) -> str:
        return with_fragments(folder, find_fragment(folder, include["name"]), source)

    return INCLUDE.sub(read_fragment, text.replace(SOURCE_MARK, f"_of_{source}\n"))


def find_fragment(folder: str, name: str) -> str:
    """The text of db/FOLDER/fragments/NAME.sql, else of db/fragments/NAME.sql, which all share.

    Raises OSError where there is neither.
    """
    try:
        return read_sql(f"{folder}/fragments", name)
    except FileNotFoundError:
        return read_sql("fragments", name)


@cache
def load_spool_query(name: str) -> str:
    """The text of db/spool/NAME.sql, which is SQLite's SQL.

    Raises OSError where there is no such file.
    """
    return read_sql("spool", name)


def read_sql(folder: str, name: str) -> str:
    """The text of a file below db/. Raises OSError where there is none."""
    return (sql_folder() / folder / f"{name}.sql").read_text(encoding="utf-8")


def migration_files() -> list[Path]:
    """The files of db/migrations, in their order."""
    return sorted((sql_folder() / "migrations").glob("[0-9]*.sql"))
