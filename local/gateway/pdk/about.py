"""kong.client, kong.nginx, kong.node, kong.plugin and kong.log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from local.gateway.log_setup import NOTICE
from local.gateway.nginx_variables import find_variable
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
    return find_variable(context.exchange, context.services.variables, str(name))


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


METHODS: Mapping[str, PdkMethod] = {
    "kong.client.get_ip": get_ip,
    "kong.client.get_forwarded_ip": get_forwarded_ip,
    "kong.nginx.get_var": get_var,
    "kong.node.get_id": get_node_id,
    "kong.node.get_hostname": get_hostname,
    "kong.log": _make_log_method(_LEVELS["notice"]),
    **{f"kong.log.{name}": _make_log_method(level) for name, level in _LEVELS.items()},
}
