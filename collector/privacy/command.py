"""The command `retention`: taking away what is too old, or saying how much that is."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import asyncpg

from collector.facts.keeper import connect
from collector.privacy.retention import (
    Ages,
    Cutoffs,
    Retention,
    RetentionBusy,
    ages_of,
    find_cutoffs,
)
from collector.settings import Settings
from collector.sql import load_retention

Say = Callable[[str], None]
Work = Callable[[argparse.Namespace, Settings, Say], Awaitable[None]]


class PrivacyError(Exception):
    """The command cannot do what it was asked. The message says why."""


def add_retention(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    read_settings: Callable[[], Settings],
) -> None:
    """The command `retention` and its options."""
    text = "delete what is older than the settings CT_RETENTION_... keep it, as collectors do"
    command = commands.add_parser("retention", help=text, description=text)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--dry-run", action="store_true", help="say how much it is, delete nothing")
    which.add_argument("--once", action="store_true", help="do it now, and say how much it was")
    command.set_defaults(run=lambda options: run_work(retain, options, read_settings()))


def run_work(work: Work, options: argparse.Namespace, settings: Settings) -> None:
    """Run a command of privacy. Raises PrivacyError where the database cannot be used."""
    try:
        asyncio.run(work(options, settings, lambda line: print(line, flush=True)))  # type: ignore[arg-type]  # every Work is a coroutine
    except asyncpg.UndefinedTableError:
        raise PrivacyError("the database lacks tables; run `conversion-tracking migrate`") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise PrivacyError(f"cannot use the database of CT_DATABASE_URL: {error}") from error


async def retain(options: argparse.Namespace, settings: Settings, say: Say) -> None:
    """`retention`. Raises PrivacyError where another process is at it."""
    ages = ages_of(settings)
    for line in age_lines(ages):
        say(line)
    async with connect(settings.database_url, "retention") as connection:
        cutoffs = await find_cutoffs(connection, ages)
        if options.dry_run:
            found = await connection.fetch(load_retention("counts"), *count_arguments(cutoffs))
            rows = {row["place"]: row["rows"] for row in found}
        else:
            taken: Counter[str] = Counter()
            retention = Retention(
                connection,
                cutoffs,
                lambda place, rows: taken.update({place: rows}),
                has_facts=settings.facts_seconds > 0,
            )
            try:
                await retention.run()
            except RetentionBusy as error:
                raise PrivacyError(f"{error}; a collector does so once an hour") from error
            rows = taken
    for line in row_lines(rows, "to go" if options.dry_run else "gone"):
        say(line)


def count_arguments(cutoffs: Cutoffs) -> tuple[object, ...]:
    """The parameters of db/retention/counts.sql."""
    return (
        cutoffs.events,
        cutoffs.sessions,
        cutoffs.addresses,
        cutoffs.rejects,
        cutoffs.sessions_midnight,
    )


def age_lines(ages: Ages) -> list[str]:
    """What is kept how long."""
    named = {
        "events": ages.events,
        "sessions and orders": ages.sessions,
        "addresses and User-Agents": ages.addresses,
        "rejected events": ages.rejects,
    }
    return [f"{name}: {days_text(days)}" for name, days in named.items()]


def days_text(days: int | None) -> str:
    """An age in words."""
    return "for good" if days is None else f"{days} days"


def row_lines(rows: Mapping[str, int], became: str) -> list[str]:
    """How many rows of which table; addresses are emptied in rows that stay."""
    return [
        f"{place.replace('_addresses', ' (addresses)')}: {count} {became}"
        for place, count in rows.items()
    ]
