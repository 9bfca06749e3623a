"""Read kong.yml. What Kong would refuse, and what is not implemented, stops the start."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from local.gateway.config import KongConfig, PluginEntry, Route, Service, Target, Upstream
from local.gateway.entities import KONG_YML
from local.gateway.errors import StartError
from local.gateway.schema import compile_pcre, complete, find_violations
from local.gateway.uri import normalize

# Kong derives the ids of a declarative file from names as well, under its own namespace.
_ID_NAMESPACE = uuid.UUID("6f3f3c1e-5d0a-5b0e-9a39-6d1c6c7a0f11")
_TARGET = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?\Z")
_DEFAULT_TARGET_PORT = 8000
_HIGHEST_PORT = 65535


def load_config(path: Path) -> KongConfig:
    """Read kong.yml. Raises StartError that names every refused place."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StartError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise StartError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    return parse_config(document)


def parse_config(document: object) -> KongConfig:
    """Check a parsed kong.yml and give it frozen types. Raises StartError."""
    if not isinstance(document, dict):
        raise StartError("kong.yml: expected a record with _format_version and entities")
    violations = [
        str(violation).removeprefix("kong.yml.")
        for violation in find_violations(KONG_YML, document, "kong.yml")
    ]
    if violations:
        raise StartError("kong.yml: " + "; ".join(violations))
    return _Reader(complete(KONG_YML, document)).read()


def make_id(kind: str, *parts: str | None) -> str:
    """Derive a stable id for an entity that gives none."""
    return str(uuid.uuid5(_ID_NAMESPACE, "|".join((kind, *(part or "" for part in parts)))))


