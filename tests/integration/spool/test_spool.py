"""The spool: what it promises to keep, in files and processes as they are."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from collector.codec import encode_row
from collector.errors import SpoolFull
from collector.spool.file import KEPT_BYTES, SpoolOpenError, open_spool_file
from collector.spool.lock import SpoolInUse
from collector.spool.segment import READ_BYTES
from collector.spool.spool import Spool, open_free_spool, open_spool, spool_names
from collector.spool.watched import WatchedFile
from tests.unit.events import NOON, event_row

CHILD = Path(__file__).with_name("spool_child.py")
OLD_SCHEMA = Path(__file__).with_name("old_schema.sql")
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


async def drain_numbers(spool: Spool) -> list[int]:
    """The same, however many: each is taken out when it is read."""
    numbers: list[int] = []
    while some := await spool.read_oldest(NO_LIMIT):
        numbers += [one.row.id.int for one in some]
        await spool.remove([one.position for one in some])
    return numbers


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
    deep = b'{"version":1,"event":{"metadata":%b}}' % (b"[" * 100_000 + b"]" * 100_000)
    file = open_spool_file(tmp_path, "spool-0", NO_LIMIT)
    file.append(
        [
            (NOON, encode_row(event_row(1))),
            (NOON, b"no event"),
            (NOON, deep),
            (NOON, encode_row(event_row(3))),
        ]
    )
    file.close()
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert await all_numbers(spool) == [1, 3]
        assert (spool.depth, spool.refused, spool.damaged) == (2, 2, 0)
    assert "set aside: unreadable: not an event: JSONDecodeError" in caplog.text
    assert "set aside: unreadable: not a row: RecursionError" in caplog.text


async def test_past_its_limit_it_takes_nothing_and_keeps_what_it_has(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", 200_000) as spool:
        with pytest.raises(SpoolFull) as full:
            await fill(spool)
        assert (full.value.status, full.value.headers) == (503, {"Retry-After": "1"})
        taken = spool.depth
        assert taken > 200
        assert spool.size_bytes <= 200_000
        assert size_of(tmp_path) <= 200_000
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
        depth = spool.depth
        kept = await drain_numbers(spool)
        assert depth == len(kept)
    assert len(promised) > 100
    assert set(promised) <= set(kept)
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
            f"the spool {tmp_path / 'spool-0'} is in use by process {child.pid}; "
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


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolOpenError, match=r"file/spool cannot be used: .*CT_SPOOL_DIR"):
        async with open_spool(tmp_path / "file" / "spool", "spool-0", NO_LIMIT):
            pass


async def test_only_the_owner_can_read_the_events(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    for name in ("spool-0.lock", "spool-0.counts", "spool-0.refused"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    async with open_spool(folder, "spool-0", NO_LIMIT) as spool:
        await spool.append([event_row(1)])
        for path in (folder, *folder.iterdir()):
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("why", ["holds other things", "belongs to all", "belongs to another"])
async def test_an_open_folder_that_is_not_the_collectors_alone_stops_the_start(
    tmp_path: Path, why: str
) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    folder.chmod(0o1777 if why == "belongs to all" else 0o755)
    if why == "holds other things":
        (folder / "other").write_text("")
    if why == "belongs to another":
        if os.geteuid() == 0:
            os.chown(folder, 12_345, 12_345)
        else:
            folder = Path("/usr")
    mode = folder.stat().st_mode
    with pytest.raises(SpoolOpenError, match="other users may read it"):
        async with open_spool(folder, "spool-0", NO_LIMIT):
            pass
    assert folder.stat().st_mode == mode


async def test_a_full_spool_says_so_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    watched = WatchedFile(tmp_path, "spool-0", 100_000, clock=lambda: now)
    large = [(NOON, b"x" * 200_000)]
    for _ in range(500):
        with pytest.raises(SpoolFull):
            watched.use(lambda file: file.append(large))
    [first] = caplog.records
    assert "is full: events are answered 503" in first.getMessage()
    now = 61.0
    with pytest.raises(SpoolFull):
        watched.use(lambda file: file.append(large))
    assert "(499 times more since the last such line)" in caplog.records[-1].getMessage()
    assert len(caplog.records) == 2
    watched.close()


def test_the_sql_of_the_spool_says_what_it_answers_and_runs(root: Path) -> None:
    files = sorted((root / "db" / "spool").glob("*.sql"))
    assert files
    database = sqlite3.connect(":memory:")
    database.executescript(OLD_SCHEMA.read_text())
    for file in files:
        text = file.read_text()
        assert text.startswith("-- "), file
        for word in ("Parameters:", "Columns:"):
            assert word in text, (file, word)
        database.executescript(text)
    database.close()
