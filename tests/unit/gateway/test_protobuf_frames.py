"""Frames on a connection, cut anywhere."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.errors import PluginFailedError
from local.gateway.plugin_connection import PluginConnection
from local.gateway.plugin_rpc import RpcError
from local.gateway.protobuf.frames import receive_frame, send_frame


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "little") + message


class WriteList(asyncio.WriteTransport):
    """Keeps the bounds of writes, which a Unix stream does not show."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return False


async def feed(connection: PluginConnection, chunks: list[bytes]) -> None:
    for chunk in chunks:
        connection.data_received(chunk)
        await asyncio.sleep(0)


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    st.lists(st.integers(0, 2000), max_size=10),
)
def test_frames_arrive_whole_however_the_stream_is_cut(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(map(framed, messages))
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})

    async def receive_all() -> list[bytes]:
        connection = PluginConnection()
        chunks = [stream[start:end] for start, end in pairwise(edges)]
        feeding = asyncio.create_task(feed(connection, chunks))
        received = [await receive_frame(connection, 5) for _ in messages]
        await feeding
        assert not connection.has_unread_bytes
        return received

    assert asyncio.run(receive_all()) == messages


@pytest.mark.parametrize("size", range(9))
@pytest.mark.parametrize(
    ("reason", "message"),
    [(None, "closed"), (ConnectionResetError(104, "reset"), "connection reset by peer")],
)
async def test_a_connection_that_ends_in_a_frame_says_how(
    size: int, reason: Exception | None, message: str
) -> None:
    connection = PluginConnection()
    connection.data_received(framed(b"hello")[:size])
    connection.connection_lost(reason)
    with pytest.raises(RpcError, match=f"^{message}$"):
        await receive_frame(connection, 5)


async def test_a_frame_that_came_before_the_end_is_read() -> None:
    connection = PluginConnection()
    connection.data_received(framed(b"hello"))
    connection.connection_lost(None)
    assert await receive_frame(connection, 5) == b"hello"


async def test_silence_is_a_timeout_but_slowness_is_not() -> None:
    connection = PluginConnection()

    async def drip() -> None:
        for byte in framed(b"hello"):
            await asyncio.sleep(0.03)
            connection.data_received(bytes([byte]))

    dripping = asyncio.create_task(drip())
    assert await receive_frame(connection, 0.15) == b"hello"
    await dripping
    connection.data_received(b"\x01")
    with pytest.raises(RpcError, match="timeout"):
        await receive_frame(connection, 0.05)


async def test_the_length_and_the_message_are_two_writes() -> None:
    connection, transport = PluginConnection(), WriteList()
    connection.connection_made(transport)
    send_frame(connection, b"hello")
    send_frame(connection, b"")
    assert transport.writes == [b"\x05\0\0\0", b"hello", b"\0\0\0\0", b""]


async def test_sending_on_a_connection_that_ended_fails_the_plugin() -> None:
    connection = PluginConnection()
    connection.connection_made(WriteList())
    connection.connection_lost(None)
    with pytest.raises(PluginFailedError, match="sending to the plugin server: closed"):
        send_frame(connection, b"hello")
