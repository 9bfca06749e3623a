"""The commands `deliver` and `deliveries`."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from collector.conversions.outbox import Waiting, count_deliveries, read_waiting, save_destinations
from collector.conversions.serve import configured_destinations, deliver
from collector.errors import OperatorError
from collector.postgres.sessions import Connection, own_connection
from collector.settings import Settings
from collector.sql import load_conversions

Work = Callable[[argparse.Namespace, Connection, Settings], Awaitable[Sequence[str]]]

# Queueing the events of days that are long past may take a while.
STATEMENT_SECONDS = 600.0
AGE = re.compile(r"(\d{1,4})([dh])", re.ASCII)
UNITS = {"d": "days", "h": "hours"}


class DeliveriesError(OperatorError):
    """The command cannot do what it was asked. The message says why."""


def add_deliver(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `deliver`."""
    command.set_defaults(run=lambda _options: deliver(read_settings()))


def add_deliveries(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `deliveries` and its actions."""

    def runs(work: Work) -> Callable[[argparse.Namespace], None]:
        return lambda options: run_work(work, options, read_settings())

    command.set_defaults(run=runs(show))
    actions = command.add_subparsers(metavar="ACTION")

    def add(name: str, text: str, work: Work) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=text, description=text)
        parser.add_argument("destination")
        parser.set_defaults(run=runs(work))
        return parser

    add("resume", "send to a paused destination again at once", resume)
    retry = add("retry", "send again what the platform refused", retry_refused)
    retry.add_argument("--reason", help="only what has this reason, as `deliveries` shows it")
    queue = add("queue", "queue events that are stored already", queue_stored)
    text = "how far back, such as 3d or 12h; older ones than the platform takes expire"
    queue.add_argument("--since", type=age, required=True, help=text)


def age(text: str) -> timedelta:
    """A number of days or hours. Raises ValueError, which argparse turns into a line."""
    found = AGE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def run_work(work: Work, options: argparse.Namespace, settings: Settings) -> None:
    """Run an action, and print what it says. Raises DeliveriesError and DestinationError."""
    try:
        lines = asyncio.run(on_connection(work, options, settings))
    except asyncpg.UndefinedTableError:
        raise DeliveriesError(
            "the database lacks tables; run `conversion-tracking migrate`"
        ) from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DeliveriesError(f"cannot use the database of CT_DATABASE_URL: {error}") from error
    print(*lines, sep="\n")


async def on_connection(
    work: Work, options: argparse.Namespace, settings: Settings
) -> Sequence[str]:
    """What an action says. Raises what asyncpg raises."""
    async with own_connection(settings.database_url, "deliveries", STATEMENT_SECONDS) as connection:
        return await work(options, connection, settings)


async def show(
    _options: argparse.Namespace, connection: Connection, _settings: Settings
) -> Sequence[str]:
    """`deliveries`: what waits, and what became of all."""
    waiting = await read_waiting(connection)
    counts = await count_deliveries(connection)
    if not waiting and not counts:
        return [
            "no destination is known; `conversion-tracking deliver` makes those of its file known"
        ]
    return [*(waiting_line(one) for one in waiting), "", *(count_line(row) for row in counts)]


def waiting_line(one: Waiting) -> str:
    """A destination in a line."""
    words = [f"{one.name}: {one.pending} waiting"]
    if one.is_paused:
        words.append(f"paused: {one.reason}; {one.advice}")
    elif one.reason:
        words.append(f"takes nothing now: {one.reason}")
    if not one.is_held:
        words.append("no process sends to it")
    if one.warning:
        words.append(one.warning)
    return "; ".join(words)


def count_line(row: Any) -> str:
    """How many have one state."""
    destination, state, reason, count, oldest = row
    why = f" ({reason})" if reason else ""
    return f"{destination}: {count} {state}{why}, since {oldest:%Y-%m-%d %H:%M}"


async def resume(
    options: argparse.Namespace, connection: Connection, _settings: Settings
) -> Sequence[str]:
    """`deliveries resume`. Raises DeliveriesError."""
    if await connection.fetchval(load_conversions("resume_destination"), options.destination):
        return [f"{options.destination} is sent to again"]
    raise DeliveriesError(f"no process has sent to {options.destination} yet; is it misspelt?")


async def retry_refused(
    options: argparse.Namespace, connection: Connection, _settings: Settings
) -> Sequence[str]:
    """`deliveries retry`."""
    count = await connection.fetchval(
        load_conversions("retry_deliveries"), options.destination, options.reason
    )
    return [f"{count} are sent again"]


async def queue_stored(
    options: argparse.Namespace, connection: Connection, settings: Settings
) -> Sequence[str]:
    """`deliveries queue`. Raises DeliveriesError and DestinationError."""
    destinations = configured_destinations(settings)
    if options.destination not in destinations:
        known = ", ".join(destinations)
        raise DeliveriesError(
            f"{options.destination} is not in {settings.destinations_file}: {known}"
        )
    await save_destinations(connection, destinations)
    now = datetime.now(UTC)
    rows = await connection.fetch(
        load_conversions("queue_deliveries"), options.destination, now - options.since, now
    )
    return [
        f"{count} {state}" + (f" ({reason})" if reason else "") for state, reason, count in rows
    ] or ["nothing to queue"]
