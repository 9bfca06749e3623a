"""The spool: what it promises to keep, in files and processes as they are."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from collector.errors import SpoolFull
from collector.spool.file import KEPT_BYTES, READ_BYTES, SpoolOpenError
from collector.spool.lock import SpoolInUse
from collector.spool.spool import Spool, open_free_spool, open_spool, spool_names
from collector.sql import load_spool_query
from tests.unit.events import NOON, event_row

CHILD = Path(__file__).with_name("spool_child.py")
NO_LIMIT = 1_000_000_000


def start_child(folder: Path, *arguments: object, root: Path) -> subprocess.Popen[str]:
    """A process that fills the spool-0 of a folder."""
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), *map(str, arguments)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def all_numbers(spool: Spool) -> list[int]:
    """The ids of all waiting events, in order."""
    return [s.row.id.int for s in await spool.read_oldest(NO_LIMIT)]


async def fill(spool: Spool) -> None:
    """Append two events at a time until the spool refuses."""
    for number in itertools.count(1, 2):
        await spool.append([event_row(number), event_row(number + 1)])


def size_of(folder: Path) -> int:
    """Bytes of all its files."""
    return sum(file.stat().st_size for file in folder.iterdir())


async def test_events_come_out_in_the_order_in_which_they_went_in(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "new" / "folder", "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(3), event_row(1)])
        await spool.append([event_row(2)])
        first, second = await spool.read_oldest(2)
        assert (first.row, second.row) == (event_row(3), event_row(1))
        await spool.remove([first.position, second.position])
        assert await all_numbers(spool) == [2]


async def test_large_events_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(n, page_title="x" * (READ_BYTES // 3)) for n in range(1, 6)])
        assert await all_numbers(spool) == [1, 2]
        await spool.append([event_row(6, page_title="x" * (READ_BYTES + 1))])
        await spool.remove(range(1, 6))
        assert await all_numbers(spool) == [6]


async def test_it_says_how_many_wait_and_since_when(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert (spool.depth, spool.oldest_at, spool.refused) == (0, None, 0)
        await spool.append([event_row(1, minute=5), event_row(2, minute=9)])
        assert (spool.depth, spool.oldest_at) == (2, NOON + timedelta(minutes=5))
        [first] = await spool.read_oldest(1)
        await spool.remove([first.position])
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert (spool.depth, spool.oldest_at) == (1, NOON + timedelta(minutes=9))


async def test_removing_again_removes_nothing_else(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(1)])
        [first] = await spool.read_oldest(1)
        await spool.remove([first.position])
        await spool.append([event_row(2)])
        await spool.remove([first.position])
        assert (spool.depth, await all_numbers(spool)) == (1, [2])


async def test_a_refused_event_is_kept_and_can_be_tried_again(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(1), event_row(2)])
        [first] = await spool.read_oldest(1)
        await spool.refuse(first.position, "23514 check_violation")
        assert (spool.depth, spool.refused, await all_numbers(spool)) == (1, 1, [2])
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert (spool.depth, spool.refused) == (1, 1)
        assert await spool.requeue_refused() == 1
        assert (spool.depth, spool.refused, await all_numbers(spool)) == (2, 0, [2, 1])


async def test_an_event_that_cannot_be_read_is_set_aside_and_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(1), event_row(2), event_row(3)])
    with sqlite3.connect(tmp_path / "spool-0.sqlite3") as file:
        file.execute("UPDATE waiting SET event = 'no event' WHERE position = 2")
    file.close()
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert await all_numbers(spool) == [1, 3]
        assert (spool.depth, spool.refused) == (2, 1)
    assert "set aside: unreadable" in caplog.text


async def test_past_its_limit_it_takes_nothing_and_keeps_what_it_has(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", 200_000) as spool:
        with pytest.raises(SpoolFull) as full:
            await fill(spool)
        assert (full.value.status, full.value.headers) == (503, {"Retry-After": "1"})
        taken = spool.depth
        assert taken > 200
        assert spool.size_bytes <= 200_000
        assert (tmp_path / "spool-0.sqlite3").stat().st_size <= 200_000
        await spool.remove([s.position for s in await spool.read_oldest(20)])
        await spool.append([event_row(taken + 1)])
        assert await all_numbers(spool) == list(range(21, taken + 2))


async def test_a_drained_spool_gives_its_space_back(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        for start in range(0, 4_000, 400):
            events = [event_row(n, page_title="x" * 1_000) for n in range(start, start + 400)]
            await spool.append(events)
        assert size_of(tmp_path) > 4_000_000
        while spool.depth:
            await spool.remove([s.position for s in await spool.read_oldest(500)])
        assert size_of(tmp_path) < KEPT_BYTES
        await spool.append([event_row(1)])
        assert await all_numbers(spool) == [1]


async def test_every_append_that_returned_survives_kill_9(tmp_path: Path, root: Path) -> None:
    chosen = random.Random(4)
    promised: list[int] = []
    for attempt in range(8):
        child = start_child(tmp_path, attempt * 1_000_000 + 1, root=root)
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        await asyncio.sleep(chosen.uniform(0, 0.15))
        child.kill()
        output, _ = child.communicate()
        lines = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
        promised += [int(number) for line in lines for number in line.split()]
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        kept = await all_numbers(spool)
        assert spool.depth == len(kept)
    assert len(promised) > 100
    assert [n for n in promised if n not in set(kept)] == []
    assert kept == sorted(set(kept))


async def test_a_second_process_is_refused_with_a_line_that_says_what_to_do(
    tmp_path: Path, root: Path
) -> None:
    child = start_child(tmp_path, 1, root=root)
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    assert child.stdout.readline() == "1 2 3 4 5 6 7\n"
    try:
        with pytest.raises(SpoolInUse) as caught:
            async with open_spool(tmp_path, "spool-0", NO_LIMIT):
                pass
        assert caught.value.pid == child.pid
        assert str(caught.value) == (
            f"the spool {tmp_path / 'spool-0.sqlite3'} is in use by process {child.pid}; "
            "stop that process, or set CT_SPOOL_DIR to another folder"
        )
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert spool.depth > 0


async def test_collectors_on_one_folder_take_the_first_free_spool(tmp_path: Path) -> None:
    async with open_free_spool(tmp_path, NO_LIMIT) as first:
        async with open_free_spool(tmp_path, NO_LIMIT) as second:
            assert spool_names(tmp_path) == ["spool-0", "spool-1"]
            assert first.path != second.path
        async with open_free_spool(tmp_path, NO_LIMIT) as third:
            assert third.path == second.path


async def test_a_disk_that_is_full_fails_the_append_and_loses_nothing(
    tmp_path: Path, root: Path
) -> None:
    child = start_child(tmp_path, 1, 150_000, root=root)
    output, errors = await asyncio.to_thread(child.communicate)
    *taken, last = output.splitlines()[1:]
    assert last.split()[0] == "spool_unavailable", errors
    assert "cannot be used" in errors
    promised = [int(number) for line in taken for number in line.split()]
    assert promised
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert await all_numbers(spool) == promised


@pytest.mark.parametrize("damage", ["not SQLite", "a page in the middle"])
async def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "spool-0.sqlite3"
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(n, page_title="x" * 300) for n in range(1, 200)])
    content = path.read_bytes()
    if damage == "not SQLite":
        broken = b"no SQLite file" * 1_000
    else:
        broken = content[:16_384] + b"\xff" * 8_192 + content[24_576:]
    path.write_bytes(broken)
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert spool.depth == 0
        await spool.append([event_row(1)])
    assert (tmp_path / "spool-0.sqlite3.damaged-1").read_bytes() == broken
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert str(path) in record.getMessage()
    assert spool_names(tmp_path) == ["spool-0"]


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolOpenError, match=r"file/spool cannot be used: .*CT_SPOOL_DIR"):
        async with open_spool(tmp_path / "file" / "spool", "spool-0", NO_LIMIT):
            pass


async def test_only_the_owner_can_read_the_events(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "spool", "spool-0", NO_LIMIT):
        assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


def test_the_sql_of_the_spool_says_what_it_answers_and_runs(root: Path) -> None:
    files = sorted((root / "db" / "spool").glob("*.sql"))
    assert files
    database = sqlite3.connect(":memory:")
    database.executescript(load_spool_query("schema"))
    for file in files:
        text = file.read_text()
        assert text.startswith("-- "), file
        for word in ("Parameters:", "Columns:"):
            assert word in text, (file, word)
        database.executescript(text.replace("?1", "1").replace("?2", "2"))
    database.close()
