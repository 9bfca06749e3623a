"""Which endpoint is answered where; and those that only operators ask."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from aiohttp import web
from aiohttp.typedefs import Handler

from collector.api.asked import Endpoint, make_handler
from collector.api.batch import batch
from collector.api.endpoints import (
    BATCH_PATH,
    FUNNEL_PATH,
    HEALTHZ_PATH,
    METRICS_PATH,
    OPENAPI_PATH,
    PIXEL_METHODS,
    PIXEL_PATH,
    POSTED_METHODS,
    READYZ_PATH,
    TRACK_PATH,
)
from collector.api.keys import (
    BACKGROUND,
    ENDPOINTS,
    METRICS_PAGE,
    SETTINGS,
    SINK,
    SPOOL,
    TRACING,
)
from collector.api.openapi import openapi_text
from collector.api.pixel import pixel, pixel_status
from collector.api.script import (
    HEADERS_OF_SCRIPT_PREFLIGHT,
    SCRIPT_METHODS,
    make_script_handler,
    read_scripts,
)
from collector.api.traced import traced
from collector.api.track import funnel, track
from collector.spool.spool import Spool

POSTED: Mapping[str, Endpoint] = {TRACK_PATH: track, FUNNEL_PATH: funnel, BATCH_PATH: batch}


def add_routes(app: web.Application) -> None:
    """Every endpoint of the collector."""
    tracing = app[TRACING]
    app[ENDPOINTS] = {path: traced(tracing, path, ask) for path, ask in POSTED.items()}
    for path, endpoint in app[ENDPOINTS].items():
        app.router.add_post(path, make_handler(endpoint))
        app.router.add_options(path, make_options_handler(POSTED_METHODS))
    # A HEAD, as link checkers send it, must not store an event.
    traced_pixel = traced(tracing, PIXEL_PATH, pixel, pixel_status)
    app.router.add_get(PIXEL_PATH, traced_pixel, allow_head=False)
    app.router.add_options(PIXEL_PATH, make_options_handler(PIXEL_METHODS))
    script_path = app[SETTINGS].script_path
    of_script = make_options_handler(SCRIPT_METHODS, HEADERS_OF_SCRIPT_PREFLIGHT)
    for path, script in read_scripts(script_path).items():
        app.router.add_get(path, make_script_handler(script))
        app.router.add_options(path, of_script)
    app.router.add_get(HEALTHZ_PATH, healthz)
    app.router.add_get(READYZ_PATH, readyz)
    app.router.add_get(METRICS_PATH, metrics)
    app.router.add_get(OPENAPI_PATH, make_openapi_handler(script_path))


def make_options_handler(allowed: str, headers: Mapping[str, str] | None = None) -> Handler:
    """The handler of OPTIONS on an endpoint: what the gateway did not answer
    (docs/contract.md#taken-over)."""

    async def options(_request: web.Request) -> web.Response:
        return web.json_response({"allow": allowed}, headers={"Allow": allowed, **(headers or {})})

    return options


async def healthz(_request: web.Request) -> web.Response:
    """GET /healthz: the process is alive, whatever Postgres does."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: Postgres answers and has its tables, or the queue takes events; otherwise 503.

    What an operator should look at, though events are taken, is among the warnings.
    """
    await request.app[SINK].ping()
    background = request.app[BACKGROUND].is_running
    lacking = await request.app[SINK].describe_schema()
    return web.json_response(
        {
            "status": "ready",
            "warnings": [
                *([lacking] if lacking else []),
                *spool_warnings(request.app[SPOOL]),
                *background_warnings(background),
            ],
            "background": {
                task: "running" if runs else "restarting" for task, runs in background.items()
            },
        }
    )


def spool_warnings(spool: Spool) -> list[str]:
    """What is wrong with the disk that events wait on."""
    warnings = []
    if not spool.is_usable:
        warnings.append("the spool cannot be used; while Postgres is away events get 503")
    if spool.damaged:
        warnings.append(f"{spool.damaged} events that were promised are damaged in the spool")
    if spool.refused:
        warnings.append(f"{spool.refused} events are set aside in the spool")
    return warnings


def background_warnings(is_running: Mapping[str, bool]) -> list[str]:
    """Which background tasks failed and wait to be started again."""
    return [f"the background task {task} failed" for task, runs in is_running.items() if not runs]


def make_openapi_handler(script_path: str) -> Handler:
    """The handler of GET /openapi.json: the description of all endpoints, made when asked for."""
    page = cache(lambda: openapi_text(script_path))

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(text=page(), content_type="application/json")

    return openapi


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: the counters, as Prometheus reads them; of all workers where there are."""
    return web.Response(body=await request.app[METRICS_PAGE](), content_type="text/plain")
