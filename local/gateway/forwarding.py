"""Header rules between client, gateway and upstream (kong/runloop/handler.lua, nginx)."""

from __future__ import annotations

from multidict import CIMultiDict, CIMultiDictProxy

from local.gateway.answers import SERVER
from local.gateway.exchange import Exchange

# nginx's proxy module never passes these on as they came.
_NEVER_FORWARDED = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-path",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-proto",
        "x-kong-request-id",
        "x-real-ip",
    }
)
# Upgrades and trailers are not implemented; Kong drops these two where nobody asked for them.
_NEVER_RETURNED = frozenset(
    {"connection", "keep-alive", "trailer", "transfer-encoding", "upgrade", "via", "x-pad"}
)
# nginx's charset_types; Kong's configuration says "charset UTF-8".
_CHARSET_TYPES = frozenset(
    {
        "application/javascript",
        "application/rss+xml",
        "text/html",
        "text/plain",
        "text/vnd.wap.wml",
        "text/xml",
    }
)
# Where upstream and plugin both set one of these, the upstream's value is the one sent;
# of every other header both lines arrive.
_SINGLE = frozenset({"content-length", "content-type", "date"})


def build_upstream_headers(exchange: Exchange, host_header: str) -> CIMultiDict[str]:
    """Build the headers of the request to the upstream."""
    request, headers = exchange.request, CIMultiDict[str]()
    if _asks_for_trailers(exchange.headers):
        headers["TE"] = "trailers"
    # A number in Lua: HTTP/1.0 is "1".
    headers["Via"] = _join(request.headers.get("Via"), f"{float(request.http_version):g} {SERVER}")
    headers["Host"] = _choose_host(exchange, host_header)
    headers["Connection"] = "keep-alive"
    headers.extend(_build_forwarded_headers(exchange))
    headers["X-Real-IP"] = exchange.client_address
    headers["X-Kong-Request-Id"] = exchange.request_id
    dropped = _NEVER_FORWARDED | _listed_in_connection(exchange.headers)
    for name, value in exchange.headers.items():
        if name.lower() not in dropped:
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
    via = upstream_headers.get("Via")
    headers["Via"] = _join(via, f"1.1 {SERVER}")
    headers.setdefault("Server", SERVER)
    return headers


def add_charset(headers: CIMultiDict[str]) -> None:
    """Name UTF-8 in the text types that name no charset, as nginx does for Kong."""
    content_type = headers.get("Content-Type", "")
    if content_type.strip().lower() in _CHARSET_TYPES and "Content-Encoding" not in headers:
        headers["Content-Type"] = f"{content_type}; charset=UTF-8"


def _build_forwarded_headers(exchange: Exchange) -> dict[str, str]:
    request = exchange.request
    trusted = request.headers if exchange.peer_is_trusted else {}
    prefix = trusted.get("X-Forwarded-Prefix", exchange.match.stripped_prefix)
    sent_by_client = request.headers.get("X-Forwarded-For")
    # Without the header it is the client's address, with it the peer is appended.
    address = exchange.client_address if sent_by_client is None else request.peer
    forwarded = {
        "X-Forwarded-For": _join(sent_by_client, address),
        "X-Forwarded-Proto": trusted.get("X-Forwarded-Proto", "http"),
        "X-Forwarded-Host": trusted.get("X-Forwarded-Host", request.host),
        "X-Forwarded-Port": trusted.get("X-Forwarded-Port", str(request.server_port)),
        "X-Forwarded-Path": trusted.get("X-Forwarded-Path", request.path),
    }
    return forwarded | ({"X-Forwarded-Prefix": prefix} if prefix else {})


def _choose_host(exchange: Exchange, host_header: str) -> str:
    if exchange.upstream_host is not None:
        return exchange.upstream_host
    if exchange.match.route.preserve_host:
        return exchange.request.headers.get("Host", host_header)
    return host_header


def _asks_for_trailers(headers: CIMultiDict[str]) -> bool:
    return "trailers" in [part.strip() for part in headers.get("TE", "").split(",")]


def _listed_in_connection(headers: CIMultiDict[str] | CIMultiDictProxy[str]) -> set[str]:
    listed = {part.strip().lower() for part in headers.get("Connection", "").split(",")}
    return listed - {"close", "upgrade", "keep-alive", ""}


def _join(before: str | None, own: str) -> str:
    return own if before is None else f"{before}, {own}"
