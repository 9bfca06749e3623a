"""Argument checks and header values, as Kong's PDK has them (kong/pdk/private/checks.lua)."""

from __future__ import annotations

import re
from typing import Any

from local.gateway.errors import PluginFailedError

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LUA_TYPES = ((bool, "boolean"), (int | float, "number"), (str, "string"), (dict | list, "table"))


def lua_type(value: object) -> str:
    """Name a value's type as Lua does."""
    return next((name for kind, name in _LUA_TYPES if isinstance(value, kind)), "nil")


def require(holds: bool, message: str) -> None:
    """Fail the plugin, as Lua's ``error(message)`` does, unless the condition holds.

    Raises PluginFailedError.
    """
    if not holds:
        raise PluginFailedError(message)


def check_header_name(name: object) -> str:
    """Give the name of a header. Raises PluginFailedError if it is no string."""
    if not isinstance(name, str):
        raise PluginFailedError(
            f'invalid header name "{name}": got {lua_type(name)}, expected string'
        )
    return name


def check_header(name: object, value: Any) -> tuple[str, str | list[str]]:
    """Give a header's name and its value or values, in the form that goes on the wire.

    Numbers and booleans become text, an empty string a space (Kong's own rule), control
    characters are percent-encoded (OpenResty's). Raises PluginFailedError.
    """
    checked_name = check_header_name(name)
    if isinstance(value, dict | list):
        items = value if isinstance(value, list) else []
        for item in items:
            require(
                isinstance(item, str),
                f'invalid header value in array "{name}": got {lua_type(item)}, expected string',
            )
        return checked_name, [_normalize(item) for item in items]
    require(
        isinstance(value, str | int | float),
        f'invalid header value for "{name}": got {lua_type(value)}, expected array of string, '
        "string, number or boolean",
    )
    return checked_name, _normalize(to_text(value))


def check_headers(headers: Any) -> dict[str, str | list[str]]:
    """Check a table of headers. Raises PluginFailedError."""
    if headers == []:
        return {}
    require(isinstance(headers, dict | list), "headers must be a table")
    pairs = headers.items() if isinstance(headers, dict) else enumerate(headers, start=1)
    return dict(check_header(name, value) for name, value in pairs)


def check_status(status: object) -> int:
    """Check a status code. Raises PluginFailedError."""
    if lua_type(status) != "number" or not isinstance(status, int | float):
        raise PluginFailedError("code must be a number")
    require(100 <= status <= 599, "code must be a number between 100 and 599")  # noqa: PLR2004 (Kong's limits)
    return int(status)


def to_text(value: object) -> str:
    """Give a value as Lua's tostring() does: ``true``, ``2`` for 2.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.14g}" if isinstance(value, int | float) else str(value)


def _normalize(value: str) -> str:
    return _CONTROL.sub(lambda m: f"%{ord(m[0]):02X}", value) or " "
