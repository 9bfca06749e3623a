"""What kong.yml says, as frozen values; kong_yml.py makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Service:
    """Where a route's requests go; timeouts in seconds."""

    id: str
    name: str | None
    host: str
    port: int
    path: str | None
    retries: int
    connect_timeout: float
    read_timeout: float


@dataclass(frozen=True)
class Route:
    """Which requests are taken, and how they are passed on."""

    id: str
    name: str | None
    service: Service | None
    protocols: tuple[str, ...]
    methods: tuple[str, ...]
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    regex_priority: int
    strip_path: bool
    preserve_host: bool


@dataclass(frozen=True)
class Target:
    """One address of an upstream."""

    host: str
    port: int
    weight: int


@dataclass(frozen=True)
class Upstream:
    """A balanced group of targets; ``healthchecks`` has Kong's own shape, completed."""

    name: str
    targets: tuple[Target, ...]
    healthchecks: Mapping[str, Any]


@dataclass(frozen=True)
class PluginEntry:
    """A plugin as kong.yml configures it; ``path`` says where, for messages."""

    id: str
    name: str
    instance_name: str | None
    route_id: str | None
    service_id: str | None
    enabled: bool
    config: Mapping[str, Any]
    path: str


@dataclass(frozen=True)
class KongConfig:
    """All of kong.yml."""

    services: tuple[Service, ...]
    routes: tuple[Route, ...]
    upstreams: tuple[Upstream, ...]
    plugins: tuple[PluginEntry, ...]
