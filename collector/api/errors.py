"""The one place where errors become HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.http_exceptions import LineTooLong
from aiohttp.typedefs import Handler, Middleware

from collector.api.answers import Reply, response_of
from collector.api.asked import Asked
from collector.errors import BodyTooLarge, CollectorError

logger = logging.getLogger(__name__)


class HttpError(NamedTuple):
    """What is refused before a handler runs."""

    status: int
    code: str
    message: str


NOT_FOUND = HttpError(404, "not_found", "No such endpoint; see the contract in the README.")
METHOD_NOT_ALLOWED = HttpError(
    405,
    "method_not_allowed",
    "This endpoint does not take this method; see the Allow header.",
)
EXPECTATION_FAILED = HttpError(
    417, "expectation_failed", "The Expect header asks for something unknown; leave it out."
)
MALFORMED_REQUEST = HttpError(400, "malformed_request", "The request is no valid HTTP/1.1.")
HEADERS_TOO_LARGE = HttpError(
    431,
    "headers_too_large",
    "The request has more than 128 headers, or a line of more than 8190 bytes: send fewer cookies "
    "and a shorter address.",
)
HTTP_ERRORS = (
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    EXPECTATION_FAILED,
    MALFORMED_REQUEST,
    HEADERS_TOO_LARGE,
)

# What aiohttp itself refuses, by status.
OF_AIOHTTP = {
    error.status: error
    for error in (
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        EXPECTATION_FAILED,
        HttpError(BodyTooLarge.status, BodyTooLarge.code, "The body is over the limit."),
    )
}

# aiohttp has no class for it, and answers it with 400.
TOO_MANY_HEADERS = "Too many headers"

Count = Callable[[str], None]
Answer = Callable[[web.Request, CollectorError], web.Response]


def error_reply(error: CollectorError) -> Reply:
    """The answer for an error."""
    body = {"success": False, **error_body(error)}
    return Reply(error.status, json.dumps(body).encode(), error.headers)


def error_response(error: CollectorError) -> web.Response:
    """The same, as aiohttp writes it."""
    return response_of(error_reply(error))


def error_body(error: CollectorError) -> dict[str, Any]:
    """An error as answers tell it: `{"error", "message", "errors": [{"field", "message"}]}`."""
    errors = [{"field": e.field, "message": e.message} for e in error.errors]
    return {"error": error.code, "message": error.message, "errors": errors}


def answer_of_aiohttp(error: web.HTTPException, count: Count) -> web.Response:
    """The same form for what aiohttp refuses before a handler runs; `count` is told its code."""
    count(refusal_of(error).code)
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return plain_error_response(refusal_of(error), headers)


def refusal_of(error: web.HTTPException) -> HttpError:
    """What aiohttp's error is in the answers."""
    unknown = HttpError(error.status, "http_error", "The request could not be read.")
    return OF_AIOHTTP.get(error.status, unknown)


def malformed_response(error: HttpProcessingError) -> web.Response:
    """The same form for what is no HTTP, or more of it than is read."""
    if isinstance(error, LineTooLong) or TOO_MANY_HEADERS in error.message:
        return plain_error_response(HEADERS_TOO_LARGE)
    return plain_error_response(MALFORMED_REQUEST)


def plain_error_response(
    error: HttpError, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An error that is no field's."""
    body = {"success": False, "error": error.code, "message": error.message, "errors": []}
    return web.json_response(body, status=error.status, headers=headers)


def counted(request: Asked, error: Exception, count: Count) -> CollectorError:
    """What an error is in the answers; `count` is told its code.

    Any that is not one of ours is our fault. Its traceback goes to the log, never to the client.
    """
    if not isinstance(error, CollectorError):
        where = {"method": request.method, "path": request.path}
        logger.error("unexpected error", exc_info=error, extra=where)
        error = CollectorError("The collector failed; the error is in its log.")
    count(error.code)
    return error


def make_error_middleware(count: Count, answer: Answer) -> Middleware:
    """The one place where errors become HTTP; `count` is told the code of each.

    `answer` makes the answer to a request for an error; error_response is the usual one.
    """

    @web.middleware
    async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return answer_of_aiohttp(error, count)
        except Exception as error:  # noqa: BLE001  # it is logged
            return answer(request, counted(request, error, count))

    return answer_errors
