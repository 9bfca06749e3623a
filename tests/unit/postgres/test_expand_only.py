"""Migrations after a release only add: collectors of the release go on writing meanwhile.

What is not used any more goes with the version after, when no older one runs (docs/upgrading.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pglast
import pytest
from pglast.enums import AlterTableType, ConstrType, ObjectType

from collector.sql import migration_files
from tools.released import read_release, read_releases, record

DROPS = {
    ObjectType.OBJECT_TABLE,
    ObjectType.OBJECT_VIEW,
    ObjectType.OBJECT_FUNCTION,
    ObjectType.OBJECT_TYPE,
}
TAKING = {
    AlterTableType.AT_DropColumn: "drops a column",
    AlterTableType.AT_AlterColumnType: "changes a column's type",
    AlterTableType.AT_SetNotNull: "refuses null in a column",
    AlterTableType.AT_DropExpression: "drops an expression",
}
FILLED = {
    ConstrType.CONSTR_DEFAULT,
    ConstrType.CONSTR_IDENTITY,
    ConstrType.CONSTR_GENERATED,
}
REFUSING = {
    ConstrType.CONSTR_CHECK,
    ConstrType.CONSTR_UNIQUE,
    ConstrType.CONSTR_FOREIGN,
    ConstrType.CONSTR_EXCLUSION,
    ConstrType.CONSTR_NOTNULL,
}
# Those that take something away that no release uses: the name of the file, and why.
EXCEPTIONS: dict[str, str] = {}


def taken_away(sql: str) -> Iterator[str]:
    """What a migration takes from those that write by the schema before it."""
    for raw in pglast.parse_sql(sql):
        statement: Any = raw.stmt
        match type(statement).__name__:
            case "DropStmt" if statement.removeType in DROPS:
                yield "drops something"
            case "RenameStmt":
                yield "renames something"
            case "AlterTableStmt":
                yield from taken_from_table(statement.cmds)


def taken_from_table(commands: Any) -> Iterator[str]:
    """The same of one ALTER TABLE."""
    for command in commands:
        if command.subtype in TAKING:
            yield TAKING[command.subtype]
        if command.subtype == AlterTableType.AT_AddColumn:
            kinds = {constraint.contype for constraint in command.def_.constraints or ()}
            if ConstrType.CONSTR_NOTNULL in kinds and not kinds & FILLED:
                yield "adds a column that older versions leave empty and that may not be"
        if command.subtype == AlterTableType.AT_AddConstraint and command.def_.contype in REFUSING:
            yield "adds a constraint that rows of older versions may break"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("ALTER TABLE t ADD COLUMN a TEXT", []),
        ("ALTER TABLE t ADD COLUMN a TEXT CHECK (a <> '')", []),
        ("ALTER TABLE t ADD COLUMN a TEXT NOT NULL DEFAULT 'x'", []),
        ("ALTER TABLE t ADD COLUMN a BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL", []),
        ("CREATE TABLE u (a INT NOT NULL); CREATE INDEX ON t (a)", []),
        ("ALTER TABLE t DROP CONSTRAINT c", []),
        ("DROP INDEX i; DROP TRIGGER x ON t", []),
        ("ALTER TABLE t ALTER COLUMN a DROP NOT NULL", []),
        ("ALTER TABLE t ADD COLUMN a TEXT NOT NULL", ["adds a column"]),
        ("ALTER TABLE t DROP COLUMN a", ["drops a column"]),
        ("ALTER TABLE t ALTER COLUMN a TYPE BIGINT", ["changes a column's type"]),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", ["refuses null"]),
        ("ALTER TABLE t ADD CHECK (a > 0)", ["adds a constraint"]),
        ("ALTER TABLE t ADD UNIQUE (a)", ["adds a constraint"]),
        ("ALTER TABLE t RENAME COLUMN a TO b", ["renames"]),
        ("ALTER TABLE t RENAME TO u", ["renames"]),
        ("ALTER FUNCTION f() RENAME TO g", ["renames"]),
        ("DROP TABLE t", ["drops something"]),
        ("DROP FUNCTION f(TEXT); DROP VIEW v", ["drops something", "drops something"]),
    ],
)
def test_what_takes_something_away_is_told_from_what_adds(sql: str, found: list[str]) -> None:
    told = list(taken_away(sql))
    assert len(told) == len(found)
    assert all(text.startswith(begin) for text, begin in zip(told, found, strict=True))


def test_migrations_after_the_first_kept_release_only_add() -> None:
    first = min(release.schema for release in read_releases())
    later = [file for file in migration_files() if int(file.name[:4]) > first]
    found = {file.stem: list(taken_away(file.read_text("utf-8"))) for file in later}
    assert {name: told for name, told in found.items() if told and name not in EXCEPTIONS} == {}


def test_what_is_kept_of_a_version_is_read_as_it_was(tmp_path: Any) -> None:
    file = tmp_path / "1.2.3.sql"
    file.write_text(record(), "utf-8")
    release = read_release(file)
    assert release.version == "1.2.3"
    assert release.schema == int(migration_files()[-1].name[:4])
    insert = release.statements["queries/insert_events"]
    assert insert.startswith("WITH stored AS (")
    assert insert.rstrip().endswith(";")
    assert "-- include" not in file.read_text()
    assert not any(name.startswith("queries/doctor") for name in release.statements)
