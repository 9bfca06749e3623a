"""Bytes that Kong never sends end the connection that they came on; nothing stays behind."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import pytest

from kong_plugin_server import pluginsocket_pb2 as pb
from tests.integration.plugin_server.checks import NUMBER
from tests.integration.plugin_server.kong import (
    Kong,
    Link,
    handle_event,
    read_call,
    read_return,
)
from tests.integration.plugin_server.proto import write_string
from tests.integration.plugin_server.running import Server, open_files, wait_until


def framed(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


def start_instance(config: bytes) -> bytes:
    command = pb.CmdStartInstance(config=config)
    return pb.RpcCall(sequence=1, cmd_start_instance=command).SerializeToString()


def greenlets(kong: Kong) -> int:
    event = kong.run(kong.start_instance({"does": "counts_greenlets"}))
    return int(event.arguments("response.set_header")[0][1])


@pytest.fixture
def bystander(server: Server, kong: Kong) -> Iterator[None]:
    """An event that runs meanwhile ends as it should; nothing is left of the others."""
    instance = kong.start_instance({"does": "reads_and_sets"})
    greenlets_before = greenlets(kong)
    worker, before = server.worker(), open_files(server.worker())
    with Link(server.socket) as link:
        link.send_frame(handle_event(9, instance))
        assert read_call(link) == ("kong.request.get_header", "x-number")

        yield

        link.send_frame(write_string("mine"))
        assert read_call(link) == ("kong.response.set_header", ("X-Echo", "mine"))
        assert read_call(link) is None
        assert read_return(link.read_frame()) == 9
    assert server.worker() == worker
    wait_until(lambda: open_files(worker) == before, 5)
    assert server.metric("kong_plugin_events_in_flight") == 0
    # Greenlets are used again; as many are idle as ever ran at a time.
    assert greenlets(kong) < greenlets_before + 10


@pytest.mark.usefixtures("bystander")
@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",  # a frame of 4 GB
        struct.pack("<I", 16 * 1024 * 1024 + 1),
        framed(b""),
        framed(b"\x08\x01"),  # a sequence, and no command
        framed(b"\x08\x01\xfa\x01\x00"),  # 31: get plugin names, which Kong does not send
        framed(b"\x08\x01\xa2\x02\x80"),  # 36, with a length that does not end
        framed(b"\x08\x01\xa2\x02\x7f"),  # 36, longer than the message
        framed(b"\x08\x01\xa0\x02\x01"),  # 36 as an integer
        framed(b"\x08\x01\xa2\x02\x12\x0a\x10a text as the id"),
        framed(start_instance(b"no JSON")),
        framed(start_instance(b"\xff\xfe")),
        framed(start_instance(b"[" * 100_000)),
        framed(b"\xff" * 100),
        framed(b"\x0b\x0c"),  # groups, which proto3 does not have
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x94\x00\x01\xb4plugin.StartInstance",  # MsgPack:1
    ],
)
def test_what_is_no_call_of_kong_ends_the_connection(server: Server, data: bytes) -> None:
    before = server.metric("kong_plugin_protocol_errors_total")

    with Link(server.socket) as link:
        link.socket.sendall(data)
        link.expect_close()

    assert server.metric("kong_plugin_protocol_errors_total") == before + 1


@pytest.mark.usefixtures("bystander")
def test_a_frame_that_nothing_waits_for_ends_the_connection(server: Server, kong: Kong) -> None:
    instance = kong.start_instance({"does": "reads_and_sets"})

    with Link(server.socket) as link:
        link.send_frame(handle_event(1, instance))
        assert read_call(link) is not None
        link.socket.sendall(framed(write_string("7")) + framed(b"") + framed(b"no call"))
        assert read_call(link) is not None
        assert read_call(link) is None
        assert read_return(link.read_frame()) == 1
        link.expect_close()


@pytest.mark.usefixtures("bystander")
def test_a_frame_of_garbage_ends_the_connection_whatever_it_says(server: Server) -> None:
    source = random.Random(3)
    for length in (0, 1, 2, 3, 5, 8, 30, 200) * 12:
        with Link(server.socket) as link:
            link.socket.sendall(framed(b"\x0f" + source.randbytes(length)))
            link.expect_close()


@pytest.mark.usefixtures("bystander")
def test_half_a_frame_waits_for_its_other_half(server: Server, kong: Kong) -> None:
    message = framed(handle_event(3, kong.start_instance({})))

    with Link(server.socket) as link:
        for byte in message:
            assert link.is_quiet(0.001)
            link.socket.sendall(bytes([byte]))
        assert read_call(link) is None
        assert read_return(link.read_frame()) == 3


def conversation(link: Link, instance: int, most: int) -> bool:
    """Kong's bytes of one event, no more than `most` of them. Returns whether it was all."""
    sent = 0
    for message in (handle_event(1, instance), write_string("7"), b""):
        data = framed(message)[: most - sent]
        link.socket.sendall(data)
        sent += len(data)
        if sent == most:
            return False
        if message:
            assert read_call(link) is not None
        if message == write_string("7"):
            assert read_call(link) is None
            assert read_return(link.read_frame()) == 1
    return True


@pytest.mark.usefixtures("bystander")
def test_a_client_may_leave_at_any_byte(server: Server, kong: Kong) -> None:
    instance = kong.start_instance({"does": "reads_and_sets"})
    most = 0
    is_all = False
    while not is_all:
        most += 1
        with Link(server.socket) as link:
            is_all = conversation(link, instance, most)

    assert most > 30
    event = kong.run(instance, NUMBER)
    assert event.arguments("response.set_header") == [("X-Echo", "7")]


@pytest.mark.usefixtures("bystander")
def test_a_client_may_close_its_half_in_the_middle_of_an_event(server: Server, kong: Kong) -> None:
    instance = kong.start_instance({"does": "reads_and_sets"})
    with Link(server.socket) as link:
        link.send_frame(handle_event(1, instance))
        assert read_call(link) is not None
        link.socket.shutdown(1)
        link.expect_close()
