"""`conversion-tracking replay`, as a process."""

from __future__ import annotations

from pathlib import Path

from collector.spool.spool import open_spool
from tests.commands import run
from tests.integration.spool.old_spool import write_old_spool
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
        await spool.append([event_row(1), event_row(2, page_title="x" * 600), event_row(3)])
    result = run("replay", "--spool", str(tmp_path), CT_DATABASE_URL=database)
    assert result.returncode == 0
    assert "2 events replayed, 1 refused" in result.stdout
    assert "1 refused events are kept; --refused tries them again" in result.stdout
    await execute(database, "ALTER TABLE conversion_events ALTER page_title TYPE VARCHAR(999)")
    result = run("replay", "--spool", str(tmp_path), "--refused", CT_DATABASE_URL=database)
    assert (result.returncode, "1 events replayed, 0 refused" in result.stdout) == (0, True)
    assert await count(database) == 3


async def test_damaged_files_that_were_kept_aside_are_read_as_far_as_they_can_be(
    tmp_path: Path, database: str
) -> None:
    old = write_old_spool(tmp_path, 600, killed=False)
    content = old.read_bytes()
    old.unlink()
    aside = tmp_path / "spool-0.sqlite3.damaged-1"
    aside.write_bytes(b"\xff" * 4_096 + content[4_096:40_960] + bytes(4_096) + content[45_056:])
    async with open_spool(tmp_path, "spool-1", NO_LIMIT) as spool:
        await spool.append([event_row(n) for n in range(1_001, 1_101)])
        log = spool.path.with_name(f"spool-1.{1:020d}.events")
    damaged = bytearray(log.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    log.rename(tmp_path / "spool-1.events.damaged-3")
    (tmp_path / "spool-1.events.damaged-3").write_bytes(damaged)
    (tmp_path / "spool-1.counts").unlink()
    result = run("replay", "--spool", str(tmp_path), CT_DATABASE_URL=database)
    assert (result.returncode, result.stderr) == (0, "")
    [log_line] = [line for line in result.stdout.splitlines() if "spool-1.events.damaged" in line]
    assert "99 events are read, 99 of them are in Postgres, 1 cannot be read" in log_line
    [old_line] = [line for line in result.stdout.splitlines() if "sqlite3.damaged" in line]
    stored = await count(database) - 99
    assert stored > 570
    assert f"{stored} of them are in Postgres, {600 - stored} cannot be read" in old_line
