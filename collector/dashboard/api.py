"""GET /v1/reports and /v1/reports/NAME, for programs and for the tables of pages."""

from __future__ import annotations

from aiohttp import web

from collector.dashboard.access import SignedIn
from collector.dashboard.errors import InvalidRequest, NotFound
from collector.dashboard.keys import SETTINGS
from collector.dashboard.responses import csv_download
from collector.dashboard.show import ask_one
from collector.dashboard.view import read_view
from collector.reports.answer import Answer
from collector.reports.catalog import load_reports
from collector.reports.csv_file import write_csv
from collector.reports.json_object import json_object

FORMAT = "format"


async def list_reports(request: web.Request, _person: SignedIn) -> web.Response:
    """GET /v1/reports: their names, and what they answer. Raises InvalidRequest."""
    if request.query:
        raise InvalidRequest("the list of reports takes no parameters")
    reports = [
        {"name": one.name, "title": one.title, "group": one.group, "answers": one.answers}
        for one in load_reports().values()
    ]
    return web.json_response({"reports": reports})


async def report(request: web.Request, _person: SignedIn) -> web.Response:
    """GET /v1/reports/NAME. Raises NotFound, InvalidRequest, and what asking raises."""
    name = request.match_info["name"]
    if name not in load_reports():
        raise NotFound(f"there is no report {name!r}; GET /v1/reports lists them")
    view = read_view(name, request.query, request.app[SETTINGS].reports_time_zone, [FORMAT])
    form = view.extras.get(FORMAT, "json")
    if form not in ("json", "csv"):
        raise InvalidRequest("format is one of: json, csv")
    answer = await ask_one(request, view.asked)
    if form == "csv":
        return csv_download(write_csv(answer), file_name(answer))
    return web.json_response(json_object(answer))


def file_name(answer: Answer) -> str:
    """The name of an answer's file: report, first and last date."""
    first, last = answer.question.period.dates()
    return f"{answer.question.report.name}-{first}-{last}"
