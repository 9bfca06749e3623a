"""Whether the database's schema is this version's."""

from __future__ import annotations

from collections.abc import Set

from collector.sql import migration_files


def describe_schema(applied: Set[int]) -> str | None:
    """What is to be done where migrations are missing, by the numbers of those that were applied.

    None where all are there. A database with more of them is one that a newer version has
    migrated: older ones go on writing to it (docs/upgrading.md).
    """
    missing = [file.stem for file in migration_files() if int(file.name[:4]) not in applied]
    if not missing:
        return None
    return (
        f"the database lacks migrations of this version, from {missing[0]} on: run "
        "`conversion-tracking migrate`; events that need them wait on disk until then"
    )
