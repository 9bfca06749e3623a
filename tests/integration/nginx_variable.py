"""The nginx variable that kong.conf composes for the plugin, as the tests' Kongs have it."""

from __future__ import annotations

from typing import Any

REQUEST_ID = "0123456789abcdef0123456789abcdef"


def nginx_variable(request: Any, name: str) -> str | None:
    """ct_request as KONG_NGINX_PROXY_SET defines it (docs/kong.md), and the request's others.

    ct_older is its definition before it held the request's id.
    """
    if name not in ("ct_request", "ct_older"):
        value: str | None = request.variables.get(name)
        return value
    headers = [
        "origin",
        "access-control-request-method",
        "access-control-request-private-network",
        "access-control-request-headers",
    ]
    values = [request.headers.get(header, "") for header in headers]
    older = " ".join([request.method, request.client_ip, *values])
    if name == "ct_older":
        return older
    return f"{REQUEST_ID} {older} {REQUEST_ID} {request.headers.get('connection', '')}"
