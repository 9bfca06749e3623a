"""Damage on disk: each promised event comes back unaltered, or is counted as damaged."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from collector.errors import SpoolUnavailable
from collector.event_row import EventRow
from collector.spool.disk import read_part
from collector.spool.file import SpoolFile
from collector.spool.spool import Spool, open_spool
from collector.spool.watched import WatchedFile
from tests.unit.events import NOON, event_row

NO_LIMIT = 1_000_000_000

# Small, so that there are many files of the log: one is begun at a 32nd of it.
SMALL_LIMIT = 1_000_000

# The test of random damage goes on for so long; `make test-faults` gives it a minute.
SECONDS = 60.0 if os.environ.get("FAULTS") == "full" else 4.0


def row(number: int) -> EventRow:
    """An event of a size of its own."""
    return event_row(number, page_title="x" * (number * 37 % 900))


async def fill(folder: Path, events: int, max_bytes: int = NO_LIMIT) -> None:
    """A spool with so many events, in appends of a few."""
    async with open_spool(folder, "spool-0", max_bytes) as spool:
        for start in range(1, events + 1, 25):
            await spool.append([row(n) for n in range(start, min(start + 25, events + 1))])


async def drained(spool: Spool) -> list[EventRow]:
    """All that can be read, removed as if it were stored."""
    rows: list[EventRow] = []
    while spool.depth:
        batch = await spool.read_oldest(200)
        rows += [spooled.row for spooled in batch]
        await spool.remove([spooled.position for spooled in batch])
    return rows


def log_of(folder: Path, pattern: str = "*.events") -> list[Path]:
    """The files that hold the events."""
    return sorted(folder.glob(pattern))


def overwrite(path: Path, offset: int, content: bytes) -> None:
    """Damage a part of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


async def test_a_destroyed_page_costs_its_own_events_and_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(tmp_path, 6_000)
    [log] = log_of(tmp_path)
    overwrite(log, 40_960, b"\xff" * 4_096)
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        damaged = spool.damaged
        assert 3 <= damaged <= 20
        rows = await drained(spool)
        assert spool.damaged == damaged
    assert len(rows) + damaged == 6_000
    assert rows == [row(r.id.int) for r in rows]
    assert f"{damaged} events that were promised are damaged" in caplog.text
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert (spool.depth, spool.damaged) == (0, damaged)  # it is not forgotten
    assert log_of(tmp_path, "*.damaged-1")  # kept, for a person to look at


