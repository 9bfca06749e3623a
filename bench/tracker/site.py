"""Pages that differ in their tracker alone, and gateways that take every event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

ROOT = Path(__file__).parents[2]
# Where a checkout has the tracker's scripts.
STATIC = Path("collector", "static")
PLAUSIBLE = ROOT / "tracker" / "node_modules" / "@plausible-analytics" / "tracker" / "plausible.js"

# What stands in the head of each page. Plausible's package is a module; ours is the script, as the
# documents have it. Neither may know that a program drives the browser.
TAGS = {
    "none": "",
    "plausible": """<script type="module">
        import { init } from "/plausible.js";
        init({ domain: "shop.example", endpoint: "/api/event", captureOnLocalhost: true });
    </script>""",
    "ours": '<script src="/t.js" async></script>',
    # Another checkout's, such as that of the commit before.
    "before": '<script src="/before/t.js" async></script>',
}
PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>A page</title>
    <script>
      Object.defineProperty(Navigator.prototype, "webdriver", {{ get: () => false }});
    </script>
    {tag}
  </head>
  <body>
    <h1>A page</h1>
    <p>With a text, and a <a href="/other">link</a>.</p>
  </body>
</html>
"""
EVENT_PATHS = ("/api/event", "/v1/events/track", "/v1/events/batch")


def make_site(received: asyncio.Queue[str], against: Path | None = None) -> web.Application:
    """The pages of TAGS, their scripts, and who takes their events, whose paths are noted.

    `against` is the checkout that the page "before" has its script from.
    """

    async def serve_page(request: web.Request) -> web.Response:
        text = PAGE.format(tag=TAGS[request.match_info["name"]])
        return web.Response(text=text, content_type="text/html")

    def scripts_of(checkout: Path) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve_script(request: web.Request) -> web.Response:
            name = request.match_info["script"]
            file = PLAUSIBLE if name == PLAUSIBLE.name else checkout / STATIC / name
            return web.Response(body=file.read_bytes(), content_type="text/javascript")

        return serve_script

    async def take(request: web.Request) -> web.Response:
        received.put_nowait(request.path)
        return web.json_response({"success": True})

    app = web.Application()
    app.router.add_get("/page/{name}", serve_page)
    app.router.add_get("/{script:[a-z.]+[.]js}", scripts_of(ROOT))
    app.router.add_get("/before/{script:[a-z.]+[.]js}", scripts_of(against or ROOT))
    for path in EVENT_PATHS:
        app.router.add_post(path, take)
    return app
