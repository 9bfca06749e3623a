"""The demo as an application: pages, their assets, and the JSON that they show."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from local.demo.feed import Feed, FeedError, open_feed
from local.demo.pages import NOT_FOUND, PAGES, SITE, TRACKER_PATH, Page, render_page
from local.demo.plans import CURRENCY, DEFAULT_PLAN, PLANS


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Where the parts are that the demo stands before."""

    gateway_url: str
    database_url: str


# The names that lead to this machine from nowhere else, with any port: one may be forwarded.
LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?", re.IGNORECASE)

SETTINGS = web.AppKey("settings", DemoSettings)
FEED = web.AppKey("feed", Feed)


def make_app(settings: DemoSettings) -> web.Application:
    """The application. Postgres may be away when it starts, and at any time later."""
    app = web.Application(middlewares=[refuse_foreign_hosts, answer_feed_errors])
    app[SETTINGS] = settings
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(provide_feed)
    for page in PAGES:
        app.router.add_get(page.path, page_handler(page))
    app.router.add_static("/assets", SITE / "assets")
    app.router.add_get("/api/last", answer_last)
    app.router.add_get("/api/event", answer_event)
    app.router.add_get("/api/session", answer_session)
    app.router.add_post("/api/accounts", open_account)
    app.router.add_post("/api/payments", take_payment)
    app.router.add_get("/{path:.*}", page_handler(NOT_FOUND, HTTPStatus.NOT_FOUND))
    return app


async def provide_feed(app: web.Application) -> AsyncIterator[None]:
    """The database, for as long as the application runs."""
    async with open_feed(app[SETTINGS].database_url) as feed:
        app[FEED] = feed
        yield


def content_security_policy(gateway_url: str) -> str:
    """As strict as the tracker lets it be: its script, and its requests to the gateway.

    No 'unsafe-inline' and no 'unsafe-eval': docs/tracker.md promises that it needs neither.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {gateway_url}",
            f"connect-src 'self' {gateway_url}",
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """The policy on every answer; no-cache, so that an edited file is seen on reload.

    Not no-store, which would keep pages out of the back-forward cache.
    """
    policy = content_security_policy(request.app[SETTINGS].gateway_url)
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"


@web.middleware
async def refuse_foreign_hosts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Raises HTTPMisdirectedRequest, which says so, where the host is not this machine's.

    A site whose own name is made to lead here (DNS rebinding) is to the browser the same site
    still, and could read what visitors sent.
    """
    if LOCAL_HOST.fullmatch(request.headers.get("Host", "")) is None:
        raise web.HTTPMisdirectedRequest(
            text="The demo answers to the hosts localhost, 127.0.0.1 and [::1] only.\n"
        )
    return await handler(request)


@web.middleware
async def answer_feed_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A database that does not answer is a 503 that says so."""
    try:
        return await handler(request)
    except FeedError as error:
        return web.json_response({"error": "database_away", "message": str(error)}, status=503)


def page_handler(page: Page, status: HTTPStatus = HTTPStatus.OK) -> Handler:
    """The handler of one page."""

    async def answer(request: web.Request) -> web.Response:
        html = render_page(page, page_values(request))
        return web.Response(status=status, text=html, content_type="text/html")

    return answer


def page_values(request: web.Request) -> dict[str, str]:
    """What the pages' files may name, beside their title."""
    gateway_url = request.app[SETTINGS].gateway_url
    plan = PLANS.get(request.query.get("plan", ""), DEFAULT_PLAN)
    prices = {f"{plan.key}_price": plan.price.removesuffix(".00") for plan in PLANS.values()}
    return {
        "gateway": gateway_url,
        "tracker": gateway_url + TRACKER_PATH,
        "plan": plan.key,
        "plan_name": plan.name,
        "plan_price": plan.price,
        "currency": CURRENCY,
        # As a payment provider would name the checkout.
        "checkout_session": f"cs_demo_{uuid4().hex}",
        **prices,
    }


async def answer_last(request: web.Request) -> web.Response:
    """The last events and sessions."""
    feed = request.app[FEED]
    sessions, events = await feed.last_sessions(), await feed.last_events()
    return web.json_response({"sessions": sessions, "events": events})


async def answer_event(request: web.Request) -> web.Response:
    """All that is stored of one event; null where there is none."""
    try:
        event_id = UUID(request.query.get("id", ""))
    except ValueError:
        return web.json_response({"event": None})
    session_id = request.query.get("session", "")
    return web.json_response({"event": await request.app[FEED].event(session_id, event_id)})


async def answer_session(request: web.Request) -> web.Response:
    """One session's funnel as the database has it; null where it has none."""
    session = await request.app[FEED].session(request.query.get("id", ""))
    return web.json_response({"session": session})


async def open_account(_request: web.Request) -> web.Response:
    """What a product's own server says to a sign-up. There are no accounts: an id is all."""
    return web.json_response({"user_id": str(uuid4())}, status=201)


async def take_payment(_request: web.Request) -> web.Response:
    """What a product's own server says when the payment went through. No money moves."""
    return web.json_response({"order_id": f"order_{uuid4().hex[:12]}"}, status=201)
