"""ProtoBuf:1 against the scripted server, without a gateway around it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kong_plugin_server import pluginsocket_pb2 as pb
from local.gateway.errors import PluginFailedError
from local.gateway.plugin_rpc import RpcError
from local.gateway.protobuf.rpc import ProtoBufRpc
from tests.integration.gateway.protobuf_server import framed, returned
from tests.integration.plugin_server.proto import block
from tests.waiting import BUSY_SECONDS

START = bytes.fromhex("0802 8a020b 0a0570726f6265 12027b7d")
STARTED = bytes.fromhex("0802 8a0204 1007 2001")
EVENT = bytes.fromhex("0803 a2020a 0807 1206616363657373")


@contextlib.asynccontextmanager
async def connected(directory: Path) -> AsyncIterator[tuple[ProtoBufRpc, socket.socket]]:
    """A client and the listener of its server, which the test plays by hand."""
    path = str(directory / "hand.sock")
    rpc = ProtoBufRpc(path, read_timeout=1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        listener.setblocking(False)
        try:
            yield rpc, listener
        finally:
            rpc.close()


async def receive(connection: socket.socket, size: int) -> bytes:
    async with asyncio.timeout(BUSY_SECONDS):
        data = b""
        while len(data) < size:
            data += await asyncio.get_running_loop().sock_recv(connection, size - len(data))
    return data


async def start(rpc: ProtoBufRpc, listener: socket.socket) -> socket.socket:
    """Play the start of an instance, and give the connection."""
    loop = asyncio.get_running_loop()
    starting = asyncio.create_task(rpc.start_instance("probe", "{}"))
    connection, _ = await loop.sock_accept(listener)
    connection.setblocking(False)
    assert await receive(connection, 4 + len(START)) == framed(START)
    await loop.sock_sendall(connection, framed(STARTED))
    assert await starting == 7
    return connection


async def refuse(method: str, arguments: list[Any]) -> Any:
    raise AssertionError((method, arguments))


async def test_an_instance_and_an_event_are_these_bytes_on_one_connection(tmp_path: Path) -> None:
    calls: list[Any] = []

    async def execute(method: str, arguments: list[Any]) -> Any:
        calls.append((method, arguments))
        return {"kong.client.get_forwarded_ip": "::1"}.get(method)

    async with connected(tmp_path) as (rpc, listener):
        with await start(rpc, listener) as connection:
            loop = asyncio.get_running_loop()
            running = asyncio.create_task(rpc.handle_event(7, "access", execute))
            assert await receive(connection, 4 + len(EVENT)) == framed(EVENT)
            # Both calls at once, with the end behind them.
            await loop.sock_sendall(
                connection,
                b"\x1c\0\0\0kong.client.get_forwarded_ip\0\0\0\0"
                b"\x18\0\0\0kong.response.set_header\x08\0\0\0\x0a\x01a\x12\x03\x1a\x01b"
                b"\0\0\0\0\x02\0\0\0\x08\x03",
            )
            assert await receive(connection, 13) == b"\x05\0\0\0\x0a\x03::1\0\0\0\0"
            await running
    assert calls == [("kong.client.get_forwarded_ip", []), ("kong.response.set_header", ["a", "b"])]


async def test_concurrent_calls_take_a_connection_each_and_number_themselves(
    tmp_path: Path,
) -> None:
    async with connected(tmp_path) as (rpc, listener):
        loop = asyncio.get_running_loop()
        starting = [asyncio.create_task(rpc.start_instance("probe", "{}")) for _ in range(3)]
        accepted = [(await loop.sock_accept(listener))[0] for _ in starting]
        sequences = []
        for connection in accepted:
            connection.setblocking(False)
            call = pb.RpcCall.FromString((await receive(connection, 4 + len(START)))[4:])
            sequences.append(call.sequence)
            await loop.sock_sendall(connection, framed(returned(call.sequence) + STARTED[2:]))
        assert await asyncio.gather(*starting) == [7, 7, 7]
        assert sorted(sequences) == [2, 3, 4]
        for connection in accepted:
            connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        framed(bytes.fromhex("0803 8a0204 1007 2001")),
        framed(b""),
        framed(bytes.fromhex("0802")),
        framed(bytes.fromhex("0a0161")),
    ],
)
async def test_an_answer_that_kong_stumbles_over_fails_the_plugin(
    tmp_path: Path, answer: bytes
) -> None:
    async with connected(tmp_path) as (rpc, listener):
        loop = asyncio.get_running_loop()
        starting = asyncio.create_task(rpc.start_instance("probe", "{}"))
        connection, _ = await loop.sock_accept(listener)
        with connection:
            await loop.sock_sendall(connection, answer)
            with pytest.raises(PluginFailedError):
                await starting


async def test_what_arrives_unasked_closes_an_idle_connection(tmp_path: Path) -> None:
    async with connected(tmp_path) as (rpc, listener):
        with await start(rpc, listener) as connection:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(connection, framed(b""))
            async with asyncio.timeout(BUSY_SECONDS):
                assert await loop.sock_recv(connection, 1) == b""
            running = asyncio.create_task(rpc.handle_event(7, "access", refuse))
            async with asyncio.timeout(BUSY_SECONDS):
                second, _ = await loop.sock_accept(listener)
            with second:
                second.setblocking(False)
                await receive(second, 4 + len(EVENT))
                await loop.sock_sendall(second, framed(b"") + framed(b"\x08\x03"))
                await running


async def test_a_call_that_raises_ends_the_connection_without_an_answer(tmp_path: Path) -> None:
    async def execute(_method: str, _arguments: list[Any]) -> Any:
        raise PluginFailedError("no")

    async with connected(tmp_path) as (rpc, listener):
        with await start(rpc, listener) as connection:
            loop = asyncio.get_running_loop()
            running = asyncio.create_task(rpc.handle_event(7, "access", execute))
            await receive(connection, 4 + len(EVENT))
            await loop.sock_sendall(
                connection, framed(b"kong.client.get_forwarded_ip") + framed(b"")
            )
            with pytest.raises(PluginFailedError, match="no"):
                await running
            async with asyncio.timeout(BUSY_SECONDS):
                assert await loop.sock_recv(connection, 1) == b""


async def test_arguments_nested_without_end_fail_the_plugin(tmp_path: Path) -> None:
    value = b""
    for _ in range(5000):
        value = block(6, block(1, value))
    async with connected(tmp_path) as (rpc, listener):
        with await start(rpc, listener) as connection:
            loop = asyncio.get_running_loop()
            running = asyncio.create_task(rpc.handle_event(7, "access", refuse))
            await receive(connection, 4 + len(EVENT))
            call = framed(b"kong.log.err") + framed(block(1, value))
            await loop.sock_sendall(connection, call)
            with pytest.raises(PluginFailedError, match="nested too deeply"):
                await running


async def test_a_missing_server_and_a_full_backlog_are_errors_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "full.sock")
    rpc = ProtoBufRpc(path)
    with pytest.raises(RpcError, match="no such file or directory"):
        await rpc.start_instance("probe", "{}")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(path)
        listener.listen(0)
        waiting.connect(path)
        with pytest.raises(RpcError, match="resource temporarily unavailable"):
            await rpc.start_instance("probe", "{}")
    with pytest.raises(RpcError, match="connection refused"):
        await rpc.start_instance("probe", "{}")
