"""Whole HTTP requests in a file, as walk.lua sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

# Control characters that no JSON text and no header can hold; walk.lua has the same.
LAP = "\x1c"
ID = "\x1d"
END = "\x1e"

LAP_LENGTH = 6
ID_LENGTH = 36


def compose_request(method: str, path: str, headers: Mapping[str, str], body: str = "") -> str:
    """A request with room for ids and laps, which Content-Length counts as filled in."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    if body:
        lines.append(f"Content-Length: {filled_length(body)}")
    return "\r\n".join([*lines, "", body])


def filled_length(body: str) -> int:
    """Bytes of a body once its ids and laps are filled in."""
    room = body.count(ID) * (ID_LENGTH - 1) + body.count(LAP) * (LAP_LENGTH - 1)
    return len(body.encode()) + room


def fill_in(text: str, event_id: str, lap: int) -> str:
    """A text as walk.lua would send it, for those who send it by other means."""
    return text.replace(ID, event_id).replace(LAP, f"{lap:0{LAP_LENGTH}x}")


def write_requests(file: Path, requests: Iterable[str]) -> None:
    """The file that walk.lua reads."""
    file.write_bytes(b"".join((request + END).encode() for request in requests))
