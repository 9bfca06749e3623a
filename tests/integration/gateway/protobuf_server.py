"""A scripted ProtoBuf:1 plugin server in the test's own process: it does what it is told, right
or wrong. Its encoding is its own, so that it can find faults in the gateway's."""

import asyncio
import contextlib
import json
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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


def varint(value: int) -> bytes:
    rest, out = value % 2**64, b""
    while rest > 127:
        out += bytes([rest % 128 + 128])
        rest //= 128
    return out + bytes([rest])


def block(field_number: int, content: bytes) -> bytes:
    """A field of text, bytes or a message."""
    return varint(field_number * 8 + 2) + varint(len(content)) + content


def number(field_number: int, value: int) -> bytes:
    """A field of an int."""
    return varint(field_number * 8) + varint(value)


def text(value: str) -> bytes:
    """A String."""
    return block(1, value.encode())


def value_of(value: Any) -> bytes:
    """A Value."""
    if value is None:
        return number(1, 0)
    if isinstance(value, bool):
        return number(4, int(value))
    if isinstance(value, int | float):
        return b"\x11" + struct.pack("<d", value)
    if isinstance(value, str):
        return block(3, value.encode())
    if isinstance(value, list):
        return block(6, list_of(*value))
    return block(5, table(value))


def list_of(*values: Any) -> bytes:
    """A ListValue."""
    return b"".join(block(1, value_of(one)) for one in values)


def table(values: Mapping[str, Any]) -> bytes:
    """A Struct."""
    return b"".join(block(1, pair(name, value)) for name, value in values.items())


def pair(name: str, value: Any) -> bytes:
    """A KV; the entries of a Struct look alike."""
    return block(1, name.encode()) + block(2, value_of(value))


def framed(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


def read_fields(message: bytes) -> dict[int, Any]:
    """The fields of a message that holds ints and blocks only."""
    fields, rest = {}, list(message)

    def take_varint() -> int:
        value = shift = 0
        while True:
            byte = rest.pop(0)
            value |= byte % 128 << shift
            shift += 7
            if byte < 128:
                return value

    while rest:
        tag = take_varint()
        value: Any = take_varint()
        if tag % 8 == 2:
            value, rest = bytes(rest[:value]), rest[value:]
        fields[tag // 8] = value
    return fields


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
        self.writer.write(framed(b"") + framed(number(1, self.sequence)))

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
    status = block(1, b"probe") + number(2, instance_id) + number(4, 1)
    return framed(number(1, sequence) + block(33, status))


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
        fields = read_fields(message)
        if 33 in fields:
            behaviour = json.loads(read_fields(fields[33])[2])["behaviour"]
            instance_id = len(self.instances) + 100
            self.instances[instance_id] = behaviour
            self.starts[behaviour] += 1
            answer = self.start_answers.get(behaviour, started)(fields[1], instance_id)
            if answer is None:
                writer.close()
            else:
                writer.write(answer)
            return
        behaviour = self.instances[read_fields(fields[36])[1]]
        event = Event(self, reader, writer, fields[1], self.events[behaviour])
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
