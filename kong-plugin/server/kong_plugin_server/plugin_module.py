"""Plugins in kong-pdk's programming model, as modules.

A plugin is a module with a class `Plugin` (made with a configuration; a method for each
phase), and `Schema`, `version`, `priority`. Nothing here speaks with Kong: the supervisor,
which only looks at a plugin, needs no ProtoBuf.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

# Kong runs these in a plugin server (kong/runloop/plugin_servers/plugin.lua).
PHASES = ("certificate", "rewrite", "access", "response", "preread", "log")


class HostedPlugin:
    """A plugin's module, and what Kong must know of it."""

    def __init__(self, name: str, module: ModuleType) -> None:
        self.name = name
        self._module = module
        self.plugin_class: type[Any] = module.Plugin
        self.version = str(getattr(module, "version", ""))
        self.phases = [phase for phase in PHASES if hasattr(module.Plugin, phase)]

    def dump(self) -> dict[str, object]:
        """What Kong's query command prints, before it is JSON.

        Raises AttributeError where the module has no `version` or `priority`.
        """
        config = {"config": {"type": "record", "fields": getattr(self._module, "Schema", [])}}
        description = {
            "Name": self.name,
            "Version": self._module.version,
            "Priority": self._module.priority,
            "Phases": self.phases,
            "Schema": {"name": self.name, "fields": [config]},
        }
        return {"Protocol": "ProtoBuf:1", "Plugins": [description]}


def load_plugin(name: str, module_name: str) -> HostedPlugin:
    """Import a plugin's module.

    Raises ImportError where there is none, AttributeError where it has no `Plugin`, and whatever
    the module itself raises.
    """
    return HostedPlugin(name, importlib.import_module(module_name))
