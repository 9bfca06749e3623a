"""Read kong.yml. What Kong would refuse, and what is not implemented, stops the start."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from local.gateway.config.entities import KONG_YML
from local.gateway.config.schema import compile_regex, complete, find_violations
from local.gateway.config.types import KongConfig, PluginEntry, Route, Service, Upstream
from local.gateway.errors import StartError
from local.gateway.proxying.paths import normalize

_ID_NAMESPACE = uuid.UUID("6f3f3c1e-5d0a-5b0e-9a39-6d1c6c7a0f11")

Entity = dict[str, Any]


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
    completed = complete(KONG_YML, document)
    violations = [
        str(violation).removeprefix("kong.yml.")
        for violation in find_violations(KONG_YML, completed, "kong.yml")
    ]
    if violations:
        raise StartError("kong.yml: " + "; ".join(violations))
    return _Reader().read(completed)


def make_id(path: str) -> str:
    """An id that stays the same from start to start, for an entity by its place."""
    return str(uuid.uuid5(_ID_NAMESPACE, path))


class _Reader:
    """Walks a checked document once; ``_places`` finds names that are used twice."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], str] = {}
        self._plugins: list[PluginEntry] = []

    def read(self, document: Entity) -> KongConfig:
        services: list[Service] = []
        routes: list[Route] = []
        for path, entity in self._entities(document, "services"):
            service = _make_service(entity)
            services.append(service)
            plugins = self._read_plugins(entity, path, {"service_id": make_id(path)})
            for route_path, route in self._entities(entity, "routes", f"{path}."):
                routes.append(self._read_route(route, route_path, service, plugins))
        for path, route in self._entities(document, "routes"):
            routes.append(self._read_route(route, path, None, {}))
        upstreams = [
            _make_upstream(entity, path) for path, entity in self._entities(document, "upstreams")
        ]
        return KongConfig(tuple(services), tuple(routes), tuple(upstreams), tuple(self._plugins))

    def _read_route(
        self,
        entity: Entity,
        path: str,
        service: Service | None,
        of_service: Mapping[str, PluginEntry],
    ) -> Route:
        for position, pattern in enumerate(entity["paths"]):
            _check_path(pattern, f"{path}.paths[{position}]")
        # The most special configuration of a plugin wins.
        own = self._read_plugins(entity, path, {"route_id": make_id(path)})
        plugins = {**of_service, **own}
        return Route(
            name=entity.get("name"),
            service=service,
            methods=tuple(entity.get("methods", ())),
            paths=tuple(entity["paths"]),
            plugins=tuple(plugins.values()),
        )

    def _read_plugins(
        self, parent: Entity, path: str, scope: Mapping[str, str]
    ) -> dict[str, PluginEntry]:
        entries = [
            PluginEntry(make_id(place), plugin["name"], scope, plugin["config"], place)
            for place, plugin in self._entities(parent, "plugins", f"{path}.")
        ]
        self._plugins += entries
        return {entry.name: entry for entry in entries}

    def _entities(
        self, parent: Entity, kind: str, prefix: str = ""
    ) -> Iterator[tuple[str, Entity]]:
        # Names are unique in the file, those of plugins within their parent.
        scope = prefix if kind == "plugins" else ""
        for position, entity in enumerate(parent.get(kind, ())):
            path = f"{prefix}{kind}[{position}]"
            key = (kind, scope, entity.get("name") or path)
            if key in self._places:
                raise StartError(
                    f"kong.yml: {path}: uniqueness violation: {self._places[key]} is the same"
                )
            self._places[key] = path
            yield path, entity


def _make_service(entity: Entity) -> Service:
    return Service(
        host=entity["host"],
        port=entity["port"],
        connect_timeout=entity["connect_timeout"] / 1000,
        read_timeout=entity["read_timeout"] / 1000,
    )


def _make_upstream(entity: Entity, path: str) -> Upstream:
    host, _, port = entity["targets"][0]["target"].rpartition(":")
    if int(port) > 65535:  # noqa: PLR2004 (the highest port)
        raise StartError(f"kong.yml: {path}.targets[0].target: invalid value: {host}:{port}")
    return Upstream(entity["name"], host, int(port))


def _check_path(pattern: str, path: str) -> None:
    if pattern.startswith("~"):
        try:
            compile_regex(pattern[1:])
        except re.error as error:
            raise StartError(
                f"kong.yml: {path}: invalid regex: '{pattern[1:]}' ({error})"
            ) from error
    elif normalize(pattern) != pattern:
        raise StartError(
            f"kong.yml: {path}: non-normalized path, consider use '{normalize(pattern)}' instead"
        )
