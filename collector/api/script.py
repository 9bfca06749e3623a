"""GET CT_SCRIPT_PATH: the browser tracker's script, as tracker/ builds it, kept by caches.

Beside it stands what few pages need, which it loads by itself. They never change while a
collector runs, so their forms, headers and ETags are made once at the start; a request only
chooses between them.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ETag, hdrs, web
from aiohttp.typedefs import Handler

STATIC = Path(__file__).parents[1] / "static"
SCRIPT_FILE = STATIC / "t.js"
# What it loads from beside it, where a page needs that.
PARTS = ("extra", "pixels", "auto", "consent")

# A day as Plausible and Umami have it. For one more day a browser may run what it has while it
# asks for a new one: no event waits for that, and where the gateway is away for a moment the
# tracker runs and keeps its events. After two days nobody runs an old version.
CACHE_CONTROL = "public, max-age=86400, stale-while-revalidate=86400"

# On a 304 too: a browser takes them over for the copy that it has.
HEADERS_OF_EVERY_ANSWER: Mapping[str, str] = {
    hdrs.CACHE_CONTROL: CACHE_CONTROL,
    hdrs.VARY: hdrs.ACCEPT_ENCODING,
    # Any page may load it: with crossorigin and integrity, and where the page demands CORP.
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
# A page that fetches the script by fetch(), with a header of its own, asks first.
SCRIPT_METHODS = "GET, HEAD, OPTIONS"
HEADERS_OF_SCRIPT_PREFLIGHT: Mapping[str, str] = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "*",
    hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
}
SCRIPT_TYPE = "text/javascript; charset=utf-8"  # RFC 9239

WEIGHT_OF_ZERO = re.compile(r"\s*q\s*=\s*0(\.0{0,3})?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Representation:
    """The script in one encoding (RFC 9110, 3.2): its bytes, its ETag, its headers."""

    body: bytes
    etag: str
    not_modified_headers: Mapping[str, str]
    headers: Mapping[str, str]


def represent(body: bytes, encoding: Mapping[str, str]) -> Representation:
    """Bytes with their headers, to which `encoding` adds; the ETag is the bytes' hash."""
    etag = hashlib.sha256(body).hexdigest()[:32]
    not_modified = {**HEADERS_OF_EVERY_ANSWER, hdrs.ETAG: f'"{etag}"'}
    headers = {**not_modified, hdrs.CONTENT_TYPE: SCRIPT_TYPE, **encoding}
    return Representation(body, etag, not_modified, headers)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding allows gzip (RFC 9110, 12.5.3); `*` is all it does not name."""
    codings = (coding.partition(";") for coding in accept_encoding.split(","))
    accepted = {
        name.strip().lower(): WEIGHT_OF_ZERO.fullmatch(weight) is None
        for name, _, weight in codings
    }
    return accepted.get("gzip", accepted.get("*", False))


def is_known(etag: str, if_none_match: tuple[ETag, ...]) -> bool:
    """Whether a client has this already. Weak and strong ETags are equal (RFC 9110, 13.1.2)."""
    return any(known.value in (etag, "*") for known in if_none_match)


def script_at(path: str) -> bytes:
    """The script for this path, by which it knows that it came from a gateway."""
    return SCRIPT_FILE.read_bytes().replace(b'"/t.js"', f'"{path}"'.encode())


def part_path(script_path: str, part: str) -> str:
    """Where the script looks for a part of it: `/t.extra.js` beside `/t.js`."""
    name, dot, kind = script_path.rpartition(".js")
    return f"{name}.{part}.js" if dot and not kind else f"{script_path}.{part}"


def part_file(part: str) -> Path:
    """The file of a part."""
    return STATIC / f"t.{part}.js"


def script_paths(script_path: str) -> list[str]:
    """Those of the script and of its parts."""
    return [script_path, *(part_path(script_path, part) for part in PARTS)]


def read_scripts(script_path: str) -> dict[str, bytes]:
    """The script and its parts, by their paths."""
    parts = {part_path(script_path, part): part_file(part).read_bytes() for part in PARTS}
    return {script_path: script_at(script_path), **parts}


def make_script_handler(source: bytes) -> Handler:
    """The handler of GET and HEAD for a script."""
    plain = represent(source, {})
    gzipped = represent(gzip.compress(source, mtime=0), {hdrs.CONTENT_ENCODING: "gzip"})

    async def script(request: web.Request) -> web.Response:
        accept_encoding = request.headers.get(hdrs.ACCEPT_ENCODING, "")
        chosen = gzipped if accepts_gzip(accept_encoding) else plain
        if is_known(chosen.etag, request.if_none_match or ()):
            return web.Response(status=304, headers=chosen.not_modified_headers)
        return web.Response(body=chosen.body, headers=chosen.headers)

    return script
