"""Kong's own environment variables, as far as the gateway reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.gateway.errors import StartError

_HIGHEST_PORT = 65535
_CONFIG = "KONG_DECLARATIVE_CONFIG"
_LISTEN = "KONG_PROXY_LISTEN"
_PLUGINS = "KONG_PLUGINS"
_SERVERS = "KONG_PLUGINSERVER_NAMES"
# How long Kong waits for a plugin server: a setting for all of its Lua sockets.
_READ_TIMEOUT = "KONG_NGINX_PROXY_LUA_SOCKET_READ_TIMEOUT"
# nginx's directive `set`, in the server block of Kong's proxy.
_SET_VARIABLE = "KONG_NGINX_PROXY_SET"
_DEFINITION = re.compile(r'\$(\w+) "([^"]*)"')
_SERVER_SUFFIXES = ("SOCKET", "QUERY_CMD")


@dataclass(frozen=True)
class PluginServerSettings:
    """One name of KONG_PLUGINSERVER_NAMES and its variables."""

    name: str
    socket: str
    query_command: str | None

    def variable(self, suffix: str) -> str:
        """Name the environment variable of one of this server's settings."""
        return _server_variable(self.name, suffix)


@dataclass(frozen=True)
class Settings:
    """What the gateway was told to do; ``plugin_read_timeout`` in seconds."""

    config_path: Path
    host: str
    port: int
    plugins: tuple[str, ...]
    plugin_servers: tuple[PluginServerSettings, ...]
    plugin_read_timeout: float
    nginx_variables: Mapping[str, str]


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises StartError that names the wrong variable, or one of Kong's that
    is not implemented."""
    servers = _split(environment.get(_SERVERS, ""))
    _refuse_unknown(environment, servers)
    config_path = environment.get(_CONFIG)
    if not config_path:
        raise StartError(f"{_CONFIG} (or --config) must name a kong.yml")
    host, port = _parse_listen(environment.get(_LISTEN, "127.0.0.1:8000"))
    return Settings(
        config_path=Path(config_path),
        host=host,
        port=port,
        plugins=tuple(_split(environment.get(_PLUGINS, "bundled"))),
        plugin_servers=tuple(_read_plugin_server(name, environment) for name in servers),
        plugin_read_timeout=_parse_seconds(environment.get(_READ_TIMEOUT, "60s")),
        nginx_variables=_parse_definition(environment.get(_SET_VARIABLE)),
    )


def _refuse_unknown(environment: Mapping[str, str], servers: list[str]) -> None:
    known = {_CONFIG, _LISTEN, _PLUGINS, _SERVERS, _READ_TIMEOUT, _SET_VARIABLE}
    known |= {_server_variable(name, suffix) for name in servers for suffix in _SERVER_SUFFIXES}
    unknown = sorted(name for name in environment.keys() - known if name.startswith("KONG_"))
    if unknown:
        raise StartError(f"{', '.join(unknown)}: not implemented by the local gateway")


def _read_plugin_server(name: str, environment: Mapping[str, str]) -> PluginServerSettings:
    socket = environment.get(_server_variable(name, "SOCKET"))
    if not socket:
        # Kong has a default, <prefix>/<name>.socket, which kong-pdk does not listen on.
        raise StartError(f"{_server_variable(name, 'SOCKET')} must name the server's Unix socket")
    return PluginServerSettings(name, socket, environment.get(_server_variable(name, "QUERY_CMD")))


def _server_variable(name: str, suffix: str) -> str:
    return f"KONG_PLUGINSERVER_{name.upper().replace('-', '_')}_{suffix}"


def _parse_listen(text: str) -> tuple[str, int]:
    host, mark, port = text.strip().rpartition(":")
    if not (mark and host and port.isdecimal() and int(port) <= _HIGHEST_PORT):
        raise StartError(f"{_LISTEN}: expected one HOST:PORT without flags, got {text!r}")
    return host, int(port)


def _parse_seconds(text: str) -> float:
    number = text.removesuffix("s")
    if not (number.isdecimal() and text.endswith("s")):
        raise StartError(f"{_READ_TIMEOUT}: expected a time such as 2s, got {text!r}")
    return int(number)


def _parse_definition(text: str | None) -> Mapping[str, str]:
    if not text:
        return {}
    match = _DEFINITION.fullmatch(text.strip())
    if match is None:
        raise StartError(f'{_SET_VARIABLE}: expected $name "value", got {text!r}')
    return {match[1]: match[2]}


def _split(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]
