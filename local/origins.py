"""The origins that a kong.yml lets read the gateway's answers."""

from __future__ import annotations

from typing import Any

import yaml

PLUGIN = "conversion-tracking"


def allow_origin(kong_yml: str, origin: str) -> str:
    """The configuration with one more origin for the plugin; the same text where it has it."""
    config = yaml.safe_load(kong_yml)
    allowed = [plugin["config"]["origins"] for plugin in tracking_plugins(config)]
    if all(origin in origins for origins in allowed):
        return kong_yml
    for origins in allowed:
        if origin not in origins:  # entries may share one list, by an anchor of YAML
            origins.append(origin)
    return str(yaml.safe_dump(config, sort_keys=False))


def tracking_plugins(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The plugin's entries in services and routes."""
    services = config.get("services", [])
    routes = [r for parent in (config, *services) for r in parent.get("routes", [])]
    plugins = [p for parent in (*services, *routes) for p in parent.get("plugins", [])]
    return [plugin for plugin in plugins if plugin["name"] == PLUGIN]
