"""Signing in and out."""

from __future__ import annotations

from time import monotonic

from aiohttp import web

from collector.dashboard.access import SignedIn, end_session, read_session, start_session
from collector.dashboard.errors import DashboardError, NotSignedIn, TooManyAttempts, WrongToken
from collector.dashboard.forms import Form, read_form
from collector.dashboard.hosts import check_origin
from collector.dashboard.keys import TOKENS
from collector.dashboard.pages import render
from collector.dashboard.responses import html, local_path, see_other


async def login_form(request: web.Request) -> web.Response:
    """GET /login; who is signed in goes on."""
    onward = local_path(request.query.get("next", "/"))
    try:
        await read_session(request)
    except NotSignedIn:
        return html(render("login.html", {"message": None, "next": onward}))
    return see_other(onward)


async def log_in(request: web.Request) -> web.Response:
    """POST /login: the page that was asked for, or the form again with what is wrong."""
    check_origin(request)
    form = await read_form(request)
    onward = local_path(form.get("next", "/"))
    try:
        name = request.app[TOKENS].find(form.get("token", ""), request.remote, monotonic())
    except (WrongToken, TooManyAttempts) as error:
        return refuse(error, onward)
    response = see_other(onward)
    await end_session(request, response)
    await start_session(request, name, response)
    return response


def refuse(error: DashboardError, onward: str) -> web.Response:
    """The form again, with what is wrong."""
    text = render("login.html", {"message": str(error), "next": onward})
    response = html(text, error.status)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


async def log_out(request: web.Request, _person: SignedIn, _form: Form) -> web.Response:
    """POST /logout."""
    response = see_other("/login")
    await end_session(request, response)
    return response
