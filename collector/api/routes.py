"""Which endpoint is answered where; and those that only operators ask."""

from __future__ import annotations

from aiohttp import web

from collector.api.batch import batch
from collector.api.keys import METRICS_PAGE, SETTINGS, STORE
from collector.api.pixel import PIXEL_PATH, pixel
from collector.api.script import SCRIPT_FILE, make_script_handler
from collector.api.track import funnel, track

ALLOWED = "POST, OPTIONS"

POSTED = {
    "/v1/events/track": track,
    "/v1/events/funnel": funnel,
    "/v1/events/batch": batch,
}


def add_routes(app: web.Application) -> None:
    """Every endpoint of the collector."""
    for path, handler in POSTED.items():
        app.router.add_post(path, handler)
        app.router.add_options(path, options)
    # A HEAD, as link checkers send it, must not store an event.
    app.router.add_get(PIXEL_PATH, pixel, allow_head=False)
    app.router.add_get(app[SETTINGS].script_path, make_script_handler(SCRIPT_FILE.read_bytes()))
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def options(_request: web.Request) -> web.Response:
    """OPTIONS on a POST endpoint: what the gateway did not answer (docs/contract.md#taken-over)."""
    return web.json_response({"allow": ALLOWED}, headers={"Allow": ALLOWED})


async def healthz(_request: web.Request) -> web.Response:
    """GET /healthz: the process is alive, whatever Postgres does."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: Postgres answers, and the tables are there; otherwise 503."""
    await request.app[STORE].ping()
    return web.json_response({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: the counters, as Prometheus reads them; of all workers where there are."""
    return web.Response(body=await request.app[METRICS_PAGE](), content_type="text/plain")
