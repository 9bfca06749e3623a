"""`conversion-tracking replay`, as a process."""

from __future__ import annotations

from pathlib import Path

from collector.spool.spool import open_spool
from tests.integration.test_cli import run
from tests.support import execute, fetch
from tests.unit.events import event_row

NO_LIMIT = 1_000_000_000


async def fill(folder: Path, name: str, numbers: range) -> None:
    """A spool of a collector that has stopped."""
    async with open_spool(folder, name, NO_LIMIT) as spool:
        await spool.append([event_row(n) for n in numbers])


async def count(database: str) -> int:
    """Events in Postgres."""
    [row] = await fetch(database, "SELECT count(*) AS events FROM conversion_events")
    return int(row["events"])


async def depth(folder: Path, name: str) -> int:
    """Events that wait in a spool."""
    async with open_spool(folder, name, NO_LIMIT) as spool:
        return spool.depth


async def test_it_drains_every_spool_of_a_folder_and_says_how_many(
    tmp_path: Path, database: str
) -> None:
    await fill(tmp_path, "spool-0", range(1, 501))
    await fill(tmp_path, "spool-1", range(400, 601))
    result = run("replay", "--spool", str(tmp_path), CT_DATABASE_URL=database)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{tmp_path}/spool-0: 500 events wait",
        f"{tmp_path}/spool-0: 500 events replayed, 0 refused",
        f"{tmp_path}/spool-1: 201 events wait",
        f"{tmp_path}/spool-1: 201 events replayed, 0 refused",
    ]
    assert await count(database) == 600
    again = run("replay", CT_DATABASE_URL=database, CT_SPOOL_DIR=str(tmp_path))
    assert (again.returncode, "0 events replayed" in again.stdout) == (0, True)


def test_without_a_spool_it_says_so(tmp_path: Path, database: str) -> None:
    result = run("replay", "--spool", str(tmp_path / "none"), CT_DATABASE_URL=database)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert f"there is no spool in {tmp_path / 'none'}" in line


async def test_while_postgres_is_away_it_keeps_everything(tmp_path: Path) -> None:
    await fill(tmp_path, "spool-0", range(1, 11))
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    result = run("replay", "--spool", str(tmp_path), CT_DATABASE_URL=nowhere)
    assert result.returncode == 1
    assert "10 are still there: run the command again" in result.stderr
    assert "Traceback" not in result.stderr
    assert await depth(tmp_path, "spool-0") == 10


async def test_a_spool_in_use_is_named_and_the_others_are_drained(
    tmp_path: Path, database: str
) -> None:
    await fill(tmp_path, "spool-1", range(1, 11))
    async with open_spool(tmp_path, "spool-0", NO_LIMIT):
        result = run("replay", "--spool", str(tmp_path), CT_DATABASE_URL=database)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert "spool-0 is in use by process" in line
    assert await count(database) == 10


async def test_refused_events_are_kept_until_they_are_tried_again(
    tmp_path: Path, database: str
) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(1), event_row(2, channel="x" * 60), event_row(3)])
    result = run("replay", "--spool", str(tmp_path), CT_DATABASE_URL=database)
    assert result.returncode == 0
    assert "2 events replayed, 1 refused" in result.stdout
    assert "1 refused events are kept; --refused tries them again" in result.stdout
    await execute(database, "ALTER TABLE conversion_events ALTER channel TYPE VARCHAR(99)")
    await execute(database, "ALTER TABLE conversion_funnel ALTER channel TYPE VARCHAR(99)")
    result = run("replay", "--spool", str(tmp_path), "--refused", CT_DATABASE_URL=database)
    assert (result.returncode, "1 events replayed, 0 refused" in result.stdout) == (0, True)
    assert await count(database) == 3
