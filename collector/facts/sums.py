"""Summing the facts of days that are over, which reports read in place of the facts."""

from __future__ import annotations

from datetime import date

from collector.facts.refresh import facts_transaction
from collector.postgres.sessions import Connection
from collector.sql import load_sum

# What is computed of a day: db/sums/NAME.sql.
SUMS = ("sessions", "stages", "pages", "event_types", "quarters")


async def sum_changed_day(connection: Connection) -> date | None:
    """Sum one day whose facts have changed, in a transaction of its own.

    Returns the day, None where none is to be summed now, or where another process is at the facts.
    Raises what asyncpg raises.
    """
    async with facts_transaction(connection) as is_ours:
        if not is_ours:
            return None
        await connection.execute(load_sum("thin_changed_days"))
        # Before the facts are read: what changes from now on leaves an entry behind.
        day: date | None = await connection.fetchval(load_sum("take_changed_day"))
        if day is not None:
            await sum_day(connection, day)
        return day


async def sum_changed_days(connection: Connection) -> int:
    """Sum all days that are to be summed now. Returns how many. Raises what asyncpg raises."""
    days = 0
    while await sum_changed_day(connection):
        days += 1
    return days


async def sum_day(connection: Connection, day: date) -> None:
    """Compute the sums of a day in place of its old ones. Raises what asyncpg raises."""
    await connection.execute(load_sum("forget"), day)
    for name in SUMS:
        await connection.execute(load_sum(name), day)
    await connection.execute(load_sum("record"), day)
