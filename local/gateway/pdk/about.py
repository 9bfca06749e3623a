"""kong.client, kong.nginx, kong.node, kong.plugin and kong.log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from local.gateway.errors import PluginFailedError
from local.gateway.log_setup import NOTICE
from local.gateway.pdk.checks import to_text
from local.gateway.pdk.types import PdkContext, PdkMethod

log = logging.getLogger("local.gateway.plugin")

# The names of Kong's log methods, on Python's scale.
_LEVELS = {
    "emerg": logging.CRITICAL,
    "alert": logging.CRITICAL,
    "crit": logging.CRITICAL,
    "err": logging.ERROR,
    "warn": logging.WARNING,
    "notice": NOTICE,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "inspect": logging.DEBUG,
}


async def get_ip(context: PdkContext) -> str:
    """Always the peer's address, whatever a proxy in front says."""
    return context.exchange.request.peer


async def get_forwarded_ip(context: PdkContext) -> str:
    """The client's address by the rules of trusted proxies."""
    return context.exchange.client_address


async def get_var(context: PdkContext, name: object = None) -> str | None:
    """Give an nginx variable; one that is not implemented fails the plugin."""
    variable = str(name)
    request, headers = context.exchange.request, context.exchange.headers
    if variable.startswith("http_"):
        return ", ".join(headers.getall(_header_name(variable), [])) or None
    if variable.startswith("arg_"):
        return _find_argument(request.query or "", variable.removeprefix("arg_"))
    variables: Mapping[str, str | None] = {
        "remote_addr": context.exchange.client_address,
        "realip_remote_addr": request.peer,
        "host": request.host,
        "request_method": request.method,
        "request_uri": request.target,
        "scheme": "http",
        "server_port": str(request.server_port),
        "args": request.query or None,
        "query_string": request.query or None,
        "is_args": "?" if request.query else "",
        "content_type": headers.get("Content-Type"),
        "content_length": headers.get("Content-Length"),
        "kong_request_id": context.exchange.request_id,
    }
    if variable not in variables:
        raise PluginFailedError(
            f"kong.nginx.get_var('{variable}') is not implemented by the local gateway"
        )
    return variables[variable]


async def get_node_id(context: PdkContext) -> str:
    """The id of this gateway."""
    return context.services.node_id


async def get_hostname(context: PdkContext) -> str:
    """The name of this machine."""
    return context.services.hostname


def _make_log_method(level: int) -> PdkMethod:
    async def write(_context: PdkContext, *parts: Any) -> None:
        log.log(level, "%s", "".join(to_text(part) for part in parts))

    return write


def _header_name(variable: str) -> str:
    return variable.removeprefix("http_").replace("_", "-")


def _find_argument(query: str, name: str) -> str | None:
    # nginx compares the name without case and leaves the value encoded.
    for pair in query.split("&"):
        key, mark, value = pair.partition("=")
        if mark and unquote(key).lower() == name.lower():
            return value
    return None


METHODS: Mapping[str, PdkMethod] = {
    "kong.client.get_ip": get_ip,
    "kong.client.get_forwarded_ip": get_forwarded_ip,
    "kong.nginx.get_var": get_var,
    "kong.node.get_id": get_node_id,
    "kong.node.get_hostname": get_hostname,
    "kong.log": _make_log_method(_LEVELS["notice"]),
    **{f"kong.log.{name}": _make_log_method(level) for name, level in _LEVELS.items()},
}
