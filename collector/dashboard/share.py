"""What whoever has a share link may see: one view and its tables, and nothing else."""

from __future__ import annotations

from aiohttp import web

from collector.dashboard.access import hash_of
from collector.dashboard.api import file_name
from collector.dashboard.errors import NotFound
from collector.dashboard.frame import Frame
from collector.dashboard.keys import CLOCK, STORE
from collector.dashboard.pages import PAGES, Page
from collector.dashboard.responses import csv_download
from collector.dashboard.saved import open_view
from collector.dashboard.show import Questions, answer_one, show_page
from collector.dashboard.view import View
from collector.reports.csv_file import write_csv

GONE = "this link does not hold: it is over, was taken back, or never was"


async def share_page(request: web.Request) -> web.Response:
    """GET /share/TOKEN. Raises NotFound, and what asking raises."""
    page, view, questions = await find_shared(request)
    token = request.match_info["token"]
    frame = Frame(
        now=request.app[CLOCK](),
        person=None,
        csrf="",
        csv=lambda key, _asked: f"/share/{token}/{key}.csv",
    )
    return await show_page(request, page, view, questions, frame)


async def share_csv(request: web.Request) -> web.Response:
    """GET /share/TOKEN/PANEL.csv. Raises NotFound, and what asking raises."""
    _, _, questions = await find_shared(request)
    question = questions.get(request.match_info["panel"])
    if question is None:
        raise NotFound(GONE)
    answer = await answer_one(request, question)
    return csv_download(write_csv(answer), file_name(answer))


async def find_shared(request: web.Request) -> tuple[Page, View, Questions]:
    """The page and view of a link, and what it asks: its address can ask for no other.

    Raises NotFound.
    """
    if request.query_string:
        raise NotFound(GONE)
    token = hash_of(request.match_info["token"])
    shared = await request.app[STORE].find_share_link(token, request.app[CLOCK]())
    if shared is None or shared.page not in PAGES:
        raise NotFound(GONE)
    return PAGES[shared.page], *open_view(request, shared.page, shared.query)
