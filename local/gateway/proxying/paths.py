"""Paths as Kong treats them before it matches and forwards them."""

from __future__ import annotations

import re

_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_RESERVED = frozenset("!*'();:@&=+$,/?%#[]")
_MUST_ESCAPE = re.compile(r"[^!#$&'()*+,/:;=?@\[\]A-Za-z0-9\-_.~%]")


def is_acceptable(path: str) -> bool:
    """Say whether nginx would take this path, or answer 400 before Kong sees it."""
    if not path.startswith("/") or _BAD_PERCENT.search(path):
        return False
    depth = 0
    for segment in _PERCENT.sub(lambda m: chr(int(m[1], 16)), path).split("/"):
        depth += -1 if segment == ".." else segment not in {"", "."}
        if depth < 0:
            return False
    return True


def normalize(path: str) -> str:
    """Normalise as Kong's router does, merging slashes (kong/tools/uri.lua).

    Percent-encodings of unreserved characters are decoded, the others get capital
    letters, ``.`` and ``..`` are resolved. Bytes above 127 are held as latin-1.
    """
    as_latin1 = path.encode("utf-8", "surrogateescape").decode("latin-1")
    decoded = _PERCENT.sub(_decode_unreserved, as_latin1)
    ends_in_directory = decoded.endswith(("/", "/.", "/.."))
    kept: list[str] = []
    for segment in decoded.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    joined = "/" + "/".join(kept)
    return joined + "/" if ends_in_directory and kept else joined


def escape(path: str) -> str:
    """Percent-encode what may not stand in a path sent upstream (kong/tools/uri.lua)."""
    return _MUST_ESCAPE.sub(lambda m: f"%{ord(m[0]):02X}", path)


def _decode_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0].upper() if character in _RESERVED else character
