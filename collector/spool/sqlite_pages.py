"""Rows of a SQLite file that SQLite itself does not read any more. Pure.

Each page that holds rows is read by itself, whatever the pages that lead to it are like; the
same page may be found in the file and, newer or older, in its write-ahead file. The format is
that of https://sqlite.org/fileformat2.html, sections 1.6 and 2.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

LEAF = 0x0D  # a page that holds rows of a table
FILE_HEADER = b"SQLite format 3\0"
FILE_HEADER_BYTES = 100
LEAF_HEADER = struct.Struct(">BHHHB")
WAL_HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
PAGE_BYTES = 4_096  # all that spools ever had
INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
FIRST_BLOB, FIRST_TEXT = 12, 13
VARINT_BYTES = 9

Row = tuple[int, list[int | bytes | None]]


def split_file(content: bytes) -> list[tuple[int, bytes]]:
    """The pages of a file, with their numbers."""
    starts = range(0, len(content), PAGE_BYTES)
    return [(n, content[at : at + PAGE_BYTES]) for n, at in enumerate(starts, 1)]


def split_wal(content: bytes) -> list[tuple[int, bytes]]:
    """The pages of a write-ahead file, with their numbers in the file; checksums do not count."""
    step = FRAME_HEADER_BYTES + PAGE_BYTES
    pages = []
    for at in range(WAL_HEADER_BYTES, len(content) - FRAME_HEADER_BYTES, step):
        number = int.from_bytes(content[at : at + 4], "big")
        pages.append((number, content[at + FRAME_HEADER_BYTES : at + step]))
    return pages


def read_rows(page: bytes, pages: Mapping[int, bytes]) -> Iterator[Row]:
    """The row numbers and values of a page's rows; `pages` has those that long rows go on in.

    What makes no sense is passed over.
    """
    header = FILE_HEADER_BYTES if page.startswith(FILE_HEADER) else 0
    if len(page) < header + LEAF_HEADER.size or page[header] != LEAF:
        return
    cells = LEAF_HEADER.unpack_from(page, header)[2]
    at = header + LEAF_HEADER.size
    for number in range(cells):
        try:
            [cell] = struct.unpack_from(">H", page, at + 2 * number)
            yield read_cell(page, cell, pages)
        except (struct.error, IndexError, KeyError, ValueError):
            continue


def read_cell(page: bytes, at: int, pages: Mapping[int, bytes]) -> Row:
    """A row. Raises IndexError, KeyError or ValueError where it makes no sense."""
    size, at = read_varint(page, at)
    row_number, at = read_varint(page, at)
    local = local_bytes(size)
    payload = page[at : at + local]
    if local < size:
        next_page = int.from_bytes(page[at + local : at + local + 4], "big")
        parts, have = [payload], local
        while have < size:
            content = pages[next_page]
            parts.append(content[4 : 4 + size - have])
            have += len(parts[-1]) or size
            next_page = int.from_bytes(content[:4], "big")
        payload = b"".join(parts)
    if len(payload) != size:
        raise ValueError("a row is cut short")
    return row_number, read_values(payload)


def local_bytes(size: int) -> int:
    """How much of a row is in its own page."""
    most = PAGE_BYTES - 35
    if size <= most:
        return size
    least = (PAGE_BYTES - 12) * 32 // 255 - 23
    local = least + (size - least) % (PAGE_BYTES - 4)
    return local if local <= most else least


def read_values(payload: bytes) -> list[int | bytes | None]:
    """The values of a row; texts as bytes. Raises IndexError, KeyError or ValueError."""
    header_end, at = read_varint(payload, 0)
    values: list[int | bytes | None] = []
    value_at = header_end
    while at < header_end:
        kind, at = read_varint(payload, at)
        size = size_of(kind)
        content = payload[value_at : value_at + size]
        if len(content) != size:
            raise ValueError("a value is cut short")
        values.append(value_of(kind, content))
        value_at += size
    return values


def size_of(kind: int) -> int:
    """How many bytes a value of this serial type has. Raises KeyError."""
    if kind >= FIRST_BLOB:
        return (kind - FIRST_BLOB) // 2
    return 0 if kind in (0, 8, 9) else INTEGER_BYTES[kind]


def value_of(kind: int, content: bytes) -> int | bytes | None:
    """The value of a serial type."""
    if kind >= FIRST_BLOB:
        return content
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(content, "big", signed=True) if content else None


def read_varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends. Raises IndexError."""
    value = 0
    for count in range(1, VARINT_BYTES + 1):
        byte = content[at]
        at += 1
        if count == VARINT_BYTES:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004  # the top bit says that more follows
            break
    return value, at
