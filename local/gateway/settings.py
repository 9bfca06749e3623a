"""Kong's own environment variables, as far as the gateway reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.gateway.client_address import AddressRules, parse_networks
from local.gateway.errors import StartError
from local.gateway.log_setup import LEVELS
from local.gateway.nginx_variables import parse_definition

_HIGHEST_PORT = 65535
# How long Kong waits for a plugin server: a setting for all of its Lua sockets.
_READ_TIMEOUT = "KONG_NGINX_PROXY_LUA_SOCKET_READ_TIMEOUT"
# nginx's directive `set`, in the server block of Kong's proxy.
_SET_VARIABLE = "KONG_NGINX_PROXY_SET"


@dataclass(frozen=True)
class PluginServerSettings:
    """One name of KONG_PLUGINSERVER_NAMES and its variables."""

    name: str
    socket: str
    query_command: str | None
    start_command: str | None

    def variable(self, suffix: str) -> str:
        """Name the environment variable of one of this server's settings."""
        return _server_variable(self.name, suffix)


@dataclass(frozen=True)
class Settings:
    """What the gateway was told to do."""

    config_path: Path
    host: str
    port: int
    plugins: tuple[str, ...]
    plugin_servers: tuple[PluginServerSettings, ...]
    address_rules: AddressRules
    log_level: str
    plugin_read_timeout: float
    nginx_variables: Mapping[str, str]


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises StartError that names the wrong variable."""
    config_path = environment.get("KONG_DECLARATIVE_CONFIG")
    if not config_path:
        raise StartError("KONG_DECLARATIVE_CONFIG (or --config) must name a kong.yml")
    host, port = _parse_listen(environment.get("KONG_PROXY_LISTEN", "127.0.0.1:8000"))
    return Settings(
        config_path=Path(config_path),
        host=host,
        port=port,
        plugins=tuple(_split(environment.get("KONG_PLUGINS", "bundled"))),
        plugin_servers=tuple(
            _read_plugin_server(name, environment)
            for name in _split(environment.get("KONG_PLUGINSERVER_NAMES", ""))
        ),
        address_rules=_read_address_rules(environment),
        log_level=_choose(environment, "KONG_LOG_LEVEL", tuple(LEVELS), "notice"),
        plugin_read_timeout=_parse_seconds(environment, _READ_TIMEOUT),
        nginx_variables=_read_variables(environment),
    )


def _read_plugin_server(name: str, environment: Mapping[str, str]) -> PluginServerSettings:
    socket = environment.get(_server_variable(name, "SOCKET"))
    if not socket:
        # Kong has a default, <prefix>/<name>.socket, which kong-pdk does not listen on.
        raise StartError(f"{_server_variable(name, 'SOCKET')} must name the server's Unix socket")
    return PluginServerSettings(
        name=name,
        socket=socket,
        query_command=environment.get(_server_variable(name, "QUERY_CMD")),
        start_command=environment.get(_server_variable(name, "START_CMD")),
    )


def _server_variable(name: str, suffix: str) -> str:
    return f"KONG_PLUGINSERVER_{name.upper().replace('-', '_')}_{suffix}"


def _read_address_rules(environment: Mapping[str, str]) -> AddressRules:
    try:
        trusted = parse_networks(environment.get("KONG_TRUSTED_IPS", ""))
    except ValueError as error:
        raise StartError(f"KONG_TRUSTED_IPS: {error}") from error
    return AddressRules(
        trusted=trusted,
        header=environment.get("KONG_REAL_IP_HEADER", "X-Real-IP"),
        recursive=_choose(environment, "KONG_REAL_IP_RECURSIVE", ("on", "off"), "off") == "on",
    )


def _read_variables(environment: Mapping[str, str]) -> Mapping[str, str]:
    definition = environment.get(_SET_VARIABLE)
    if not definition:
        return {}
    try:
        return parse_definition(definition)
    except ValueError as error:
        raise StartError(f"{_SET_VARIABLE}: {error}") from error


def _parse_listen(text: str) -> tuple[str, int]:
    host, mark, port = text.strip().rpartition(":")
    if not (mark and host and port.isdecimal() and int(port) <= _HIGHEST_PORT):
        raise StartError(f"KONG_PROXY_LISTEN: expected one HOST:PORT without flags, got {text!r}")
    return host.strip("[]"), int(port)


def _parse_seconds(environment: Mapping[str, str], name: str) -> float:
    value = environment.get(name, "60s")
    number = value.removesuffix("s").removesuffix("m")
    if not number.isdecimal() or not value.endswith(("s", number)):
        raise StartError(f"{name}: expected a time such as 2s or 500ms, got {value!r}")
    return int(number) / (1000 if value.endswith("ms") else 1)


def _choose(
    environment: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str
) -> str:
    value = environment.get(name, default)
    if value not in allowed:
        raise StartError(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
    return value


def _split(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]
