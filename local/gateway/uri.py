"""Paths as Kong treats them before it matches and forwards them."""

from __future__ import annotations

import re

_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RESERVED = frozenset("!*'();:@&=+$,/?%#[]")
_MUST_ESCAPE = re.compile(r"[^!#$&'()*+,/:;=?@\[\]A-Za-z0-9\-_.~%]")


def split_target(target: str) -> tuple[str, str | None]:
    """Split a request target into path and query; the query is None without a ``?``.

    An absolute target (``GET http://host/path``) counts as its path, as in nginx.
    """
    if not target.startswith("/") and "://" in target:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, mark, query = target.partition("?")
    return path, query if mark else None


def is_acceptable(path: str) -> bool:
    """Say whether nginx would take this path, or answer 400 before Kong sees it."""
    if not path.startswith("/") or _BAD_PERCENT.search(path) or "%00" in path:
        return False
    return not _climbs_above_root(_PERCENT.sub(lambda m: chr(int(m[1], 16)), path))


def normalize(path: str) -> str:
    """Normalise as Kong's router does, merging slashes (kong/tools/uri.lua).

    Percent-encodings of unreserved characters are decoded, the others get capital
    letters, ``.`` and ``..`` are resolved. Bytes above 127 are held as latin-1.
    """
    decoded = _PERCENT.sub(_decode_unreserved, _to_latin1(path))
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


def _to_latin1(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _decode_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return match[0].upper() if character in _RESERVED else character


def _climbs_above_root(path: str) -> bool:
    depth = 0
    for segment in path.split("/"):
        if segment == "..":
            depth -= 1
        elif segment not in {"", "."}:
            depth += 1
        if depth < 0:
            return True
    return False
