"""What people save: views, share links, annotations. Every change is a form."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict

from collector.dashboard.access import SignedIn, hash_of
from collector.dashboard.errors import InvalidRequest, NotFound
from collector.dashboard.forms import Form, text_field
from collector.dashboard.hosts import public_url
from collector.dashboard.keys import CLOCK, SETTINGS, STORE
from collector.dashboard.pages import PAGES, render
from collector.dashboard.responses import html, local_path, see_other
from collector.dashboard.show import Questions, make_frame, read_questions
from collector.dashboard.store import NewLink, SharedView
from collector.dashboard.view import View, read_view
from collector.reports.reading import read_number

MOST_NAME = 100
MOST_QUERY = 8_000
MOST_TEXT = 500
USUAL_DAYS = 30
MOST_DAYS = 365


async def save_view(request: web.Request, person: SignedIn, form: Form) -> web.Response:
    """POST /views: `name`, `page`, `query`."""
    name = text_field(form, "name", MOST_NAME)
    view = read_shared(request, form)
    await request.app[STORE].save_view(name, view, person.name, request.app[CLOCK]())
    return see_other(f"{PAGES[view.page].path}?{view.query}")


async def delete_view(request: web.Request, _person: SignedIn, form: Form) -> web.Response:
    """POST /views/ID/delete. Raises NotFound."""
    if not await request.app[STORE].delete_view(number_of(request)):
        raise NotFound("this view is not there any more")
    return go_back(form)


async def add_annotation(request: web.Request, person: SignedIn, form: Form) -> web.Response:
    """POST /annotations: `day`, `text`. Raises InvalidRequest."""
    text = text_field(form, "text", MOST_TEXT)
    try:
        day = date.fromisoformat(form.get("day", ""))
    except ValueError:
        raise InvalidRequest("day is a date, such as 2026-11-05") from None
    await request.app[STORE].add_annotation(day, text, person.name, request.app[CLOCK]())
    return go_back(form)


async def delete_annotation(request: web.Request, _person: SignedIn, form: Form) -> web.Response:
    """POST /annotations/ID/delete. Raises NotFound."""
    if not await request.app[STORE].delete_annotation(number_of(request)):
        raise NotFound("this note is not there any more")
    return go_back(form)


async def list_share_links(request: web.Request, person: SignedIn) -> web.Response:
    """GET /share-links. Raises InvalidRequest where it has parameters."""
    if request.query:
        raise InvalidRequest("this page takes no parameters")
    return await show_share_links(request, person, made=None)


async def add_share_link(request: web.Request, person: SignedIn, form: Form) -> web.Response:
    """POST /share-links: `page`, `query`, `note`, `days`. The link is shown this once."""
    view = read_shared(request, form)
    note = text_field(form, "note", MOST_NAME, required=False)
    now, token = request.app[CLOCK](), secrets.token_urlsafe(32)
    link = NewLink(hash_of(token), view, note, until=now + timedelta(days=read_days(form)))
    await request.app[STORE].add_share_link(link, person.name, now)
    made = f"{public_url(request.app[SETTINGS], request)}/share/{token}"
    return await show_share_links(request, person, made)


async def revoke_share_link(request: web.Request, _person: SignedIn, _form: Form) -> web.Response:
    """POST /share-links/ID/revoke. Raises NotFound."""
    if not await request.app[STORE].revoke_share_link(number_of(request), request.app[CLOCK]()):
        raise NotFound("there is no such share link")
    return see_other("/share-links")


async def show_share_links(
    request: web.Request, person: SignedIn, made: str | None
) -> web.Response:
    """The share links, and the one that was made just now."""
    frame = await make_frame(request, person)
    links = await request.app[STORE].list_share_links()
    context = {"links": links, "made": made, "frame": frame, "pages": PAGES}
    return html(render("share_links.html", context))


def read_shared(request: web.Request, form: Form) -> SharedView:
    """A page and a query of a form, as they can be opened. Raises InvalidRequest, QuestionError."""
    view, _ = open_view(request, text_field(form, "page", MOST_NAME), form.get("query", ""))
    query = view.query()
    if len(query) > MOST_QUERY:
        raise InvalidRequest("the view has too many filters to be saved")
    return SharedView(view.page, query)


def open_view(request: web.Request, page: str, query: str) -> tuple[View, Questions]:
    """The view of a page's name and a query, and what it asks.

    Raises InvalidRequest and QuestionError.
    """
    if page not in PAGES:
        raise InvalidRequest(f"there is no page {page!r}")
    parameters = MultiDict(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
    view = read_view(page, parameters, request.app[SETTINGS].reports_time_zone, PAGES[page].extras)
    return view, read_questions(request, PAGES[page].ask(view))


def read_days(form: Form) -> int:
    """How long a share link holds. Raises QuestionError."""
    return read_number(form.get("days") or str(USUAL_DAYS), "days", MOST_DAYS)


def number_of(request: web.Request) -> int:
    """The number in an address, which the route allows digits for."""
    return int(request.match_info["number"])


def go_back(form: Form) -> web.Response:
    """To the page that the form stood on, its field `back`."""
    return see_other(local_path(form.get("back", "/")))
