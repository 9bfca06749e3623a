"""Kong's part in ProtoBuf:1, played strictly over the server's Unix socket.

It follows kong/runloop/plugin_servers/rpc/pb_rpc.lua of Kong 3.9.1: two writes a frame; each
PDK call answered with one frame, an empty one for an Empty result; no answer after
kong.response.exit, whose connection is not used again; other connections are pooled. A method
that the tests' plugins have no business with, or an argument that is not exactly the message
that Kong's pluginsocket.proto names, fails the test.
"""

from __future__ import annotations

import itertools
import json
import select
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from kong_plugin_server import pluginsocket_pb2 as pb
from tests.integration.nginx_variable import nginx_variable
from tests.integration.plugin_server import proto
from tests.integration.plugin_server.proto import write_string

TIMEOUT_SECONDS = 20
QUIET_SECONDS = 0.05

EXIT = "kong.response.exit"
END = ""

Call = tuple[str, Any]


class ClosedError(Exception):
    """The server closed the connection: Kong takes it for restarted, and repeats the event."""


@dataclass(frozen=True)
class Request:
    """A client's request as Kong sees it."""

    method: str = "POST"
    headers: Mapping[str, Any] = field(default_factory=dict)
    client_ip: str = "203.0.113.7"
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Event:
    """What the plugin did in one phase of one request."""

    calls: list[Call] = field(default_factory=list)
    sequence: int | None = None
    """Of the RpcReturn; None where the phase ended with kong.response.exit."""

    @property
    def names(self) -> list[str]:
        """The calls without what every plugin's begin with."""
        return [name.removeprefix("kong.") for name, _ in self.calls]

    def arguments(self, name: str) -> list[Any]:
        """The arguments of each call of this method."""
        return [argument for called, argument in self.calls if called == f"kong.{name}"]


class Link:
    """One connection to the server."""

    def __init__(self, path: Path) -> None:
        self._buffer = b""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(TIMEOUT_SECONDS)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send_frame(self, message: bytes) -> None:
        self.socket.sendall(struct.pack("<I", len(message)))
        self.socket.sendall(message)

    def read_frame(self) -> bytes:
        (length,) = struct.unpack("<I", self._read(4))
        return self._read(length)

    def _read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self.socket.recv(65_536)
            if not data:
                raise ClosedError
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def is_quiet(self, seconds: float = QUIET_SECONDS) -> bool:
        """Whether the server has written all that it is going to write now."""
        return not self._buffer and not select.select([self.socket], [], [], seconds)[0]

    def is_closed(self) -> bool:
        """Whether the server has closed the connection: a pooled one is dropped then."""
        if self.is_quiet(0):
            return False
        assert not self.socket.recv(1, socket.MSG_PEEK), "bytes after the end of an event"
        return True

    def expect_close(self) -> None:
        """The server ends the connection; as a reset, where it has not read everything."""
        try:
            rest = self._buffer + self.socket.recv(65_536)
        except ConnectionResetError:
            return
        assert rest == b""


