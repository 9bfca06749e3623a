"""The headers of every answer."""

from __future__ import annotations

from aiohttp import web

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

NOT_KEPT = "no-store"
KEPT_FOR_EVER = "public, max-age=31536000, immutable"  # its address has a hash of what it is


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """On each answer, also on those to what is refused."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", NOT_KEPT)
