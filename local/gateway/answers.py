"""The answers that Kong gives by itself, without an upstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SERVER = "kong/3.9.1"
JSON_TYPE = "application/json; charset=utf-8"

NO_ROUTE = "no Route matched with those values"
NO_SERVICE = "no Service found with those values"
UNEXPECTED = "An unexpected error occurred"

# What the error handler says for a status that nginx produced (kong/error_handlers.lua).
_ERROR_PAGE_MESSAGES = {
    400: "Bad request",
    405: "Method not allowed",
    502: "An invalid response was received from the upstream server",
    504: "The upstream server is timing out",
}


@dataclass(frozen=True)
class Answer:
    """A whole response: status, the headers that it sets, body bytes."""

    status: int
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: bytes = b""


def error_answer(status: int, message: str, request_id: str) -> Answer:
    """Build what Kong sends for most values of Accept (kong/pdk/response.lua)."""
    # Kong puts the message into its template unescaped, and so does this.
    body = f'{{\n  "message":"{message}",\n  "request_id":"{request_id}"\n}}'.encode()
    return Answer(status, {"Content-Type": JSON_TYPE, "Content-Length": str(len(body))}, body)


def error_page(status: int, request_id: str) -> Answer:
    """Build Kong's page for a status that nginx produced, such as 502 or 504."""
    message = _ERROR_PAGE_MESSAGES.get(status, f"The upstream server responded with {status}")
    return error_answer(status, message, request_id)
