"""Reading a request's body: its type, its encoding, its size."""

from __future__ import annotations

from aiohttp import web

from collector.contract.wire import gunzip
from collector.errors import BodyTooLarge, InvalidJson, UnsupportedBody

# text/plain is what sendBeacon and requests without a preflight send.
JSON_TYPES = frozenset({"application/json", "text/plain"})
GZIP = frozenset({"gzip", "x-gzip"})
ENCODINGS = GZIP | {"", "identity"}


async def read_body(request: web.Request, max_bytes: int) -> bytes:
    """The body, unpacked.

    The server must run with auto_decompress=False, since aiohttp would unpack
    deflate and brotli too, and before the limit is known.
    Raises UnsupportedBody, BodyTooLarge, and InvalidJson for broken gzip.
    """
    refuse_other_types(request)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise UnsupportedBody(f"Content-Encoding {encoding!r} is not read here; send gzip or none.")
    body = await read_bounded(request, max_bytes)
    return gunzip(body, max_bytes) if encoding in GZIP else body


def refuse_other_types(request: web.Request) -> None:
    """Raises UnsupportedBody where a body says that it is no JSON, or not in UTF-8."""
    if "Content-Type" not in request.headers:
        return
    if request.content_type not in JSON_TYPES:
        raise UnsupportedBody(
            f"Content-Type {request.content_type!r} is not read here; send application/json."
        )
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedBody(f"The charset {request.charset!r} is not read here; send UTF-8.")


async def read_bounded(request: web.Request, max_bytes: int) -> bytes:
    """The body as sent, read no further than the limit.

    Raises BodyTooLarge past the limit, and InvalidJson where the body ends early.
    """
    if (request.content_length or 0) > max_bytes:
        raise too_large(max_bytes)
    content = request.content
    try:
        pieces, size = [], 0
        while not content.at_eof():
            pieces.append(await content.readany())
            size += len(pieces[-1])
            if size > max_bytes:
                raise too_large(max_bytes)
    except (web.RequestPayloadError, ConnectionError):  # the latter: its sender has gone
        raise InvalidJson("The body ended before its announced length.") from None
    return b"".join(pieces)


def too_large(max_bytes: int) -> BodyTooLarge:
    """The error for a body over the limit."""
    return BodyTooLarge(f"The body is over {max_bytes} bytes.")
