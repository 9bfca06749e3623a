"""Spools of older collectors: taken over whole, and as far as they can be read where damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.spool.old_file import salvage
from collector.spool.spool import Spool, open_spool, spool_names
from tests.integration.spool.old_spool import old_row, write_old_spool

NO_LIMIT = 1_000_000_000


async def numbers(spool: Spool) -> list[int]:
    """The ids of all waiting events, in order, each of them unaltered."""
    found = []
    while spool.depth:
        batch = await spool.read_oldest(500)
        await spool.remove([spooled.position for spooled in batch])
        assert [s.row for s in batch] == [old_row(s.row.id.int) for s in batch]
        found += [spooled.row.id.int for spooled in batch]
    return found


def names(folder: Path) -> set[str]:
    """The files of a folder."""
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("killed", [False, True])
async def test_a_whole_old_spool_is_taken_over_once(tmp_path: Path, killed: bool) -> None:
    write_old_spool(tmp_path, 600, killed=killed, refused=3)
    assert spool_names(tmp_path) == ["spool-0"]
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert sorted(await numbers(spool)) == list(range(1, 601))
        assert spool.damaged == 0
    assert not [name for name in names(tmp_path) if "sqlite3" in name]


async def test_a_flipped_byte_in_an_old_write_ahead_file_costs_nothing_behind_it(
    tmp_path: Path,
) -> None:
    path = write_old_spool(tmp_path, 600, killed=True)
    wal = path.with_name(path.name + "-wal")
    content = bytearray(wal.read_bytes())
    content[32 + 4 + 8] ^= 0xFF  # the salt of the first frame: SQLite believes none of them
    wal.write_bytes(bytes(content))
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        assert await numbers(spool) == list(range(1, 601))


@pytest.mark.parametrize(
    ("damage", "least"),
    [
        ("the header", 590),
        ("a page in the middle", 570),
        ("all pages that lead to others", 570),
        ("the file is cut to nothing beside its write-ahead file", 295),
    ],
)
async def test_what_can_be_read_of_a_damaged_old_spool_is_taken_over_and_the_rest_counted(
    tmp_path: Path, damage: str, least: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_old_spool(tmp_path, 600, killed="write-ahead" in damage)
    content = bytearray(path.read_bytes())
    if damage == "the header":
        content[:4_096] = b"\xff" * 4_096
    elif damage == "a page in the middle":
        content[40_960:45_056] = b"\xff" * 4_096
    elif damage == "all pages that lead to others":
        for at in range(4_096, len(content), 4_096):
            if content[at] == 0x05:
                content[at : at + 4_096] = bytes(4_096)
    else:
        content.clear()
    path.write_bytes(content)
    async with open_spool(tmp_path, "spool-0", NO_LIMIT) as spool:
        missing = spool.damaged
        found = await numbers(spool)
        assert len(found) >= least
        assert len(set(found)) == len(found)
        if "cut" not in damage:  # the events before the first that is found cannot be counted
            assert len(found) + missing == 600
    assert "is damaged" in caplog.text
    assert "spool-0.sqlite3.damaged-1" in names(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no SQLite file" * 1_000, b"\x0d\xff" * 5_000])
def test_of_rubbish_nothing_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "spool-0.sqlite3"
    path.write_bytes(content)
    assert salvage(path).events == []
