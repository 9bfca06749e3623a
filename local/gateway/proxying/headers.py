"""Header rules between client, gateway and upstream (kong/runloop/handler.lua, nginx)."""

from __future__ import annotations

import re

from multidict import CIMultiDict, CIMultiDictProxy

from local.gateway.answers import SERVER
from local.gateway.exchange import Exchange

# nginx's proxy module never passes these on as they came.
_NEVER_FORWARDED = re.compile(
    "connection|content-length|expect|host|keep-alive|proxy|proxy-connection|te"
    "|transfer-encoding|upgrade|via|x-forwarded-(for|host|path|port|prefix|proto)"
    "|x-kong-request-id|x-real-ip",
    re.IGNORECASE,
)
_NEVER_RETURNED = frozenset(
    {"connection", "keep-alive", "trailer", "transfer-encoding", "upgrade", "via", "x-pad"}
)
# Where upstream and plugin both set one of these, the upstream's value is the one sent;
# of every other header both lines arrive.
_SINGLE = frozenset({"content-length", "content-type", "date"})


def build_upstream_headers(exchange: Exchange, host_header: str) -> CIMultiDict[str]:
    """Build the headers of the request to the upstream; no client is a trusted proxy."""
    request = exchange.request
    # Without the client's header it is the client's address, with it the client is appended.
    forwarded_for = _join(request.headers.get("X-Forwarded-For"), request.peer)
    headers = CIMultiDict(
        {
            "Via": _join(request.headers.get("Via"), f"1.1 {SERVER}"),
            "Host": host_header,
            "Connection": "keep-alive",
            "X-Forwarded-For": forwarded_for,
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": request.host,
            "X-Forwarded-Port": str(request.server_port),
            "X-Forwarded-Path": request.path,
            "X-Real-IP": request.peer,
            "X-Kong-Request-Id": exchange.request_id,
        }
    )
    dropped = _listed_in_connection(exchange.headers)
    for name, value in exchange.headers.items():
        if not _NEVER_FORWARDED.fullmatch(name) and name.lower() not in dropped:
            headers.add(name, value)
    return headers


def build_client_headers(
    upstream_headers: CIMultiDictProxy[str], set_by_plugins: CIMultiDict[str]
) -> CIMultiDict[str]:
    """Put the upstream's headers beside those that plugins set before."""
    dropped = _NEVER_RETURNED | _listed_in_connection(upstream_headers)
    headers = set_by_plugins.copy()
    for name, value in upstream_headers.items():
        lower_name = name.lower()
        if lower_name in dropped or lower_name.startswith("x-accel-"):
            continue
        if lower_name in _SINGLE:
            headers[name] = value
        else:
            headers.add(name, value)
    headers["Via"] = _join(upstream_headers.get("Via"), f"1.1 {SERVER}")
    headers.setdefault("Server", SERVER)
    return headers


def _listed_in_connection(headers: CIMultiDict[str] | CIMultiDictProxy[str]) -> set[str]:
    listed = {part.strip().lower() for part in headers.get("Connection", "").split(",")}
    return listed - {"close", "upgrade", "keep-alive", ""}


def _join(before: str | None, own: str) -> str:
    return own if before is None else f"{before}, {own}"
