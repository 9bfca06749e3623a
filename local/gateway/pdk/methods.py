"""The methods that the plugin calls: reading a request, setting headers, answering, the log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

from local.gateway.answers import Answer
from local.gateway.errors import EarlyAnswerError, PluginFailedError
from local.gateway.exchange import Exchange
from local.gateway.exchange import set_headers as set_headers_of
from local.gateway.pdk.checks import (
    check_header,
    check_headers,
    check_status,
    lua_type,
    require,
    to_text,
)
from local.gateway.pdk.nginx_variables import find_variable

log = logging.getLogger("local.gateway.plugin")

_DEFAULT_MAXIMUM = 100
_MAXIMUM = 1000
_LOWEST_STATUS_WITH_PAGE = 300
_NO_CONTENT = 204


@dataclass(frozen=True)
class PdkContext:
    """The request that a plugin is working on, and what KONG_NGINX_PROXY_SET defines."""

    exchange: Exchange
    variables: Mapping[str, str]


PdkMethod = Callable[..., Awaitable[Any]]


async def get_forwarded_ip(context: PdkContext) -> str:
    """The client's address: no proxy is trusted here."""
    return context.exchange.request.peer


async def get_var(context: PdkContext, name: object = None) -> str | None:
    """Give an nginx variable; one that is not implemented fails the plugin."""
    return find_variable(context.exchange, context.variables, str(name))


async def get_method(context: PdkContext) -> str:
    """The request's method."""
    return context.exchange.request.method


async def get_header(context: PdkContext, name: object = None) -> str | None:
    """The first value of a header. Raises PluginFailedError where `name` is no text."""
    if not isinstance(name, str):
        raise PluginFailedError("header name must be a string")
    return context.exchange.headers.get(name.replace("_", "-"))


async def get_headers(context: PdkContext, maximum: object = _DEFAULT_MAXIMUM) -> dict[str, Any]:
    """Headers by lower-case name; a list where a header came more than once.

    Raises PluginFailedError where `maximum` is no number, or none that Kong takes.
    """
    if lua_type(maximum) != "number" or not isinstance(maximum, int | float):
        raise PluginFailedError("max_headers must be a number")
    if not 1 <= maximum <= _MAXIMUM:
        bound = ">= 1" if maximum < 1 else f"<= {_MAXIMUM}"
        raise PluginFailedError(f"max_headers must be {bound}")
    lines: dict[str, list[str]] = {}
    for name, value in list(context.exchange.headers.items())[: int(maximum)]:
        lines.setdefault(name.lower(), []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in lines.items()}


async def set_request_header(context: PdkContext, name: object = None, value: Any = None) -> None:
    """Replace a header of the request to the upstream."""
    _set_request_headers(context, dict([check_header(name, value)]))


async def set_request_headers(context: PdkContext, headers: object = None) -> None:
    """Replace several headers of the request to the upstream."""
    _set_request_headers(context, check_headers(headers))


async def set_response_header(context: PdkContext, name: object = None, value: Any = None) -> None:
    """Replace a header of the response to come."""
    set_headers_of(context.exchange.response_headers, _to_wire(dict([check_header(name, value)])))


async def set_response_headers(context: PdkContext, headers: object = None) -> None:
    """Replace several headers of the response to come."""
    set_headers_of(context.exchange.response_headers, _to_wire(check_headers(headers)))


async def exit_request(
    _context: PdkContext, status: object = None, body: object = None, headers: object = None
) -> NoReturn:
    """Answer with a status, a body of text and headers.

    Raises EarlyAnswerError with the answer, PluginFailedError for arguments that Kong refuses.
    """
    code = check_status(status)
    require(
        isinstance(body, str | None),
        "a body other than text is not implemented by the local gateway",
    )
    if body is None and code >= _LOWEST_STATUS_WITH_PAGE:
        # nginx would put a page of its own in the place of the missing body.
        raise PluginFailedError(
            f"kong.response.exit({code}) without a body is not implemented by the local gateway"
        )
    given = _to_wire(check_headers(headers)) if headers is not None else {}
    payload = str(body or "").encode("utf-8", "surrogateescape")
    is_bodiless = body is None and code == _NO_CONTENT
    if not is_bodiless:
        given["Content-Length"] = str(len(payload))
    raise EarlyAnswerError(Answer(code, given, payload))


async def write_log(level: int, _context: PdkContext, *parts: Any) -> None:
    """Write a line of the log."""
    log.log(level, "%s", "".join(to_text(part) for part in parts))


def _set_request_headers(context: PdkContext, headers: dict[str, str | list[str]]) -> None:
    if any(name.lower() == "host" for name in headers):
        raise PluginFailedError("setting Host is not implemented by the local gateway")
    set_headers_of(context.exchange.headers, headers)


def _to_wire(headers: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    # OpenResty turns underscores in response header names into hyphens.
    wire = {name.replace("_", "-"): value for name, value in headers.items()}
    framing = {"content-length", "transfer-encoding"} & {name.lower() for name in wire}
    require(not framing, f"setting {', '.join(framing)} is not implemented by the local gateway")
    return wire


# The names of Kong's log methods, on Python's scale. What is below "notice" is not shown.
_LOG_LEVELS = {
    "alert": logging.CRITICAL,
    "crit": logging.CRITICAL,
    "err": logging.ERROR,
    "warn": logging.WARNING,
    "notice": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}

METHODS: Mapping[str, PdkMethod] = {
    "kong.client.get_forwarded_ip": get_forwarded_ip,
    "kong.nginx.get_var": get_var,
    "kong.request.get_method": get_method,
    "kong.request.get_header": get_header,
    "kong.request.get_headers": get_headers,
    "kong.service.request.set_header": set_request_header,
    "kong.service.request.set_headers": set_request_headers,
    "kong.response.set_header": set_response_header,
    "kong.response.set_headers": set_response_headers,
    "kong.response.exit": exit_request,
    **{f"kong.log.{name}": partial(write_log, level) for name, level in _LOG_LEVELS.items()},
}
