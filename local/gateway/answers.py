"""The answers that Kong gives by itself, without an upstream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

SERVER = "kong/3.9.1"
JSON_TYPE = "application/json; charset=utf-8"
PLAIN_TYPE = "text/plain; charset=utf-8"

NO_ROUTE = "no Route matched with those values"
NO_SERVICE = "no Service found with those values"
NO_PEER = "failure to get a peer from the ring-balancer"
UNRESOLVED_NAME = "name resolution failed"
UNEXPECTED = "An unexpected error occurred"

# What the error handler says for a status that nginx produced (kong/error_handlers.lua).
_ERROR_PAGE_MESSAGES = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    411: "Length required",
    412: "Precondition failed",
    413: "Payload too large",
    414: "URI too long",
    417: "Expectation failed",
    494: "Request header or cookie too large",
    500: UNEXPECTED,
    502: "An invalid response was received from the upstream server",
    503: "The upstream server is currently unavailable",
    504: "The upstream server is timing out",
}

# kong.response.error without a message (kong/pdk/response.lua), where it differs from above.
_DEFAULT_MESSAGES = {
    401: "Unauthorized",
    402: "Payment required",
    403: "Forbidden",
    406: "Not acceptable",
    407: "Proxy authentication required",
    409: "Conflict",
    410: "Gone",
    415: "Unsupported media type",
    416: "Range not satisfiable",
    418: "I'm a teapot",
    421: "Misdirected request",
    422: "Unprocessable entity",
    423: "Locked",
    424: "Failed dependency",
    425: "Too early",
    426: "Upgrade required",
    428: "Precondition required",
    429: "Too many requests",
    431: "Request header fields too large",
    451: "Unavailable for legal reasons",
    501: "Not implemented",
    505: "HTTP version not supported",
    506: "Variant also negotiates",
    507: "Insufficient storage",
    508: "Loop detected",
    510: "Not extended",
    511: "Network authentication required",
} | _ERROR_PAGE_MESSAGES

# kong.response.error picks by Accept. HTML and XML are not implemented: they get JSON.
_TYPES = {"text/plain": PLAIN_TYPE, "text/*": PLAIN_TYPE}
_ACCEPT_ENTRY = re.compile(r"\s*([^\s;,]+/[^\s;,]+)((?:\s*;[^,]*)*)")
_QUALITY = re.compile(r";\s*q\s*=\s*(1(?:\.0{0,3})?|0(?:\.\d{0,3})?)")


@dataclass(frozen=True)
class Answer:
    """A whole response: status, the headers that it sets, body bytes."""

    status: int
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: bytes = b""


def error_answer(
    status: int,
    message: str | None,
    accept: str | None,
    request_id: str,
    headers: Mapping[str, str | list[str]] | None = None,
) -> Answer:
    """Build what ``kong.response.error`` sends (kong/pdk/response.lua).

    A Content-Type among the headers decides the body's form, else the request's Accept.
    """
    given = dict(headers or {})
    content_type = given.get("Content-Type") or choose_error_type(accept)
    if isinstance(content_type, list):
        content_type = content_type[0]
    text = message if message is not None else default_message(status)
    given["Content-Type"] = content_type
    body = _render_error(content_type, text, request_id)
    given.setdefault("Content-Length", str(len(body)))
    return Answer(status, given, body)


def error_page(
    status: int, accept: str | None, content_type: str | None, request_id: str
) -> Answer:
    """Build Kong's page for a status that nginx produced, such as 502 or 504.

    Where Accept is missing, the *request's* Content-Type chooses the form, and where that
    is missing too, Kong's error_default_type, text/plain (kong/error_handlers.lua).
    """
    message = _ERROR_PAGE_MESSAGES.get(status, _fallback_message(status))
    shown_status = 400 if status == 494 else status  # noqa: PLR2004 (nginx's own code)
    return error_answer(shown_status, message, accept or content_type or "text/plain", request_id)


def default_message(status: int) -> str:
    """Give the text that Kong uses for a status when nobody gave one."""
    return _DEFAULT_MESSAGES.get(status, _fallback_message(status))


def choose_error_type(accept: str | None) -> str:
    """Choose the media type of an error body by Accept; the first best quality wins."""
    chosen, best_quality = JSON_TYPE, 0.0
    for entry in (accept or "").split(","):
        matched = _ACCEPT_ENTRY.match(entry)
        if not matched:
            continue
        quality_given = _QUALITY.search(matched[2])
        quality = float(quality_given[1]) if quality_given else 1.0
        if quality > best_quality:
            best_quality = quality
            chosen = _TYPES.get(matched[1].lower(), JSON_TYPE)
    return chosen


def _render_error(content_type: str, message: str, request_id: str) -> bytes:
    # Kong puts the message into its template unescaped, and so does this.
    if content_type.startswith("text/plain"):
        return f"{message}\nrequest_id: {request_id}\n".encode()
    return f'{{\n  "message":"{message}",\n  "request_id":"{request_id}"\n}}'.encode()


def _fallback_message(status: int) -> str:
    return f"The upstream server responded with {status}"