class Kong:
    """Talks to the plugin server at `path`. Not for several threads."""

    def __init__(self, path: Path, request: Request | None = None) -> None:
        self._path = path
        self._request = request or Request()
        self._pool: list[Link] = []
        self._sequences = itertools.count(1)

    def close(self) -> None:
        while self._pool:
            self._pool.pop().close()

    def connect(self) -> Link:
        """A pooled connection that is still open, or a new one."""
        while self._pool:
            link = self._pool.pop()
            if not link.is_closed():
                return link
            link.close()
        return Link(self._path)

    def drop_closed(self) -> None:
        """Close the pooled connections that the server has ended: nginx does so at once."""
        for link in [link for link in self._pool if link.is_closed()]:
            self._pool.remove(link)
            link.close()

    def start_instance(self, config: Any, name: str = "probe") -> int:
        config_json = json.dumps(config).encode()
        command = pb.CmdStartInstance(name=name.encode(), config=config_json)
        status = self._call(pb.RpcCall(cmd_start_instance=command))
        assert status.name == name.encode()
        return status.instance_id

    def close_instance(self, instance: int) -> None:
        command = pb.CmdCloseInstance(instance_id=instance)
        status = self._call(pb.RpcCall(cmd_close_instance=command))
        assert status.instance_id == instance

    def _call(self, call: pb.RpcCall) -> pb.InstanceStatus:
        """An RpcCall that is answered at once: its InstanceStatus."""
        call.sequence = next(self._sequences)
        with self._borrow() as link:
            link.send_frame(call.SerializeToString())
            answer = proto.read(pb.RpcReturn, link.read_frame())
        assert answer.sequence == call.sequence
        assert answer.HasField("instance_status")
        return answer.instance_status

    @contextmanager
    def _borrow(self) -> Iterator[Link]:
        """A connection that goes back to the pool, or is closed where something fails."""
        link = self.connect()
        try:
            yield link
        except BaseException:
            link.close()
            raise
        if link.socket.fileno() >= 0:  # not closed by kong.response.exit
            self._pool.append(link)

    def run(
        self,
        instance: int,
        request: Request | None = None,
        results: Mapping[str, bytes] | None = None,
        phase: str = "access",
    ) -> Event:
        """One phase of a request; `results` replaces what Kong would answer to a method."""
        event, sequence = Event(), next(self._sequences)
        with self._borrow() as link:
            link.send_frame(handle_event(sequence, instance, phase))
            while call := read_call(link):
                event.calls.append(call)
                if call[0] == EXIT:
                    assert link.is_quiet(0), "bytes after kong.response.exit"
                    link.close()
                    return event
                answer = (results or {}).get(call[0])
                if answer is None:
                    answer = result_of(request or self._request, call)
                link.send_frame(answer)
            event.sequence = read_return(link.read_frame())
        assert event.sequence == sequence
        return event


def handle_event(sequence: int, instance: int, phase: str = "access") -> bytes:
    """RpcCall with the command handle_event."""
    command = pb.CmdHandleEvent(instance_id=instance, event_name=phase.encode())
    return pb.RpcCall(sequence=sequence, cmd_handle_event=command).SerializeToString()


def read_call(link: Link) -> Call | None:
    """The server's next call and its argument; None at the end of the event."""
    name = link.read_frame().decode("ascii")
    if name == END:
        return None
    return name, ARGUMENTS[name](link.read_frame())


def read_return(message: bytes) -> int:
    """The sequence of an RpcReturn without a content."""
    answer = proto.read(pb.RpcReturn, message)
    assert answer.WhichOneof("return") is None
    return answer.sequence


def result_of(request: Request, call: Call) -> bytes:
    """The result message of Kong."""
    name, argument = call
    return RESULTS[name](request, argument) if name in RESULTS else b""


def read_empty(data: bytes) -> None:
    assert data == b""


def read_string(data: bytes) -> str:
    message = proto.read(pb.String, data)
    assert message.HasField("v")
    return proto.text(message.v)


def read_maximum(data: bytes) -> int:
    maximum = proto.read(pb.Int, data).v
    assert 1 <= maximum <= 1000, "Kong raises for a maximum out of these"
    return maximum


def read_exit(data: bytes) -> tuple[int, bytes, dict[str, Any]]:
    """ExitArgs: status, body, headers."""
    message = proto.read(pb.ExitArgs, data)
    return message.status, message.body, proto.read_struct(message.headers.SerializeToString())


# The argument's message of each method that a test's plugin calls.
ARGUMENTS: Mapping[str, Callable[[bytes], Any]] = {
    "kong.client.get_forwarded_ip": read_empty,
    "kong.ctx.shared.get": read_string,
    "kong.log.err": proto.read_list,
    "kong.nginx.get_var": read_string,
    "kong.request.get_header": read_string,
    "kong.request.get_headers": read_maximum,
    "kong.request.get_method": read_empty,
    "kong.request.get_raw_body": read_empty,
    "kong.response.set_header": proto.read_pair,
    "kong.response.set_headers": proto.read_struct,
    "kong.service.request.set_headers": proto.read_struct,
    EXIT: read_exit,
}

RESULTS: Mapping[str, Callable[[Request, Any], bytes]] = {
    "kong.client.get_forwarded_ip": lambda request, _: write_string(request.client_ip),
    "kong.nginx.get_var": lambda request, name: write_string(nginx_variable(request, name)),
    "kong.request.get_header": lambda request, name: write_string(request.headers.get(name)),
    "kong.request.get_headers": lambda request, _: proto.write_struct(request.headers),
    "kong.request.get_method": lambda request, _: write_string(request.method),
}
