"""The SQL files of db/, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


@cache
def sql_folder() -> Path:
    """db/: inside the package where it is installed, beside it in a checkout."""
    installed = PACKAGE / "db"
    return installed if installed.is_dir() else PACKAGE.parent / "db"


@cache
def load_query(name: str) -> str:
    """The text of db/queries/NAME.sql."""
    return (sql_folder() / "queries" / f"{name}.sql").read_text(encoding="utf-8")


@cache
def load_spool_query(name: str) -> str:
    """The text of db/spool/NAME.sql, which is SQLite's SQL."""
    return (sql_folder() / "spool" / f"{name}.sql").read_text(encoding="utf-8")


def migration_files() -> list[Path]:
    """The files of db/migrations, in their order."""
    return sorted((sql_folder() / "migrations").glob("[0-9]*.sql"))
