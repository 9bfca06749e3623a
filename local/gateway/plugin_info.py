"""What a plugin server's dump says about its plugin."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.gateway.errors import StartError
from local.gateway.metaschema import find_schema_violations
from local.gateway.schema import named_fields

_VERSION = re.compile(r"\d+\.\d+\.\d+(?![.\d])")
MSGPACK, PROTOBUF = "MsgPack:1", "ProtoBuf:1"


@dataclass(frozen=True)
class PluginInfo:
    """One plugin of a dump, checked as Kong checks it."""

    protocol: str
    name: str
    priority: int
    phases: tuple[str, ...]
    schema: Mapping[str, Any]


def parse_dump(text: str, server_name: str) -> PluginInfo:
    """Parse the query command's output. Raises StartError.

    A dump is a list of plugins, or a record with Protocol and Plugins. Kong uses only its
    first plugin, and takes MsgPack:1 where no protocol is named.
    """
    try:
        dump = json.loads(text)
    except ValueError as error:
        raise StartError(f"[{server_name}] failed decoding plugin info: {error}") from error
    protocol, plugins = MSGPACK, dump
    if isinstance(dump, dict):
        protocol, plugins = dump.get("Protocol", MSGPACK), dump.get("Plugins")
    if protocol not in (MSGPACK, PROTOBUF):
        # Kong itself starts, and then every request of the plugin is a 500.
        raise StartError(
            f"[{server_name}] unknown protocol implementation: {protocol}; Kong has {MSGPACK} "
            f"and {PROTOBUF}"
        )
    if not isinstance(plugins, list) or not plugins or not isinstance(plugins[0], dict):
        raise StartError(f"[{server_name}] not a plugin info table: {text[:200]}")
    return _parse_plugin(protocol, plugins[0])


def _parse_plugin(protocol: str, plugin: dict[str, Any]) -> PluginInfo:
    name, priority = plugin.get("Name"), plugin.get("Priority")
    if not isinstance(name, str):
        raise StartError("the dump's plugin has no Name")
    if not isinstance(priority, int) or isinstance(priority, bool):
        raise StartError(
            f'Plugin "{name}" cannot be loaded because its PRIORITY field is not a valid '
            f'integer number, got: "{priority}".'
        )
    if not _VERSION.match(str(plugin.get("Version"))):
        raise StartError(
            f'Plugin "{name}" cannot be loaded because its VERSION field does not follow the '
            f'"x.y.z" format, got: "{plugin.get("Version")}".'
        )
    schema = plugin.get("Schema")
    if not isinstance(schema, dict):
        raise StartError(f'Plugin "{name}" has no Schema')
    violations = find_schema_violations(schema)
    if violations:
        raise StartError(f'Plugin "{name}": ' + "; ".join(map(str, violations)))
    _check_schema_fields(name, set(named_fields(schema)))
    return PluginInfo(protocol, name, priority, _parse_phases(name, plugin.get("Phases")), schema)


def _check_schema_fields(name: str, fields: set[str]) -> None:
    if "config" not in fields:
        raise StartError(f'Plugin "{name}": schema: the field "config" is missing')
    others = fields - {"config", "protocols"}
    if others:
        raise StartError(f'Plugin "{name}": schema: {min(others)}: cannot create a new field')


def _parse_phases(name: str, phases: object) -> tuple[str, ...]:
    if not isinstance(phases, list) or not all(isinstance(phase, str) for phase in phases):
        raise StartError(f'Plugin "{name}": Phases must be a list of phase names')
    others = [phase for phase in phases if phase != "access"]
    if others:
        raise StartError(
            f'Plugin "{name}": the phases {", ".join(others)} are not implemented by the local '
            "gateway"
        )
    return tuple(phases)
