"""The disk of the spool fails: what was promised is in Postgres in the end, or is counted."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from pathlib import Path
from urllib.request import urlopen

from local.postgres import PostgresServer, pg_ctl, start_again
from tests.faults.collector_process import CollectorProcess, collector
from tests.faults.conftest import Extent
from tests.faults.sender import assert_kept, sending, stored_events
from tests.waiting import eventually


def remove_spool(folder: Path) -> None:
    """As by a person who cleans up: the folder is gone at once, then what was in it."""
    gone = folder / "gone"
    (folder / "spool").rename(gone)
    shutil.rmtree(gone)


async def test_the_folder_of_the_spool_is_removed_while_postgres_is_away(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str, extent: Extent
) -> None:
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            for _ in range(extent.kills // 2):
                await sender.wait_for(202, 50)
                await asyncio.to_thread(remove_spool, tmp_path)
                await eventually((tmp_path / "spool").exists)  # made anew when it is looked for
            await sender.wait_for(202, 50)
            await asyncio.to_thread(start_again, own_postgres)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        await assert_kept(own_database, sender.promised)
        assert process.metric("ct_spool_usable") == 1


async def test_bytes_of_the_spool_change_while_the_collector_is_down(
    tmp_path: Path, own_postgres: PostgresServer, own_database: str, extent: Extent
) -> None:
    chosen = random.Random(5)
    with collector(tmp_path, own_database) as process:
        async with sending(process.url) as sender:
            await sender.wait_for(200, 50)
            await asyncio.to_thread(pg_ctl, own_postgres, "-m", "fast", "stop")
            for _ in range(extent.kills):
                await sender.wait_for(202, 50)
                process.kill()
                damage_one_file(tmp_path / "spool", chosen)
                await asyncio.to_thread(process.start)
            await sender.wait_for(202, 50)
            await asyncio.to_thread(start_again, own_postgres)
            await sender.wait_for(200, 50)
        await process.wait_until_drained()
        missing = sender.promised.keys() - (await stored_events(own_database)).keys()
        damaged = process.metric("ct_spool_damaged_events")
        assert 0 < len(missing) <= damaged
        await eventually(lambda: warns_of_damage(process, int(damaged)))


def damage_one_file(folder: Path, chosen: random.Random) -> None:
    """Zeros in place of a kilobyte of a file of events."""
    path = chosen.choice([path for path in folder.glob("*.events") if path.stat().st_size > 4_096])
    with path.open("r+b") as file:
        file.seek(chosen.randrange(path.stat().st_size - 1_024))
        file.write(bytes(1_024))


def warns_of_damage(process: CollectorProcess, damaged: int) -> bool:
    """Whether /readyz says so."""
    with urlopen(process.url + "/readyz", timeout=10) as answer:
        warnings = json.load(answer)["warnings"]
    return f"{damaged} events that were promised are damaged in the spool" in warnings
