"""The files that pages load: read once, compressed once, with a hash in their addresses."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file. `compressed` is None where that would not make it smaller."""

    content_type: str
    plain: bytes
    compressed: bytes | None


@dataclass(frozen=True, slots=True)
class Assets:
    """The files by their hashed names, and the hashed names by those that templates use."""

    files: Mapping[str, Asset]
    hashed: Mapping[str, str]


@cache
def load_assets() -> Assets:
    """All files of static/. Raises ValueError for one whose kind is not known."""
    files, hashed = {}, {}
    for path in sorted(STATIC.iterdir()):
        plain = path.read_bytes()
        name = f"{path.stem}.{hashlib.sha256(plain).hexdigest()[:16]}{path.suffix}"
        if path.suffix not in CONTENT_TYPES:
            raise ValueError(f"{path.name}: of which content type is it? (assets.py)")
        compressed = gzip.compress(plain, compresslevel=9, mtime=0)
        smaller = compressed if len(compressed) < len(plain) else None
        files[name] = Asset(CONTENT_TYPES[path.suffix], plain, smaller)
        hashed[path.name] = name
    return Assets(files, hashed)


def asset_address(name: str) -> str:
    """Where a file of static/ is served. Raises KeyError where there is none."""
    return f"/static/{load_assets().hashed[name]}"