class _Reader:
    """Walks a completed document once; ``_places`` finds names that are used twice."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._places: dict[tuple[str, ...], str] = {}
        self._services: dict[str, Service] = {}
        self._disabled: set[str] = set()
        self._routes: dict[str, Route] = {}
        self._plugins: list[PluginEntry] = []

    def read(self) -> KongConfig:
        for path, service in self._entities(self._document, "services"):
            self._read_service(service, path)
        for path, route in self._entities(self._document, "routes"):
            self._read_route(route, path, self._find_service(route.get("service"), path))
        for path, plugin in self._entities(self._document, "plugins"):
            self._read_top_level_plugin(plugin, path)
        active = [
            route
            for route in self._routes.values()
            if route.service is None or route.service.id not in self._disabled
        ]
        return KongConfig(
            services=tuple(self._services.values()),
            routes=tuple(active),
            upstreams=tuple(self._read_upstreams()),
            plugins=tuple(self._plugins),
        )

    def _entities(
        self, parent: dict[str, Any], kind: str, prefix: str = ""
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for position, entity in enumerate(parent.get(kind, ())):
            path = f"{prefix}{kind}[{position}]"
            if entity.get("name") and kind != "plugins":
                self._claim((kind, entity["name"]), path)
            if entity.get("instance_name"):
                self._claim(("instance", entity["instance_name"]), path)
            yield path, entity

    def _claim(self, key: tuple[str, ...], path: str) -> None:
        if key in self._places:
            raise StartError(
                f"kong.yml: {path}: uniqueness violation: {self._places[key]} is the same"
            )
        self._places[key] = path

    def _read_service(self, entity: dict[str, Any], path: str) -> None:
        service = Service(
            id=entity.get("id") or make_id("service", entity.get("name") or path),
            name=entity.get("name"),
            host=entity["host"],
            port=entity["port"],
            path=entity.get("path"),
            retries=entity["retries"],
            connect_timeout=entity["connect_timeout"] / 1000,
            read_timeout=entity["read_timeout"] / 1000,
        )
        self._services[service.id] = service
        if not entity["enabled"]:
            self._disabled.add(service.id)
        for route_path, route in self._entities(entity, "routes", f"{path}."):
            self._read_route(route, route_path, service)
        for plugin_path, plugin in self._entities(entity, "plugins", f"{path}."):
            self._add_plugin(plugin, plugin_path, service_id=service.id)

    def _read_route(self, entity: dict[str, Any], path: str, service: Service | None) -> None:
        _require_a_matcher(entity, path)
        for position, pattern in enumerate(entity.get("paths", ())):
            _check_path(pattern, f"{path}.paths[{position}]")
        route = Route(
            id=entity.get("id") or make_id("route", entity.get("name") or path),
            name=entity.get("name"),
            service=service,
            protocols=tuple(entity["protocols"]),
            methods=tuple(entity.get("methods", ())),
            hosts=tuple(host.lower() for host in entity.get("hosts", ())),
            paths=tuple(entity.get("paths", ())),
            regex_priority=entity["regex_priority"],
            strip_path=entity["strip_path"],
            preserve_host=entity["preserve_host"],
        )
        self._routes[route.id] = route
        for plugin_path, plugin in self._entities(entity, "plugins", f"{path}."):
            self._add_plugin(plugin, plugin_path, route_id=route.id)

    def _read_top_level_plugin(self, entity: dict[str, Any], path: str) -> None:
        service = self._find_service(entity.get("service"), path)
        route = None
        if entity.get("route"):
            route = self._find_route(entity["route"], path)
        self._add_plugin(
            entity,
            path,
            service_id=service.id if service else None,
            route_id=route.id if route else None,
        )

    def _add_plugin(
        self,
        entity: dict[str, Any],
        path: str,
        *,
        service_id: str | None = None,
        route_id: str | None = None,
    ) -> None:
        self._claim(("plugins", entity["name"], route_id or "", service_id or ""), path)
        self._plugins.append(
            PluginEntry(
                id=entity.get("id") or make_id("plugin", entity["name"], route_id, service_id),
                name=entity["name"],
                instance_name=entity.get("instance_name"),
                route_id=route_id,
                service_id=service_id,
                enabled=entity["enabled"],
                config=entity["config"],
                path=path,
            )
        )

    def _find_service(self, reference: str | None, path: str) -> Service | None:
        if reference is None:
            return None
        for service in self._services.values():
            if reference in {service.name, service.id}:
                return service
        raise StartError(f"kong.yml: {path}.service: no service is called '{reference}'")

    def _find_route(self, reference: str, path: str) -> Route:
        for route in self._routes.values():
            if reference in {route.name, route.id}:
                return route
        raise StartError(f"kong.yml: {path}.route: no route is called '{reference}'")

    def _read_upstreams(self) -> Iterator[Upstream]:
        top_level = list(self._entities(self._document, "targets"))
        names = {upstream["name"] for upstream in self._document.get("upstreams", ())}
        for path, target in top_level:
            if target.get("upstream") not in names:
                raise StartError(f"kong.yml: {path}.upstream: no upstream is called so")
        for path, entity in self._entities(self._document, "upstreams"):
            targets = list(self._entities(entity, "targets", f"{path}."))
            targets += [one for one in top_level if one[1]["upstream"] == entity["name"]]
            for place, target in targets:
                self._claim(("targets", entity["name"], target["target"]), place)
            yield Upstream(
                name=entity["name"],
                targets=tuple(_parse_target(target, place) for place, target in targets),
                healthchecks=entity["healthchecks"],
            )


def _require_a_matcher(route: dict[str, Any], path: str) -> None:
    if not any(route.get(name) for name in ("methods", "hosts", "paths")):
        raise StartError(
            f"kong.yml: {path}: must set one of 'methods', 'hosts', 'headers', 'paths'"
        )


def _check_path(pattern: str, path: str) -> None:
    if not pattern.startswith("~"):
        # The normalised form is bytes, held as latin-1.
        normalized = normalize(pattern).encode("latin-1").decode("utf-8", "replace")
        if normalized != pattern:
            raise StartError(
                f"kong.yml: {path}: non-normalized path, consider use '{normalized}' instead"
            )
        return
    try:
        compile_pcre(pattern[1:])
    except re.error as error:
        raise StartError(f"kong.yml: {path}: invalid regex: '{pattern[1:]}' ({error})") from error


def _parse_target(entity: dict[str, Any], path: str) -> Target:
    matched = _TARGET.match(entity["target"])
    port = int(matched["port"] or _DEFAULT_TARGET_PORT) if matched else 0
    if not matched or port > _HIGHEST_PORT:
        raise StartError(
            f"kong.yml: {path}.target: Invalid target ('{entity['target']}'); "
            "not a valid hostname or ip address"
        )
    return Target(host=matched["host"].strip("[]"), port=port, weight=entity["weight"])
