"""kong.service.request: headers of the request to the upstream (pdk/service/request.lua)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.gateway import exchange as exchanges
from local.gateway.pdk.checks import check_header, check_headers, require
from local.gateway.pdk.types import PdkContext, PdkMethod


async def set_header(context: PdkContext, name: object = None, value: Any = None) -> None:
    """Replace a header."""
    _set(context, *check_header(name, value))


async def set_headers(context: PdkContext, headers: object = None) -> None:
    """Replace several headers."""
    for name, value in check_headers(headers).items():
        _set(context, name, value)


async def add_header(context: PdkContext, name: object = None, value: Any = None) -> None:
    """Add a header line beside those that are there."""
    checked_name, checked_value = check_header(name, value)
    exchanges.append_header(context.exchange.headers, checked_name, checked_value)


async def clear_header(context: PdkContext, name: object = None) -> None:
    """Remove a header."""
    require(isinstance(name, str), "header must be a string")
    context.exchange.headers.popall(str(name), None)


def _set(context: PdkContext, name: str, value: str | list[str]) -> None:
    if name.lower() == "host" and isinstance(value, str):
        context.exchange.upstream_host = value
    exchanges.set_header(context.exchange.headers, name, value)


METHODS: Mapping[str, PdkMethod] = {
    f"kong.service.request.{method.__name__}": method
    for method in (add_header, clear_header, set_header, set_headers)
}
