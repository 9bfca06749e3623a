"""MsgPack:1 against a scripted server: what kong-pdk never sends, and what goes wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import pytest

from local.gateway.errors import PluginFailedError
from local.gateway.msgpack_rpc import MsgPackRpc
from local.gateway.plugin_rpc import RpcError
from tests.waiting import BUSY_SECONDS

# Given a request [0, id, method, args], the bytes to answer with.
Script = Callable[[list[Any]], bytes]


def pack(*messages: Any) -> bytes:
    return b"".join(msgpack.packb(message) for message in messages)


@dataclass
class Scripted:
    """A running script: the client that calls it, and the server's ends of its connections."""

    rpc: MsgPackRpc
    writers: list[asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def scripted(directory: Path, script: Script) -> AsyncIterator[Scripted]:
    """Serve the script on a Unix socket."""
    path = str(directory / "scripted.sock")
    running = Scripted(MsgPackRpc(path, read_timeout=0.3), [])
    tasks: list[asyncio.Task[Any] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        running.writers.append(writer)
        unpacker = msgpack.Unpacker()
        while data := await reader.read(4096):
            unpacker.feed(data)
            for request in unpacker:
                writer.write(script(request))
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield running
    finally:
        running.rpc.close()
        server.close()
        async with asyncio.timeout(BUSY_SECONDS):
            await asyncio.gather(*(task for task in tasks if task is not None))


def ok(request: list[Any]) -> bytes:
    return pack([1, request[1], None, {"Id": 7}])


async def test_calls_reuse_one_connection_and_count_their_ids(tmp_path: Path) -> None:
    seen: list[Any] = []

    def script(request: list[Any]) -> bytes:
        seen.append(request)
        return ok(request)

    async with scripted(tmp_path, script) as server:
        assert [await server.rpc.start_instance("probe", "{}") for _ in range(3)] == [7, 7, 7]
    assert len(server.writers) == 1
    start = ["plugin.StartInstance", [{"Name": "probe", "Config": "{}"}]]
    assert seen == [[0, number, *start] for number in (1, 2, 3)]


async def test_concurrent_calls_take_a_connection_each(tmp_path: Path) -> None:
    async with scripted(tmp_path, ok) as server:
        await asyncio.gather(*(server.rpc.start_instance("probe", "{}") for _ in range(3)))
    assert len(server.writers) == 3


async def test_an_error_of_the_server_is_the_calls_error(tmp_path: Path) -> None:
    async with scripted(
        tmp_path, lambda r: pack([1, r[1], "no plugin instance #7", None])
    ) as server:
        with pytest.raises(RpcError, match="no plugin instance #7"):
            await server.rpc.start_instance("probe", "{}")


@pytest.mark.parametrize(
    "answer", [lambda r: pack([1, r[1] + 1, None, {"Id": 7}]), lambda r: pack([0, r[1], None, {}])]
)
async def test_an_answer_to_another_question_fails_the_plugin(
    tmp_path: Path, answer: Script
) -> None:
    async with scripted(tmp_path, answer) as server:
        with pytest.raises(PluginFailedError, match="unexpected RPC response ID"):
            await server.rpc.start_instance("probe", "{}")


async def test_silence_is_no_data_after_the_timeout(tmp_path: Path) -> None:
    async with scripted(tmp_path, lambda _: b"") as server:
        with pytest.raises(RpcError, match="no data"):
            await server.rpc.start_instance("probe", "{}")


async def test_a_closed_connection_is_no_data_and_is_not_used_again(tmp_path: Path) -> None:
    async with scripted(tmp_path, ok) as server:
        await server.rpc.start_instance("probe", "{}")
    with pytest.raises(RpcError, match="trying to connect"):
        await server.rpc.start_instance("probe", "{}")


async def test_what_arrives_unasked_closes_an_idle_connection(tmp_path: Path) -> None:
    """A late answer must not be taken for the next call's."""
    async with scripted(tmp_path, ok) as server:
        await server.rpc.start_instance("probe", "{}")
        server.writers[0].write(pack([1, 2, None, {"Id": 666}]))
        await asyncio.sleep(0.05)
        assert await server.rpc.start_instance("probe", "{}") == 7
        assert len(server.writers) == 2


async def test_an_event_is_a_ping_pong_of_steps_until_ret(tmp_path: Path) -> None:
    seen: list[Any] = []
    calls = iter(
        [
            {"Method": "kong.request.get_headers", "Args": [5]},
            {"Method": "kong.client.get_ip", "Args": []},
            {"Method": "kong.log.err", "Args": ["x", None]},
            "ret",
        ]
    )

    def script(request: list[Any]) -> bytes:
        seen.append(request[2:])
        return pack([1, request[1], None, {"EventId": 3, "Data": next(calls)}])

    async def execute(method: str, arguments: list[Any]) -> Any:
        values = {"kong.request.get_headers": {"a": "1"}, "kong.client.get_ip": "1.2.3.4"}
        seen.append((method, arguments))
        return values.get(method)

    async with scripted(tmp_path, script) as server:
        await server.rpc.handle_event(9, "access", execute)
    assert seen == [
        ["plugin.HandleEvent", [{"InstanceId": 9, "EventName": "access"}]],
        ("kong.request.get_headers", [5]),
        ["plugin.StepMultiMap", [{"EventId": 3, "Data": {"a": ["1"]}}]],
        ("kong.client.get_ip", []),
        ["plugin.Step", [{"EventId": 3, "Data": "1.2.3.4"}]],
        ("kong.log.err", ["x", None]),
        # Nothing to give: Lua leaves the key out.
        ["plugin.Step", [{"EventId": 3}]],
    ]
