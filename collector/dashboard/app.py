"""The dashboard as an application: routes, middlewares, resources in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from collector.dashboard.asking import Asker
from collector.dashboard.assets import load_assets
from collector.dashboard.error_answers import answer_errors
from collector.dashboard.forms import MOST_BYTES
from collector.dashboard.headers import add_headers, compress
from collector.dashboard.hosts import check_host, known_hosts
from collector.dashboard.keys import ASKER, ASSETS, CLOCK, SETTINGS, STORE, TOKENS, Clock
from collector.dashboard.routes import add_routes
from collector.dashboard.store import open_store
from collector.dashboard.tokens import Tokens
from collector.reports.pool import open_pool
from collector.settings import Settings


def make_dashboard(settings: Settings, clock: Clock) -> web.Application:
    """The application. A closed browser tab cancels its queries where it is served with
    handler_cancellation=True (serve.py).
    """
    app = web.Application(
        middlewares=[compress, answer_errors, make_host_check(known_hosts(settings))],
        client_max_size=MOST_BYTES,
    )
    app[SETTINGS] = settings
    app[CLOCK] = clock
    app[TOKENS] = Tokens(settings.dashboard_token_pairs, monotonic())
    app[ASSETS] = load_assets()
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(provide_store)
    app.cleanup_ctx.append(provide_asker)
    add_routes(app)
    return app


def make_host_check(known: frozenset[str]) -> Middleware:
    """Requests that are meant for another host are refused."""

    @web.middleware
    async def refuse_other_hosts(request: web.Request, handler: Handler) -> web.StreamResponse:
        check_host(request, known)
        return await handler(request)

    return refuse_other_hosts


async def provide_store(app: web.Application) -> AsyncIterator[None]:
    """What people save, for as long as the application runs."""
    async with open_store(app[SETTINGS]) as store:
        app[STORE] = store
        yield


async def provide_asker(app: web.Application) -> AsyncIterator[None]:
    """The connections that only read, for as long as the application runs."""
    settings = app[SETTINGS]
    async with open_pool(settings) as pool:
        app[ASKER] = Asker(pool, settings.reports_pool_size, settings.reports_timeout_seconds)
        yield
        await app[ASKER].close()
