"""Which plugins run on a route, with which configuration, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from local.gateway.config.kong_yml import make_id
from local.gateway.config.schema import complete, find_violations
from local.gateway.config.types import PluginEntry, Route
from local.gateway.config.vault import resolve_references
from local.gateway.errors import StartError
from local.gateway.plugins.base import Plugin, PluginConfig

_WORKSPACE_ID = make_id("workspace")


@dataclass(frozen=True)
class ConfiguredPlugin:
    """A plugin with one of its configurations."""

    plugin: Plugin
    config: PluginConfig


class PluginChain:
    """All configured plugins, by the ids of their entries in kong.yml."""

    def __init__(self, configured: Mapping[str, ConfiguredPlugin]) -> None:
        self._configured = configured

    def select(self, route: Route) -> list[ConfiguredPlugin]:
        """Give the plugins of a route in Kong's order: by priority, then by name, descending."""
        return sorted(
            (self._configured[entry.id] for entry in route.plugins),
            key=lambda one: (one.plugin.priority, one.plugin.name),
            reverse=True,
        )


def configure_plugins(
    entries: Iterable[PluginEntry],
    plugins: Mapping[str, Plugin],
    environment: Mapping[str, str],
) -> PluginChain:
    """Check each entry against its plugin's schema, and complete its configuration.

    Raises StartError that names the plugin's place in kong.yml.
    """
    sequence = count(1)
    configured: dict[str, ConfiguredPlugin] = {}
    for entry in entries:
        if entry.name not in plugins:
            raise StartError(
                f"kong.yml: {entry.path}.name: plugin '{entry.name}' not enabled; add it to the "
                "'plugins' configuration property, or it is not implemented by the local gateway"
            )
        plugin = plugins[entry.name]
        config = _build_config(entry, plugin, environment) | _make_kong_keys(entry, next(sequence))
        configured[entry.id] = ConfiguredPlugin(plugin, config)
    return PluginChain(configured)


def _build_config(
    entry: PluginEntry, plugin: Plugin, environment: Mapping[str, str]
) -> dict[str, Any]:
    path, schema = f"{entry.path}.config", plugin.config_schema
    values = complete(schema, entry.config)
    broken = list(find_violations(schema, values, path))
    if broken:
        raise StartError("kong.yml: " + "; ".join(map(str, broken)))
    return resolve_references(schema, values, environment, path)


def _make_kong_keys(entry: PluginEntry, sequence: int) -> dict[str, Any]:
    # What Kong puts among a plugin's own keys (kong/runloop/plugins_iterator.lua).
    route_id, service_id = (entry.scope.get(key, "") for key in ("route_id", "service_id"))
    return {
        **entry.scope,
        "__plugin_id": entry.id,
        "__ws_id": _WORKSPACE_ID,
        "__key__": f"plugins:{entry.name}:{route_id}:{service_id}:::{_WORKSPACE_ID}",
        "__seq__": sequence,
    }
