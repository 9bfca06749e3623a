"""The headers of every answer."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",  # the address of a share link is its secret
    "Server": "conversion-tracking",  # not with which versions of which libraries
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

COMPRESSED = ("text/html", "text/csv", "application/json")
LEAST_BYTES = 1_024

NOT_KEPT = "no-store"
KEPT_FOR_EVER = "public, max-age=31536000, immutable"  # its address has a hash of what it is


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """On each answer, also on those to what is refused."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", NOT_KEPT)


@web.middleware
async def compress(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Long texts are sent with gzip; the files of static/ are compressed already."""
    response = await handler(request)
    if (
        isinstance(response, web.Response)
        and response.content_type in COMPRESSED
        and isinstance(response.body, bytes)
        and len(response.body) > LEAST_BYTES
    ):
        response.headers["Vary"] = "Accept-Encoding"
        if accepts_gzip(request):
            response.enable_compression(web.ContentCoding.gzip)
    return response


def accepts_gzip(request: web.Request) -> bool:
    """Whether the client can read gzip."""
    return "gzip" in request.headers.get("Accept-Encoding", "")
