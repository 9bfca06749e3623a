"""Summing the facts of days that are over, which reports read in place of the facts."""

from __future__ import annotations

from datetime import date

from collector.postgres.sessions import Connection
from collector.sql import load_sum

# What is computed of a day: db/sums/NAME.sql.
SUMS = ("sessions", "stages", "pages", "event_types", "quarters")


async def sum_changed_day(connection: Connection) -> date | None:
    """Sum one day whose facts have changed, within a transaction of who refreshes the facts.

    Returns the day, None where none is to be summed now. Raises what asyncpg raises.
    """
    await connection.execute(load_sum("thin_changed_days"))
    # Before the facts are read: what changes from now on leaves an entry behind.
    day: date | None = await connection.fetchval(load_sum("take_changed_day"))
    if day is not None:
        await sum_day(connection, day)
    return day


async def sum_day(connection: Connection, day: date) -> None:
    """Compute the sums of a day in place of its old ones. Raises what asyncpg raises."""
    await connection.execute(load_sum("forget"), day)
    for name in SUMS:
        await connection.execute(load_sum(name), day)
    await connection.execute(load_sum("record"), day)
