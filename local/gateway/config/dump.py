"""The query command of a plugin server, and what its dump says about its plugin."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.gateway.config.plugin_schema import find_schema_violations
from local.gateway.config.settings import PluginServerSettings
from local.gateway.errors import StartError

_VERSION = re.compile(r"\d+\.\d+\.\d+(?![.\d])")
MSGPACK, PROTOBUF = "MsgPack:1", "ProtoBuf:1"


@dataclass(frozen=True)
class PluginInfo:
    """One plugin of a dump, checked as Kong checks it."""

    protocol: str
    name: str
    priority: int
    schema: Mapping[str, Any]


def query_plugin(server: PluginServerSettings) -> PluginInfo:
    """Run the query command in a shell with the whole environment, and read its stdout.

    Raises StartError if there is no command, if it fails, or if Kong could not use the dump.
    """
    variable = server.variable("QUERY_CMD")
    if not server.query_command:
        raise StartError(f"no info query for {server.name}: set {variable}")
    done = subprocess.run(  # noqa: S602 (Kong's popen uses the shell as well)
        server.query_command, shell=True, stdout=subprocess.PIPE, check=False, text=True
    )
    if done.returncode != 0:
        raise StartError(
            f"{variable}: {server.query_command!r} failed with exit code {done.returncode}"
        )
    return parse_dump(done.stdout, server.name)


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
    name, priority, version = plugin.get("Name"), plugin.get("Priority"), plugin.get("Version")
    if not isinstance(name, str):
        raise StartError("the dump's plugin has no Name")
    if not isinstance(priority, int) or isinstance(priority, bool):
        raise StartError(
            f'Plugin "{name}" cannot be loaded because its PRIORITY field is not a valid '
            f'integer number, got: "{priority}".'
        )
    if not _VERSION.match(str(version)):
        raise StartError(
            f'Plugin "{name}" cannot be loaded because its VERSION field does not follow the '
            f'"x.y.z" format, got: "{version}".'
        )
    if plugin.get("Phases") != ["access"]:
        raise StartError(
            f'Plugin "{name}": only the phases ["access"] are implemented by the local gateway, '
            f"got: {plugin.get('Phases')}"
        )
    schema = plugin.get("Schema")
    if not isinstance(schema, dict):
        raise StartError(f'Plugin "{name}" has no Schema')
    violations = find_schema_violations(schema)
    if violations:
        raise StartError(f'Plugin "{name}": ' + "; ".join(map(str, violations)))
    return PluginInfo(protocol, name, priority, schema)
