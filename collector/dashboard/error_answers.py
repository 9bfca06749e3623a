"""The one place where the dashboard's errors become HTTP: pages for people, JSON for programs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler

from collector.dashboard.errors import DashboardError, NotSignedIn
from collector.dashboard.pages import render
from collector.dashboard.responses import html, see_other
from collector.reports.errors import QuestionError, ReportsUnavailable, ReportTimeout
from collector.settings import API_PREFIX

logger = logging.getLogger(__name__)

SHARE_PREFIX = "/share/"
RETRY_SECONDS = "5"

TITLES = {
    400: "This cannot be asked",
    401: "Sign in",
    403: "This is not allowed",
    404: "There is nothing here",
    405: "This is not allowed",
    413: "The form is too large",
    415: "This is no form",
    421: "This is another address",
    429: "Too many attempts",
    500: "Something went wrong",
    503: "Not now",
    504: "The report takes too long",
}

# What aiohttp itself refuses.
HTTP_ERRORS = {
    404: ("not_found", "there is no such page"),
    405: ("method_not_allowed", "this address does not take this method"),
    413: ("body_too_large", "the form is over the limit"),
}
UNKNOWN = ("http_error", "the request could not be read")


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as an answer tells it."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever a handler raises becomes an answer."""
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001  # each is told to somebody: see failure_of
        failure = failure_of(request, error)
        if request.path.startswith(API_PREFIX):
            return as_json(failure)
        if isinstance(error, NotSignedIn) and request.method in ("GET", "HEAD"):
            return see_other("/login?" + urlencode({"next": request.path_qs}))
        return as_page(request, failure)


def failure_of(request: web.Request, error: Exception) -> Failure:
    """What an error is, as HTTP. One that is not known goes to the log, never to the client."""
    match error:
        case DashboardError(status=status, code=code):
            return Failure(status, code, str(error), headers_of(error))
        case QuestionError():
            return Failure(400, "invalid_question", str(error))
        case ReportTimeout():
            return Failure(504, "report_timeout", str(error))
        case ReportsUnavailable():
            logger.warning("%s: %r", error, error.__cause__)
            message = "the database does not answer; the dashboard's log says why"
            return Failure(503, "reports_unavailable", message, {"Retry-After": RETRY_SECONDS})
        case web.HTTPException(status=status):
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return Failure(status, *HTTP_ERRORS.get(status, UNKNOWN), allow)
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "none"  # a share link's path is its secret
    logger.exception("unexpected error", extra={"method": request.method, "route": route})
    return Failure(500, "internal_error", "the dashboard failed; the error is in its log")


def headers_of(error: DashboardError) -> dict[str, str]:
    """How to ask, or when again."""
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def as_json(failure: Failure) -> web.Response:
    """For programs."""
    body = {"success": False, "error": failure.code, "message": failure.message}
    return web.json_response(body, status=failure.status, headers=failure.headers)


def as_page(request: web.Request, failure: Failure) -> web.Response:
    """For people."""
    context = {
        "title": TITLES.get(failure.status, TITLES[400]),
        "message": failure.message,
        "is_shared": request.path.startswith(SHARE_PREFIX),
    }
    response = html(render("error.html", context), failure.status)
    response.headers.update(failure.headers)
    return response
