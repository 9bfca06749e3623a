"""What a PDK method gets, besides its arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from local.gateway.exchange import Exchange


@dataclass(frozen=True)
class PdkServices:
    """What PDK methods know beyond the request."""

    node_id: str
    hostname: str


@dataclass(frozen=True)
class PdkContext:
    """The request that a plugin is working on."""

    exchange: Exchange
    services: PdkServices


PdkMethod = Callable[..., Awaitable[Any]]
