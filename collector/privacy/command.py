"""The commands `retention`, `erase` and `export`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import asyncpg

from collector.errors import OperatorError, SpoolUnavailable
from collector.postgres.sessions import Connection, own_connection
from collector.privacy.erase import (
    EraseBusy,
    count_person,
    erase,
    find_by_email_hash,
    find_erased,
    find_person,
)
from collector.privacy.export import export_person
from collector.privacy.identity import (
    Matcher,
    Person,
    Tombstone,
    parse_tombstone,
    user_uuid,
)
from collector.privacy.receipt import Receipt, export_line, row_lines
from collector.privacy.retention import (
    Ages,
    Cutoffs,
    Retention,
    RetentionBusy,
    ages_of,
    find_cutoffs,
)
from collector.privacy.spools import erase_from_spools
from collector.settings import Settings
from collector.spool.file import SpoolOpenError
from collector.sql import load_privacy

Say = Callable[[str], None]
Work = Callable[[argparse.Namespace, Settings, Say], Awaitable[None]]


# Finding a browser reads all events.
STATEMENT_SECONDS = 3_600.0
HASH_BYTES = 32


class PrivacyError(OperatorError):
    """The command cannot do what it was asked. The message says why."""


def add_retention(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `retention` and its options."""
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--dry-run", action="store_true", help="say how much it is, delete nothing")
    which.add_argument("--once", action="store_true", help="do it now, and say how much it was")
    command.set_defaults(run=lambda options: run_work(retain, options, read_settings()))


def add_erase(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `erase` and its options."""
    add_person(command).add_argument(
        "--again",
        nargs="?",
        const="",
        metavar="RECEIPTS",
        help="those who were erased before, after a backup brought them back; with a file of "
        "receipts (--json) those of the file too, - for stdin",
    )
    command.add_argument("--dry-run", action="store_true", help="say how much it is")
    command.add_argument("--json", action="store_true", help="the receipt as a line of JSON")
    command.add_argument(
        "--spool",
        type=Path,
        action="append",
        metavar="DIR",
        help="a folder of spools, of a collector elsewhere; may be given several times "
        "(default: CT_SPOOL_DIR)",
    )
    command.set_defaults(run=lambda options: run_work(erase_asked, options, read_settings()))


def add_export(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `export` and its options."""
    add_person(command)
    command.set_defaults(run=lambda options: run_work(export_asked, options, read_settings()))


def add_person(command: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """By what a person is known; one is needed."""
    known = command.add_mutually_exclusive_group(required=True)
    known.add_argument("--user", metavar="ID", help="a user id, as it was sent or as its UUID")
    known.add_argument("--visitor", metavar="ID", help="a visitor_id: one browser")
    known.add_argument("--session", metavar="ID", help="a session_id: one visit")
    known.add_argument(
        "--email-hash",
        type=email_hash,
        metavar="SHA256",
        help="SHA-256 of an e-mail address in lower case, as hexadecimal digits",
    )
    return known


def email_hash(text: str) -> str:
    """A SHA-256 as hexadecimal digits. Raises ValueError, which argparse turns into a line."""
    digest = text.strip().lower()
    if len(bytes.fromhex(digest)) != HASH_BYTES:
        raise ValueError(text)
    return digest


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
    async with own_connection(settings.database_url, "retention") as connection:
        cutoffs = await find_cutoffs(connection, ages)
        if options.dry_run:
            found = await connection.fetch(load_privacy("counts"), *count_arguments(cutoffs))
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


async def erase_asked(options: argparse.Namespace, settings: Settings, say: Say) -> None:
    """`erase`. Raises PrivacyError where it is not done to the end."""
    stones = read_receipts(options.again) if options.again else []
    namespace = settings.user_id_namespace
    folders = options.spool or [settings.spool_dir]
    async with own_connection(settings.database_url, "erase", STATEMENT_SECONDS) as connection:
        find = partial(find_asked, connection, options, settings)
        if options.dry_run:
            person = await find()
            matcher = Matcher(frozenset(person.digests()), namespace)
            counts = await count_person(connection, person, matcher)
            for line in row_lines(counts, "to go"):
                say(line)
            return
        try:
            erased = await erase(connection, find, namespace, asked_by(options), stones)
            digests = {stone.digest for stone in erased.tombstones}
            matcher = Matcher(frozenset(digests), namespace)
            dropped, left = await erase_from_spools(folders, matcher, settings.spool_max_bytes)
        except (EraseBusy, SpoolOpenError, SpoolUnavailable) as error:
            raise PrivacyError(f"{error}; run the command again for what is left") from error
    receipt = Receipt(asked_by(options), erased, dropped, left)
    for line in [receipt.as_json()] if options.json else receipt.lines():
        say(line)


async def export_asked(options: argparse.Namespace, settings: Settings, say: Say) -> None:
    """`export`."""
    async with own_connection(settings.database_url, "export", STATEMENT_SECONDS) as connection:
        person = await find_asked(connection, options, settings)
        matcher = Matcher(frozenset(person.digests()), settings.user_id_namespace)
        async for place, row in export_person(connection, person, matcher):
            say(export_line(place, row))


async def find_asked(
    connection: Connection, options: argparse.Namespace, settings: Settings
) -> Person:
    """The person that the options name. Raises what asyncpg raises."""
    if options.user is not None:
        user = user_uuid(options.user, settings.user_id_namespace)
        return await find_person(connection, Person(users=frozenset([user])))
    if options.visitor is not None:
        return await find_person(connection, Person(visitors=frozenset([options.visitor])))
    if options.session is not None:
        return await find_person(connection, Person(sessions=frozenset([options.session])))
    if options.email_hash is not None:
        return await find_person(
            connection, await find_by_email_hash(connection, options.email_hash)
        )
    return await find_erased(connection)


def asked_by(options: argparse.Namespace) -> str:
    """Which option names the person."""
    names = ("user", "visitor", "session", "email_hash")
    return next((name for name in names if getattr(options, name) is not None), "again")


def read_receipts(file: str) -> list[Tombstone]:
    """The tombstones of receipts. Raises PrivacyError where a line is none."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PrivacyError(f"cannot read {file}: {error}") from error
    found: list[Tombstone] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found += [parse_tombstone(stone) for stone in json.loads(line)["tombstones"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PrivacyError(f"{file}: line {number} is no receipt of erase --json") from None
    return found


def count_arguments(cutoffs: Cutoffs) -> tuple[object, ...]:
    """The parameters of db/privacy/counts.sql."""
    return (
        cutoffs.events,
        cutoffs.sessions,
        cutoffs.addresses,
        cutoffs.rejects,
        cutoffs.sessions_midnight,
        cutoffs.deliveries,
        cutoffs.waiting,
    )


def age_lines(ages: Ages) -> list[str]:
    """What is kept how long."""
    named = {
        "events": ages.events,
        "sessions and orders": ages.sessions,
        "addresses and User-Agents": ages.addresses,
        "rejected events": ages.rejects,
        "settled deliveries": ages.deliveries,
    }
    return [f"{name}: {days_text(days)}" for name, days in named.items()]


def days_text(days: int | None) -> str:
    """An age in words."""
    return "for good" if days is None else f"{days} days"
