"""What a PDK method gets, besides its arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.gateway.exchange import Exchange


@dataclass(frozen=True)
class PdkServices:
    """What PDK methods know beyond the request."""

    node_id: str
    hostname: str
    variables: Mapping[str, str] = field(default_factory=dict)
    """What KONG_NGINX_PROXY_SET defines."""


@dataclass(frozen=True)
class PdkContext:
    """The request that a plugin is working on."""

    exchange: Exchange
    services: PdkServices


PdkMethod = Callable[..., Awaitable[Any]]
