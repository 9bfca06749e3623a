"""GET /static/NAME.HASH.KIND, and /healthz."""

from __future__ import annotations

from aiohttp import web

from collector.dashboard.errors import NotFound
from collector.dashboard.headers import KEPT_FOR_EVER, accepts_gzip
from collector.dashboard.keys import ASSETS


async def static_file(request: web.Request) -> web.Response:
    """A file that pages load. Raises NotFound."""
    asset = request.app[ASSETS].files.get(request.match_info["file"])
    if asset is None:
        raise NotFound("there is no such file")
    headers = {"Content-Type": asset.content_type, "Cache-Control": KEPT_FOR_EVER}
    if asset.compressed is None:
        return web.Response(body=asset.plain, headers=headers)
    headers["Vary"] = "Accept-Encoding"
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=asset.compressed, headers=headers)
    return web.Response(body=asset.plain, headers=headers)


async def healthz(_request: web.Request) -> web.Response:
    """The process is alive, whatever Postgres does."""
    return web.json_response({"status": "ok"})
