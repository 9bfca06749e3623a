"""Which plugins run on a route, with which configuration, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from local.gateway.config import PluginEntry, Route
from local.gateway.errors import StartError
from local.gateway.kong_yml import make_id
from local.gateway.plugins.base import Plugin, PluginConfig
from local.gateway.schema import complete, find_violations
from local.gateway.vault import find_reference_violations, resolve_references

_WORKSPACE_ID = make_id("workspace", "default")


@dataclass(frozen=True)
class ConfiguredPlugin:
    """A plugin with one of its configurations."""

    plugin: Plugin
    entry: PluginEntry
    config: PluginConfig


class PluginChain:
    """All configured plugins. Each runs at most once on a request."""

    def __init__(self, configured: Iterable[ConfiguredPlugin]) -> None:
        # Kong sorts by priority, then by name, both descending.
        self._configured = sorted(
            configured, key=lambda one: (one.plugin.priority, one.plugin.name), reverse=True
        )

    def select(self, route: Route) -> list[ConfiguredPlugin]:
        """Give the plugins of a route; the most special configuration of each wins."""
        chosen: dict[str, ConfiguredPlugin] = {}
        for one in self._configured:
            if not _applies(one.entry, route):
                continue
            rival = chosen.get(one.plugin.name)
            if rival is None or _specialty(one.entry) > _specialty(rival.entry):
                chosen[one.plugin.name] = one
        return list(chosen.values())


def configure_plugins(
    entries: Iterable[PluginEntry],
    plugins: Mapping[str, Plugin],
    environment: Mapping[str, str],
) -> PluginChain:
    """Check each entry against its plugin's schema, and complete its configuration.

    Raises StartError that names the plugin's place in kong.yml.
    """
    sequence = count(1)
    configured = []
    for entry in entries:
        if entry.name not in plugins:
            raise StartError(
                f"kong.yml: {entry.path}.name: plugin '{entry.name}' not enabled; add it to the "
                "'plugins' configuration property, or it is not implemented by the local gateway"
            )
        plugin = plugins[entry.name]
        config = _build_config(entry, plugin, environment, next(sequence))
        if entry.enabled:
            configured.append(ConfiguredPlugin(plugin, entry, config))
    return PluginChain(configured)


def _build_config(
    entry: PluginEntry, plugin: Plugin, environment: Mapping[str, str], sequence: int
) -> dict[str, Any]:
    path = f"{entry.path}.config"
    schema = plugin.config_schema
    values = complete(schema, dict(entry.config))
    broken = [str(one) for one in find_violations(schema, values, path)]
    if not broken:
        broken = [str(one) for one in find_reference_violations(schema, values, path)]
        broken += [f"{path}: {message}" for message in plugin.find_config_errors(values)]
    if broken:
        raise StartError("kong.yml: " + "; ".join(broken))
    return resolve_references(schema, values, environment) | _make_kong_keys(entry, sequence)


def _make_kong_keys(entry: PluginEntry, sequence: int) -> dict[str, Any]:
    # What Kong puts among a plugin's own keys (kong/runloop/plugins_iterator.lua).
    keys = {
        "route_id": entry.route_id,
        "service_id": entry.service_id,
        "plugin_instance_name": entry.instance_name,
        "__plugin_id": entry.id,
        "__ws_id": _WORKSPACE_ID,
        "__key__": ":".join(
            [
                "plugins",
                entry.name,
                entry.route_id or "",
                entry.service_id or "",
                "",
                "",
                _WORKSPACE_ID,
            ]
        ),
        "__seq__": sequence,
    }
    return {key: value for key, value in keys.items() if value is not None}


def _applies(entry: PluginEntry, route: Route) -> bool:
    service_id = route.service.id if route.service else None
    return entry.route_id in (None, route.id) and entry.service_id in (None, service_id)


def _specialty(entry: PluginEntry) -> tuple[bool, bool]:
    # Route and service, then route, then service, then global.
    return entry.route_id is not None, entry.service_id is not None
