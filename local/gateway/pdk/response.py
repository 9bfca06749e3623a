"""kong.response: headers of the response, and answering early (kong/pdk/response.lua)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, NoReturn

from local.gateway import exchange as exchanges
from local.gateway.answers import JSON_TYPE, Answer, error_answer
from local.gateway.errors import EarlyAnswerError, PluginFailedError
from local.gateway.pdk.checks import check_header, check_headers, check_status, require
from local.gateway.pdk.types import PdkContext, PdkMethod

log = logging.getLogger(__name__)

_LOWEST_STATUS = 100
_LOWEST_ERROR_STATUS = 400
_LOWEST_STATUS_WITH_PAGE = 300
_NO_CONTENT = 204


async def set_header(context: PdkContext, name: object = None, value: Any = None) -> None:
    """Replace a header of the response to come."""
    for wire_name, wire_value in _to_wire(dict([check_header(name, value)])).items():
        exchanges.set_header(context.exchange.response_headers, wire_name, wire_value)


async def set_headers(context: PdkContext, headers: object = None) -> None:
    """Replace several headers of the response to come."""
    exchanges.set_headers(context.exchange.response_headers, _to_wire(check_headers(headers)))


async def add_header(context: PdkContext, name: object = None, value: Any = None) -> None:
    """Add a header line."""
    checked_name, checked_value = check_header(name, value)
    wire_name = checked_name.replace("_", "-")
    exchanges.append_header(context.exchange.response_headers, wire_name, checked_value)


async def clear_header(context: PdkContext, name: object = None) -> None:
    """Remove a header that was set before."""
    require(isinstance(name, str), "header name must be a string")
    context.exchange.response_headers.popall(str(name).replace("_", "-"), None)


async def exit_request(
    _context: PdkContext, status: object = None, body: object = None, headers: object = None
) -> NoReturn:
    """Answer with a status, a body (text, or a table as JSON) and headers."""
    code = check_status(status, _LOWEST_STATUS)
    if not isinstance(body, str | dict | list | None):
        raise PluginFailedError("body must be a nil, string or table")
    if body is None and code >= _LOWEST_STATUS_WITH_PAGE:
        # nginx would put a page of its own in the place of the missing body.
        raise PluginFailedError(
            f"kong.response.exit({code}) without a body is not implemented by the local gateway"
        )
    require(isinstance(headers, dict | list | None), "headers must be a nil or table")
    given = _to_wire(check_headers(headers)) if headers is not None else {}
    lower_names = {name.lower() for name in given}
    if isinstance(body, dict | list):
        payload = _encode_json(body)
        if "content-type" not in lower_names:
            given["Content-Type"] = JSON_TYPE
    else:
        payload = (body or "").encode("utf-8", "surrogateescape")
    is_bodiless = body is None and code == _NO_CONTENT
    if "content-length" not in lower_names and not is_bodiless:
        given["Content-Length"] = str(len(payload))
    raise EarlyAnswerError(Answer(code, given, payload))


async def error(
    context: PdkContext, status: object = None, message: object = None, headers: object = None
) -> NoReturn:
    """Answer with Kong's error body."""
    code = check_status(status, _LOWEST_ERROR_STATUS)
    if isinstance(message, dict | list):
        message = _encode_json(message).decode()
    if message is not None and not isinstance(message, str):
        raise PluginFailedError("message must be a nil, a string or a table")
    require(isinstance(headers, dict | list | None), "headers must be a nil or table")
    given = _to_wire(check_headers(headers)) if headers is not None else {}
    exchange = context.exchange
    accept = exchange.headers.get("Accept")
    raise EarlyAnswerError(error_answer(code, message, accept, exchange.request_id, given))


def _to_wire(headers: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    # OpenResty turns underscores in response header names into hyphens.
    wire = {name.replace("_", "-"): value for name, value in headers.items()}
    for name in [name for name in wire if name.lower() == "transfer-encoding"]:
        log.warning("manually setting Transfer-Encoding. Ignored.")
        del wire[name]
    return wire


def _encode_json(body: object) -> bytes:
    text = json.dumps(_mark_empty_tables(body), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogateescape")


def _mark_empty_tables(value: Any) -> Any:
    """Give an empty list as an object: Lua has one empty table, and cjson writes ``{}``."""
    if isinstance(value, dict):
        return {key: _mark_empty_tables(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark_empty_tables(item) for item in value] or {}
    return value


METHODS: Mapping[str, PdkMethod] = {
    "kong.response.set_header": set_header,
    "kong.response.set_headers": set_headers,
    "kong.response.add_header": add_header,
    "kong.response.clear_header": clear_header,
    "kong.response.exit": exit_request,
    "kong.response.error": error,
}
