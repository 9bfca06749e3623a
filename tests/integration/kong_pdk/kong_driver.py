"""A strict player of Kong's part in the MessagePack protocol, for one plugin server.

It follows kong/runloop/plugin_servers/rpc/mp_rpc.lua of Kong 3.9.1: one RPC a connection at a
time, each PDK call executed and its result sent as a step of its own, `exit` ends the request
without another step. A PDK call that a gateway plugin has no business with fails the test.
"""

import itertools
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack

from tests.integration.nginx_variable import nginx_variable

TIMEOUT_SECONDS = 10

Headers = dict[str, list[str]]
Call = tuple[str, list[Any]]


class PluginServerError(Exception):
    """The plugin server answered an RPC with an error text."""


@dataclass(frozen=True)
class PdkError:
    """To be sent to the plugin in place of a PDK call's result (StepError)."""

    text: str


@dataclass(frozen=True)
class Request:
    """A client's request as Kong sees it."""

    method: str = "POST"
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    client_ip: str = "203.0.113.7"
    variables: Mapping[str, str] = field(default_factory=dict)

    def header_lists(self) -> Headers:
        return {
            name: [value] if isinstance(value, str) else list(value)
            for name, value in self.headers.items()
        }


@dataclass
class Outcome:
    """What the plugin did with a request."""

    calls: list[Call] = field(default_factory=list)
    upstream_headers: Headers = field(default_factory=dict)
    answer_headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    body: str | None = None

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]


class KongDriver:
    """Talks to the plugin server at `path`. Not for several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._message_ids = itertools.count(1)
        self._connection: socket.socket | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def start_instance(self, name: str, config: Mapping[str, Any]) -> int:
        status = self.rpc("plugin.StartInstance", {"Name": name, "Config": json.dumps(config)})
        return int(status["Id"])

    def rpc(self, method: str, argument: Any) -> Any:
        """Call the plugin server. Raises PluginServerError, and OSError where nobody answers."""
        message_id = next(self._message_ids)
        self.send_raw(pack([0, message_id, method, [argument]]))
        kind, answered_id, error, result = self.read_message()
        assert (kind, answered_id) == (1, message_id)
        if error is not None:
            raise PluginServerError(error)
        return result

    def send_raw(self, data: bytes) -> None:
        if self._connection is None:
            self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._connection.settimeout(TIMEOUT_SECONDS)
            self._connection.connect(str(self._path))
        self._connection.sendall(data)

    def read_message(self) -> list[Any]:
        """The next message. Raises ConnectionError where the server closes the connection."""
        assert self._connection is not None
        unpacker = msgpack.Unpacker(unicode_errors="surrogateescape")
        while True:
            data = self._connection.recv(65536)
            if not data:
                self.close()
                raise ConnectionError("no data")
            unpacker.feed(data)
            for message in unpacker:
                assert isinstance(message, list)
                return message

    def begin(self, instance: int) -> tuple[int, Any]:
        """Start a phase. Returns the event's number and the first PDK call, or "ret"."""
        event = self.rpc("plugin.HandleEvent", {"InstanceId": instance, "EventName": "access"})
        return event["EventId"], event["Data"]

    def run(
        self,
        instance: int,
        request: Request,
        replaced: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Run the access phase for a request.

        `replaced` maps a PDK method to what the plugin gets instead of the true result.
        """
        outcome = Outcome(upstream_headers=request.header_lists())
        event_id, data = self.begin(instance)
        while data != "ret":
            method, arguments = data["Method"], data["Args"]
            outcome.calls.append((method, arguments))
            result = PDK[method](request, outcome, *arguments)
            if outcome.status is not None:
                break
            data = self._step(event_id, method, (replaced or {}).get(method, result))
        return outcome

    def _step(self, event_id: int, method: str, result: Any) -> Any:
        step: dict[str, Any] = {"EventId": event_id}
        if isinstance(result, PdkError):
            return self.rpc("plugin.StepError", step | {"Data": result.text})["Data"]
        if result is not None:  # a nil in a Lua table is an absent key
            step["Data"] = result
        kind = "MultiMap" if method.endswith("get_headers") else ""
        return self.rpc(f"plugin.Step{kind}", step)["Data"]


def pack(message: Any) -> bytes:
    """Pack as Kong does: a header's bytes as they are, whatever their encoding."""
    packed = msgpack.packb(message, unicode_errors="surrogateescape")
    assert isinstance(packed, bytes)
    return packed


def _get_headers(request: Request, _: Outcome, most: int = 100) -> Headers:
    assert 1 <= most <= 1000
    return dict(itertools.islice(request.header_lists().items(), most))


def _get_method(request: Request, _: Outcome) -> str:
    return request.method


def _get_forwarded_ip(request: Request, _: Outcome) -> str:
    return request.client_ip


def _get_var(request: Request, _: Outcome, name: str) -> str | None:
    return nginx_variable(request, name)


def _set_request_headers(_: Request, outcome: Outcome, headers: dict[str, str]) -> None:
    _check_headers(headers)
    for name, value in headers.items():
        outcome.upstream_headers[name.lower()] = [value]


def _set_answer_headers(_: Request, outcome: Outcome, headers: dict[str, str]) -> None:
    _check_headers(headers)
    outcome.answer_headers |= headers


def _exit(_: Request, outcome: Outcome, status: int, body: str, headers: dict[str, str]) -> None:
    assert isinstance(body, str)
    _check_headers(headers)
    outcome.status, outcome.body = status, body
    outcome.answer_headers |= headers


def _check_headers(headers: dict[str, str]) -> None:
    assert headers, "an empty map costs a round trip for nothing"
    for name, value in headers.items():
        assert isinstance(name, str)
        assert isinstance(value, str)


PDK: dict[str, Callable[..., Any]] = {
    "kong.nginx.get_var": _get_var,
    "kong.request.get_headers": _get_headers,
    "kong.request.get_method": _get_method,
    "kong.client.get_forwarded_ip": _get_forwarded_ip,
    "kong.service.request.set_headers": _set_request_headers,
    "kong.response.set_headers": _set_answer_headers,
    "kong.response.exit": _exit,
}