async def test_damage_while_the_spool_is_open_is_found_when_it_is_read(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([row(n) for n in range(1, 101)])
        [log] = log_of(tmp_path)
        overwrite(log, log.stat().st_size // 2, b"\x00")
        assert (spool.depth, spool.damaged) == (100, 0)
        rows = await drained(spool)
        assert (len(rows), spool.depth, spool.damaged) == (99, 0, 1)
        await spool.append([row(101)])
        assert await drained(spool) == [row(101)]


@pytest.mark.parametrize("left", [0, 1, 30_000])
async def test_events_that_are_cut_off_at_the_end_are_counted(tmp_path: Path, left: int) -> None:
    await fill(tmp_path, 600)
    [log] = log_of(tmp_path)
    os.truncate(log, left)
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert spool.depth + spool.damaged == 600
        assert spool.damaged > 500
        await spool.append([row(601)])
        assert (await drained(spool))[-1] == row(601)


async def test_files_of_the_log_that_are_gone_are_counted(tmp_path: Path) -> None:
    await fill(tmp_path, 600, SMALL_LIMIT)
    first, second, *_, last = log_of(tmp_path)
    second.unlink()
    last.unlink()
    async with open_spool(tmp_path, "spool-0", SMALL_LIMIT) as spool:
        rows = await drained(spool)
        assert first.name.endswith("0001.events")
        assert 20 < spool.damaged < 300
        assert len(rows) + spool.damaged == 600


async def test_damaged_counts_lose_no_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(tmp_path, 600, SMALL_LIMIT)
    (tmp_path / "spool-0.counts").write_bytes(b"\0" * 8_192)
    async with open_spool(tmp_path, "spool-0", SMALL_LIMIT) as spool:
        assert await drained(spool) == [row(n) for n in range(1, 601)]
    assert "its counts are damaged" in caplog.text


async def test_a_damaged_event_that_was_set_aside_is_counted(tmp_path: Path) -> None:
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        await spool.append([row(n) for n in range(1, 11)])
        for spooled in await spool.read_oldest(10):
            await spool.refuse(spooled.position, "no")
        assert (spool.depth, spool.refused) == (0, 10)
    overwrite(tmp_path / "spool-0.refused", 1_000, b"\x00" * 100)
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert spool.refused + spool.damaged == 10
        assert spool.damaged in (1, 2)
        assert await spool.requeue_refused() == spool.depth == 10 - spool.damaged


def test_blocks_that_the_disk_cannot_read_are_zeros() -> None:
    """The memory of a process, read as a file, gives the error of a bad disk where it has none."""
    descriptor = os.open("/proc/self/mem", os.O_RDONLY)
    assert read_part(descriptor, 0, 10_000) == bytes(10_000)
    os.close(descriptor)


Damage = Callable[[random.Random, bytes], bytes]


def flip_byte(chosen: random.Random, content: bytes) -> bytes:
    """One bit changes."""
    return flip_bytes(chosen, content, 1)


def flip_bytes(chosen: random.Random, content: bytes, places: int = 0) -> bytes:
    """Some bits change, in one place or in several."""
    damaged = bytearray(content)
    for _ in range(places or chosen.choice([1, 2, 20]) if content else 0):
        damaged[chosen.randrange(len(damaged))] ^= 1 << chosen.randrange(8)
    return bytes(damaged)


def cut(chosen: random.Random, content: bytes) -> bytes:
    """The end is missing."""
    return content[: chosen.randrange(len(content) + 1)]


def destroy_page(chosen: random.Random, content: bytes) -> bytes:
    """4 KiB are zeros, or rubbish."""
    at = chosen.randrange(max(len(content) // 4_096, 1)) * 4_096
    rubbish = chosen.choice([bytes(4_096), chosen.randbytes(4_096)])
    return content[:at] + rubbish[: len(content) - at] + content[at + 4_096 :]


def repeat_part(chosen: random.Random, content: bytes) -> bytes:
    """A part stands there twice, as after a write that went to the wrong place."""
    at, to = (chosen.randrange(len(content) + 1) for _ in range(2))
    part = content[at : at + 4_096]
    return content[:to] + part + content[to + len(part) :]


DAMAGES: list[Damage] = [flip_bytes, cut, destroy_page, repeat_part]


async def test_whatever_is_damaged_each_promised_event_comes_back_unaltered_or_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Random bytes of each file change, pages are destroyed, ends are cut."""
    caplog.set_level(logging.CRITICAL)
    whole = tmp_path / "whole"
    await fill(whole, 400, SMALL_LIMIT)
    async with open_spool(whole, "spool-0", SMALL_LIMIT) as spool:
        first = await spool.read_oldest(20)
        for spooled in first[:5]:
            await spool.refuse(spooled.position, "no")
        await spool.remove([spooled.position for spooled in first[5:]])
    promised = {n: row(n) for n in range(1, 401) if n not in range(6, 21)}
    end = time.monotonic() + SECONDS
    trials = count()
    names = sorted(path.name for path in whole.iterdir())
    while time.monotonic() < end:
        seed = next(trials)
        chosen = random.Random(seed)
        folder = tmp_path / "damaged"
        shutil.copytree(whole, folder)
        # One file in any way; in every other round one byte of each of them.
        name = names[seed // 2 % len(names)]
        damage = chosen.choice(DAMAGES) if seed % 2 else flip_byte
        for path in [folder / name] if seed % 2 else sorted(folder.iterdir()):
            path.write_bytes(damage(chosen, path.read_bytes()))
        async with open_spool(folder, "spool-0", SMALL_LIMIT) as spool:
            await spool.requeue_refused()
            rows = await drained(spool)
            again = {r.id.int: r for r in rows}
            # Where the counts are gone, what was stored comes again: harmless.
            altered = [n for n, r in again.items() if r != row(n)]
            missing = set(promised) - set(again)
            case = (seed, name, damage.__name__, spool.damaged)
            assert not altered, case
            assert len(missing) <= spool.damaged, case
            await spool.append([row(1_000)])
            assert await drained(spool) == [row(1_000)], case
        shutil.rmtree(folder)
    assert next(trials) > len(names)
    assert any(name.endswith(".events") for name in names)


@pytest.mark.parametrize(
    "way", ["removed", "replaced", "moved away", "one file removed", "removed behind a link"]
)
async def test_a_spool_that_is_no_longer_on_the_disk_promises_nothing_and_comes_back(
    tmp_path: Path, way: str
) -> None:
    folder = tmp_path / "spool"
    if "link" in way:
        folder.mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(folder)
        folder = tmp_path / "link"
    promised = list(range(1, 51))
    async with open_spool(folder, "spool-0", NO_LIMIT) as spool:
        await spool.append([row(n) for n in promised])
        if way == "moved away":
            folder.rename(tmp_path / "elsewhere")
        elif way == "one file removed":
            log_of(folder)[0].unlink()
        else:
            shutil.rmtree(folder.resolve())
        if way in ("replaced", "removed behind a link"):
            folder.resolve().mkdir(mode=0o700)
        with pytest.raises(SpoolUnavailable):
            await spool.append([row(51)])
        assert not spool.is_usable
        await until_reopened(spool)
        assert spool.is_usable
        await spool.append([row(9_999)])
        promised.append(9_999)
    # Another process finds all that was promised, in the folder that is there now.
    async with open_spool(folder, "spool-0", NO_LIMIT) as spool:
        assert {r.id.int for r in await drained(spool)} >= set(promised)


def test_an_append_during_which_the_folder_is_removed_is_not_promised(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    watched = WatchedFile(folder, "spool-0", NO_LIMIT)

    def append_and_remove(file: SpoolFile) -> None:
        file.append([(NOON, b"event")])
        shutil.rmtree(folder)

    with pytest.raises(SpoolUnavailable):
        watched.use(append_and_remove)
    assert not watched.is_usable
    watched.close()


async def test_a_batch_that_was_read_before_the_files_were_replaced_removes_nothing_of_the_new(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "spool"
    async with open_spool(folder, "spool-0", NO_LIMIT) as spool:
        await spool.append([row(n) for n in range(1, 11)])
        batch = await spool.read_oldest(10)
        shutil.rmtree(folder)
        await until_reopened(spool)
        await spool.remove([spooled.position for spooled in batch])
        assert spool.depth == 10


async def until_reopened(spool: Spool) -> None:
    """Look until the files are there again."""
    async with asyncio.timeout(30):
        while True:
            with suppress(SpoolUnavailable):
                return await spool.look()
            await asyncio.sleep(0.05)
