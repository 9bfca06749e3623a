"""The origins that a kong.yml lets read the gateway's answers."""

from __future__ import annotations

from typing import Any

import yaml

PLUGIN = "conversion-tracking"


def allow_origin(kong_yml: str, origin: str) -> str:
    """The configuration with one more origin for the plugin; the same text where it has it."""
    config = yaml.safe_load(kong_yml)
    allowed = [plugin["config"]["origins"] for plugin in tracking_plugins(config)]
    missing = [origins for origins in allowed if origin not in origins]
    if not missing:
        return kong_yml
    for origins in missing:
        origins.append(origin)
    return str(yaml.safe_dump(config, sort_keys=False))


def tracking_plugins(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The plugin's entries in its services."""
    plugins = [p for service in config["services"] for p in service.get("plugins", [])]
    return [plugin for plugin in plugins if plugin["name"] == PLUGIN]
