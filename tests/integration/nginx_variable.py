"""The nginx variable that kong.conf composes for the plugin, as the tests' Kongs have it."""

from __future__ import annotations

from typing import Any


def nginx_variable(request: Any, name: str) -> str | None:
    """ct_request as KONG_NGINX_PROXY_SET defines it (docs/kong.md); nobody defines another."""
    if name != "ct_request":
        return None
    headers = [
        "origin",
        "access-control-request-method",
        "access-control-request-private-network",
        "access-control-request-headers",
    ]
    values = [request.headers.get(header, "") for header in headers]
    return " ".join([request.method, request.client_ip, *values])
