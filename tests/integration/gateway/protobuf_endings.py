"""How the scripted ProtoBuf:1 server ends an event, or answers a start, in a wrong way."""

import asyncio
import struct

from tests.integration.gateway.protobuf_server import (
    Event,
    StartAnswer,
    framed,
    pair,
    returned,
    started,
)


async def close_before_a_call(event: Event) -> None:
    """Close at the first event, answer the second."""
    if event.round == 0:
        event.writer.close()
        return
    await event.call("kong.response.set_header", pair("X-Round", event.round))
    event.finish()


async def close_after_a_call(event: Event) -> None:
    await event.call("kong.response.set_header", pair(f"X-Round-{event.round}", event.round))
    if event.round == 0:
        event.writer.close()
        return
    event.finish()


async def close_in_a_frame(event: Event) -> None:
    if event.round == 0:
        event.writer.write(framed(b"kong.request.get_method")[:9])
        event.writer.close()
        return
    await event.call("kong.response.set_header", pair("X-Round", event.round))
    event.finish()


async def close_before_the_return(event: Event) -> None:
    if event.round == 0:
        event.writer.write(framed(b""))
        event.writer.close()
        return
    event.finish()


async def closed_method(event: Event) -> None:
    """Kong looks for a word in a text: this unknown method looks like a closed connection."""
    if event.round == 0:
        event.write_call("closed")
        await event.note_the_end()
        return
    event.finish()


async def reset(event: Event) -> None:
    """Close with Kong's answer unread: the kernel then says reset, not closed."""
    transport = event.writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    event.write_call("kong.request.get_method")
    await asyncio.sleep(0.2)
    transport.abort()


async def close_with_an_open_call(event: Event) -> None:
    """Kong has nobody to send its result to."""
    event.write_call("kong.request.get_method")
    event.writer.close()


async def hang(event: Event) -> None:
    await event.call("kong.response.set_header", pair("X-Before", "1"))
    await event.note_the_end()


async def hang_in_a_frame(event: Event) -> None:
    event.writer.write(framed(b"kong.request.get_method")[:9])
    await event.note_the_end()


async def announce_4_gigabytes(event: Event) -> None:
    event.writer.write(struct.pack("<I", 2**32 - 1) + b"kong")
    await event.note_the_end()


async def wrong_sequence(event: Event) -> None:
    event.writer.write(framed(b"") + framed(returned(event.sequence + 1)))


async def empty_return(event: Event) -> None:
    event.writer.write(framed(b"") + framed(b""))


async def garbage_return(event: Event) -> None:
    event.writer.write(framed(b"") + framed(b"\x0a\x01a"))


async def trailing_bytes(event: Event) -> None:
    """More than was asked for: Kong does not use the connection again."""
    event.writer.write(framed(b"") + framed(returned(event.sequence)) + b"x")


FAILING_ENDS = {
    "reset": reset,
    "close_with_an_open_call": close_with_an_open_call,
    "hang": hang,
    "hang_in_a_frame": hang_in_a_frame,
    "announce_4_gigabytes": announce_4_gigabytes,
    "wrong_sequence": wrong_sequence,
    "empty_return": empty_return,
    "garbage_return": garbage_return,
}
REPEATED = {
    "close_before_a_call": close_before_a_call,
    "close_after_a_call": close_after_a_call,
    "close_in_a_frame": close_in_a_frame,
    "close_before_the_return": close_before_the_return,
    "closed_method": closed_method,
}
START_ANSWERS: dict[str, StartAnswer] = {
    "start_wrong_sequence": lambda sequence, instance_id: started(sequence + 1, instance_id),
    "start_without_status": lambda sequence, _: framed(returned(sequence)),
    "start_garbage": lambda _sequence, _id: framed(b"\x0a\x01a"),
    "start_closes": lambda _sequence, _id: None,
}
