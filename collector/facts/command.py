"""The command `conversion-tracking facts`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

import asyncpg

from collector.errors import OperatorError
from collector.facts.refresh import forget_facts, refresh
from collector.facts.sums import sum_changed_days
from collector.postgres.sessions import own_connection
from collector.settings import Settings


class FactsError(OperatorError):
    """The facts cannot be computed now. The message says why."""


def add_facts(command: argparse.ArgumentParser, read_settings: Callable[[], Settings]) -> None:
    """The command `facts` and its options."""
    command.add_argument(
        "--rebuild",
        action="store_true",
        help="look at all events again, as after events were loaded with an old created_at",
    )
    command.set_defaults(run=lambda options: run_facts_now(read_settings(), options.rebuild))


def run_facts_now(settings: Settings, rebuild: bool) -> None:
    """`facts`. Raises FactsError."""
    try:
        asyncio.run(
            refresh_now(settings.database_url, rebuild, lambda line: print(line, flush=True))
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise FactsError(f"the facts cannot be computed: {error}") from error


async def refresh_now(url: str, rebuild: bool, say: Callable[[str], None]) -> None:
    """Refresh until the facts are complete, and say how far they are. Raises as asyncpg does.

    Raises FactsError where another process is at it.
    """
    sessions = 0
    async with own_connection(url, "facts") as connection:
        if rebuild:
            await forget_facts(connection)
        while step := await refresh(connection):
            sessions += step.sessions
            if step.complete_until:
                await sum_changed_days(connection)
                say(f"the facts are complete until {step.complete_until.isoformat()}")
                return
            say(f"{sessions} sessions, events until {step.noted_until.isoformat()}")
    raise FactsError("another process refreshes the facts now; a collector does so by itself")
