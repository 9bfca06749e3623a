"""The plugin's two servers, each played by Kong in its own protocol, with one face for tests."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from tests.integration.plugin_server.kong import EXIT
from tests.integration.plugin_server.kong import Kong as ProtoBufDriver
from tests.integration.plugin_server.kong import Request as ProtoBufRequest

NAME = "conversion-tracking"
SET_REQUEST = "kong.service.request.set_headers"
SET_ANSWER = "kong.response.set_headers"


@dataclass(frozen=True)
class Request:
    """A client's request as Kong sees it."""

    method: str = "POST"
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    client_ip: str = "203.0.113.7"
    variables: Mapping[str, str] = field(default_factory=dict)
    """Those of nginx besides the request's own."""


@dataclass
class Outcome:
    """What the plugin did with a request."""

    methods: list[str]
    upstream_headers: dict[str, list[str]]
    answer_headers: dict[str, str]
    status: int | None = None
    body: str | None = None


class Kong(Protocol):
    """Kong's part. Each request that it runs is checked for calls that Kong would refuse."""

    def start_instance(self, config: Mapping[str, Any]) -> int: ...
    def run(self, instance: int, request: Request) -> Outcome: ...
    def close(self) -> None: ...


class KongOverProtoBuf:
    """Beside the server of our own."""

    def __init__(self, path: Path) -> None:
        self._driver = ProtoBufDriver(path)

    def start_instance(self, config: Mapping[str, Any]) -> int:
        return self._driver.start_instance(config, NAME)

    def run(self, instance: int, request: Request) -> Outcome:
        sent = ProtoBufRequest(**vars(request))
        event = self._driver.run(instance, sent)
        outcome = Outcome([name for name, _ in event.calls], header_lists(request), {})
        for name, argument in event.calls:
            if name == SET_REQUEST:
                outcome.upstream_headers |= {k.lower(): [v] for k, v in argument.items()}
            elif name == SET_ANSWER:
                outcome.answer_headers |= argument
            elif name == EXIT:
                outcome.status, body, headers = argument
                outcome.body = body.decode()
                outcome.answer_headers |= headers
        return outcome

    def close(self) -> None:
        self._driver.close()


class KongOverMsgPack:
    """Beside kong-pdk's server."""

    def __init__(self, path: Path) -> None:
        # Here, since msgpack comes with kong-pdk.
        from tests.integration.kong_pdk import kong_driver  # noqa: PLC0415

        self._module = kong_driver
        self._driver = kong_driver.KongDriver(path)

    def start_instance(self, config: Mapping[str, Any]) -> int:
        return self._driver.start_instance(NAME, config)

    def run(self, instance: int, request: Request) -> Outcome:
        sent = self._module.Request(**vars(request))
        done = self._driver.run(instance, sent)
        return Outcome(
            done.methods, done.upstream_headers, done.answer_headers, done.status, done.body
        )

    def close(self) -> None:
        self._driver.close()


@dataclass(frozen=True)
class PluginServer:
    """A command that serves the plugin, and what speaks to it."""

    module: str
    play_kong: Callable[[Path], Kong]

    def start(self, path: Path, log: IO[str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"conversion_tracking_plugin.{self.module}"]
        return subprocess.Popen([*command, "--socket", str(path)], stderr=log)


OWN = PluginServer("server", KongOverProtoBuf)
KONG_PDK = PluginServer("hosts.kong_pdk.command", KongOverMsgPack)

# kong-pdk installs on Python 3.11 and no later one.
SERVERS = {"own server": OWN}
if importlib.util.find_spec("kong_pdk"):
    SERVERS["kong-pdk"] = KONG_PDK


def header_lists(request: Request) -> dict[str, list[str]]:
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in request.headers.items()
    }
