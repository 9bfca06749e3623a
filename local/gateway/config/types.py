"""What kong.yml says, as frozen values; kong_yml.py makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Service:
    """Where a route's requests go; timeouts in seconds."""

    host: str
    port: int
    connect_timeout: float
    read_timeout: float


@dataclass(frozen=True)
class PluginEntry:
    """A plugin as kong.yml configures it; ``path`` says where, for messages."""

    id: str
    name: str
    scope: Mapping[str, str]
    """``route_id`` or ``service_id``, the entity that it stands in."""
    config: Mapping[str, Any]
    path: str


@dataclass(frozen=True)
class Route:
    """Which requests are taken; ``plugins`` are its own and its service's, each name once."""

    name: str | None
    service: Service | None
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    plugins: tuple[PluginEntry, ...] = ()


@dataclass(frozen=True)
class Upstream:
    """A name for one address."""

    name: str
    host: str
    port: int


@dataclass(frozen=True)
class KongConfig:
    """All of kong.yml."""

    services: tuple[Service, ...]
    routes: tuple[Route, ...]
    upstreams: tuple[Upstream, ...]
    plugins: tuple[PluginEntry, ...]
