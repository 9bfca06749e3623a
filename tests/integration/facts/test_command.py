"""`conversion-tracking facts`, as a process."""

from __future__ import annotations

import asyncio
import os
import subprocess

import asyncpg

from collector.sql import load_query
from tests.commands import run_command
from tests.support import execute, fetch

STORE = """
INSERT INTO conversion_events (session_id, event_type, event_name, received_at, created_at)
VALUES ('{session}', 'page_view', 'Page', now(), now() - interval '{ago}')
"""


async def run_facts(database: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    environment = {**os.environ, "CT_DATABASE_URL": database}
    return await asyncio.to_thread(run_command, "facts", *options, environment=environment)


async def sessions(database: str) -> int:
    [row] = await fetch(database, "SELECT count(*) FROM session_facts")
    return int(row["count"])


async def test_it_brings_the_facts_up_to_the_events_and_says_how_far(database: str) -> None:
    await execute(database, STORE.format(session="a", ago="1 day"))
    done = await run_facts(database)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the facts are complete until 20")
    assert await sessions(database) == 1


async def test_what_was_loaded_with_an_old_time_needs_a_rebuild(database: str) -> None:
    await run_facts(database)
    await execute(database, STORE.format(session="a", ago="1 day"))
    await run_facts(database)
    assert await sessions(database) == 0
    assert (await run_facts(database, "--rebuild")).returncode == 0
    assert await sessions(database) == 1


async def test_it_gives_way_to_a_process_that_is_at_it(database: str) -> None:
    other = await asyncpg.connect(database)
    async with other.transaction():
        await other.fetch(load_query("lock_facts"), "0")
        done = await run_facts(database)
    await other.close()
    assert (done.returncode, done.stdout) == (1, "")
    assert "another process refreshes the facts now" in done.stderr


async def test_a_database_that_is_away_is_said_in_one_line(database: str) -> None:
    done = await run_facts(f"{database}_nowhere")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
