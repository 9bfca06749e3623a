"""A scripted ProtoBuf:1 plugin server in the test's own process: it does what it is told, right
or wrong."""

import asyncio
import contextlib
import json
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kong_plugin_server import pluginsocket_pb2 as pb
from tests.waiting import BUSY_SECONDS

DUMP = {
    "Protocol": "ProtoBuf:1",
    "Plugins": [
        {
            "Name": "probe",
            "Version": "0.1.0",
            "Priority": 2500,
            "Phases": ["access"],
            "Schema": {
                "name": "probe",
                "fields": [
                    {
                        "config": {
                            "type": "record",
                            "fields": [
                                {
                                    "behaviour": {
                                        "type": "string",
                                        "description": "which of the test's behaviours to run",
                                    }
                                }
                            ],
                        }
                    }
                ],
            },
        }
    ],
}


def text(value: str) -> bytes:
    """A String."""
    return pb.String(v=value.encode()).SerializeToString()


def integer(value: int) -> bytes:
    """An Int."""
    return pb.Int(v=value).SerializeToString()


def value_of(value: Any) -> pb.Value:
    """A Value."""
    if value is None:
        return pb.Value(null_value=0)
    if isinstance(value, bool):
        return pb.Value(bool_value=value)
    if isinstance(value, int | float):
        return pb.Value(number_value=value)
    if isinstance(value, str):
        return pb.Value(string_value=value.encode())
    if isinstance(value, list):
        return pb.Value(list_value=pb.ListValue(values=map(value_of, value)))
    return pb.Value(struct_value=struct_of(value))


def struct_of(values: Mapping[str, Any]) -> pb.Struct:
    """A Struct."""
    return pb.Struct(fields={name: value_of(value) for name, value in values.items()})


def list_of(*values: Any) -> bytes:
    """A ListValue."""
    return pb.ListValue(values=map(value_of, values)).SerializeToString()


def table(values: Mapping[str, Any]) -> bytes:
    """A Struct's bytes."""
    return struct_of(values).SerializeToString()


def pair(name: str, value: Any) -> bytes:
    """A KV."""
    return pb.KV(k=name.encode(), v=value_of(value)).SerializeToString()


def exit_with(status: int, body: bytes | None = None, headers: Any = None) -> bytes:
    """ExitArgs."""
    table = None if headers is None else struct_of(headers)
    return pb.ExitArgs(status=status, body=body, headers=table).SerializeToString()


def returned(sequence: int) -> bytes:
    """An RpcReturn without a content."""
    return pb.RpcReturn(sequence=sequence).SerializeToString()


def framed(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


@dataclass
class Event:
    """One event of the plugin, on its connection."""

    server: "ScriptedServer"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sequence: int
    round: int
    """How many events of this behaviour there were before."""

    def write_call(self, method: str, argument: bytes = b"") -> None:
        self.writer.write(framed(method.encode()) + framed(argument))

    async def read_frame(self) -> bytes:
        (size,) = struct.unpack("<I", await self.reader.readexactly(4))
        return await self.reader.readexactly(size)

    async def call(self, method: str, argument: bytes = b"") -> bytes:
        self.write_call(method, argument)
        return await self.read_frame()

    def finish(self) -> None:
        self.writer.write(framed(b"") + framed(returned(self.sequence)))

    async def note_the_end(self) -> None:
        """Read until the gateway closes the connection, and note what still came."""
        async with asyncio.timeout(BUSY_SECONDS):
            self.server.last_words = await self.reader.read()
        self.server.ended.set()


Behaviour = Callable[[Event], Awaitable[None]]
# Given the call's sequence and the instance's new id, what answers StartInstance; None closes.
StartAnswer = Callable[[int, int], bytes | None]


def started(sequence: int, instance_id: int) -> bytes:
    """The right answer to StartInstance."""
    status = pb.InstanceStatus(name=b"probe", instance_id=instance_id, started_at=1)
    answer = pb.RpcReturn(sequence=sequence, instance_status=status)
    return framed(answer.SerializeToString())


@dataclass
class ScriptedServer:
    """The server's script, and what it saw."""

    behaviours: Mapping[str, Behaviour]
    start_answers: Mapping[str, StartAnswer]
    calls: list[bytes] = field(default_factory=list)
    starts: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    last_words: bytes | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    instances: dict[int, str] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def wait_for_last_words(self) -> bytes | None:
        """Give what came between the last write of an event and the connection's end."""
        async with asyncio.timeout(BUSY_SECONDS):
            await self.ended.wait()
        return self.last_words

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls of one connection until somebody closes it."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        try:
            while not writer.is_closing():
                (size,) = struct.unpack("<I", await reader.readexactly(4))
                self.calls.append(await reader.readexactly(size))
                await self._answer(self.calls[-1], reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except Exception as error:  # noqa: BLE001  (shown by the test that runs the server)
            self.failures.append(error)
        finally:
            writer.close()

    async def _answer(
        self, message: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        call = pb.RpcCall.FromString(message)
        if call.HasField("cmd_start_instance"):
            behaviour = json.loads(call.cmd_start_instance.config)["behaviour"]
            instance_id = len(self.instances) + 100
            self.instances[instance_id] = behaviour
            self.starts[behaviour] += 1
            answer = self.start_answers.get(behaviour, started)(call.sequence, instance_id)
            if answer is None:
                writer.close()
            else:
                writer.write(answer)
            return
        behaviour = self.instances[call.cmd_handle_event.instance_id]
        event = Event(self, reader, writer, call.sequence, self.events[behaviour])
        self.events[behaviour] += 1
        await self.behaviours[behaviour](event)


@contextlib.asynccontextmanager
async def running_scripted_server(
    path: Path,
    behaviours: Mapping[str, Behaviour],
    start_answers: Mapping[str, StartAnswer] | None = None,
) -> AsyncIterator[ScriptedServer]:
    """Serve behaviours, chosen by the plugin's config, on a Unix socket."""
    server = ScriptedServer(behaviours, start_answers or {})
    listener = await asyncio.start_unix_server(server.serve, path)
    try:
        yield server
    finally:
        listener.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)
    assert server.failures == []
