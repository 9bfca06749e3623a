"""kong.request: what came in (kong/pdk/request.lua)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from local.gateway.errors import PluginFailedError
from local.gateway.pdk.checks import lua_type, require
from local.gateway.pdk.types import PdkContext, PdkMethod
from local.gateway.uri import normalize

_DEFAULT_MAXIMUM = 100
_MAXIMUM = 1000
# Kong's default client_body_buffer_size: a larger body lies in a file, and get_raw_body
# gives nil, on which the MsgPack protocol of 3.9.1 stumbles.
_BODY_BUFFER_BYTES = 8192


async def get_headers(context: PdkContext, maximum: object = None) -> dict[str, Any]:
    """Headers by lower-case name; a list where a header came more than once."""
    limit = _check_maximum(maximum, "max_headers")
    return _group(
        (name.lower(), value) for name, value in list(context.exchange.headers.items())[:limit]
    )


async def get_header(context: PdkContext, name: object = None) -> str | None:
    """The first value of a header."""
    if not isinstance(name, str):
        raise PluginFailedError("header name must be a string")
    return context.exchange.headers.get(name.replace("_", "-"))


async def get_query(context: PdkContext, maximum: object = None) -> dict[str, Any]:
    """Decoded query arguments; True for ``?a`` and a list for repeated ones."""
    limit = _check_maximum(maximum, "max_args")
    pairs = [pair for pair in (context.exchange.request.query or "").split("&") if pair]
    return _group(_decode_pair(pair) for pair in pairs[:limit])


async def get_query_arg(context: PdkContext, name: object = None) -> str | bool | None:
    """The first value of one query argument."""
    require(isinstance(name, str), "query argument name must be a string")
    value = (await get_query(context)).get(str(name))
    return value[0] if isinstance(value, list) else value


async def get_method(context: PdkContext) -> str:
    """The request's method."""
    return context.exchange.request.method


async def get_scheme(_context: PdkContext) -> str:
    """The gateway has no TLS."""
    return "http"


async def get_host(context: PdkContext) -> str:
    """The Host header in lower case, without its port."""
    return context.exchange.request.host


async def get_port(context: PdkContext) -> int:
    """The port that the gateway listens on."""
    return context.exchange.request.server_port


async def get_http_version(context: PdkContext) -> float:
    """1.0 or 1.1."""
    return float(context.exchange.request.http_version)


async def get_path(context: PdkContext) -> str:
    """The normalised path."""
    return normalize(context.exchange.request.path)


async def get_raw_path(context: PdkContext) -> str:
    """The path as it was sent."""
    return context.exchange.request.path


async def get_path_with_query(context: PdkContext) -> str:
    """The request target as it was sent."""
    return context.exchange.request.target


async def get_raw_query(context: PdkContext) -> str:
    """The query string as it was sent, without the question mark."""
    return context.exchange.request.query or ""


async def get_forwarded_scheme(context: PdkContext) -> str:
    """X-Forwarded-Proto from a trusted peer, else the scheme."""
    scheme = _find_trusted(context, "X-Forwarded-Proto")
    return "http" if scheme is None else scheme.lower()


async def get_forwarded_host(context: PdkContext) -> str:
    """X-Forwarded-Host from a trusted peer, else the host."""
    host = _find_trusted(context, "X-Forwarded-Host")
    if host is None:
        return context.exchange.request.host
    return host.rpartition("@")[2].partition(":")[0].lower()


async def get_forwarded_path(context: PdkContext) -> str:
    """X-Forwarded-Path from a trusted peer, else the normalised path."""
    path = _find_trusted(context, "X-Forwarded-Path")
    return await get_path(context) if path is None else path


async def get_raw_body(context: PdkContext) -> bytes:
    """The body, as long as it fits Kong's buffer."""
    body = await context.exchange.request.read_body()
    require(
        len(body) <= _BODY_BUFFER_BYTES,
        "request body did not fit into client body buffer, consider raising "
        "'client_body_buffer_size'",
    )
    return body


def _find_trusted(context: PdkContext, name: str) -> str | None:
    exchange = context.exchange
    return exchange.headers.get(name) if exchange.peer_is_trusted else None


def _check_maximum(maximum: object, name: str) -> int:
    if maximum is None:
        return _DEFAULT_MAXIMUM
    if lua_type(maximum) != "number" or not isinstance(maximum, int | float):
        raise PluginFailedError(f"{name} must be a number")
    require(maximum >= 1, f"{name} must be >= 1")
    require(maximum <= _MAXIMUM, f"{name} must be <= {_MAXIMUM}")
    return int(maximum)


def _group(pairs: Any) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for name, value in pairs:
        if name not in grouped:
            grouped[name] = value
        elif isinstance(grouped[name], list):
            grouped[name].append(value)
        else:
            grouped[name] = [grouped[name], value]
    return grouped


def _decode_pair(pair: str) -> tuple[str, str | bool]:
    key, mark, value = pair.partition("=")
    return _decode(key), _decode(value) if mark else True


def _decode(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "surrogateescape")


METHODS: Mapping[str, PdkMethod] = {
    f"kong.request.{method.__name__}": method
    for method in (
        get_forwarded_host,
        get_forwarded_path,
        get_forwarded_scheme,
        get_header,
        get_headers,
        get_host,
        get_http_version,
        get_method,
        get_path,
        get_path_with_query,
        get_port,
        get_query,
        get_query_arg,
        get_raw_body,
        get_raw_path,
        get_raw_query,
        get_scheme,
    )
}
