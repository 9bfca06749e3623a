"""What the scripted ProtoBuf:1 server does: one function a route of the tests."""

import asyncio

from tests.integration.gateway.protobuf_endings import (
    FAILING_ENDS,
    REPEATED,
    START_ANSWERS,
    trailing_bytes,
)
from tests.integration.gateway.protobuf_server import (
    Behaviour,
    Event,
    exit_with,
    framed,
    integer,
    list_of,
    pair,
    table,
    text,
)


async def nothing(event: Event) -> None:
    event.finish()


async def pipelined(event: Event) -> None:
    """Two calls in one write, then two more and the end in another."""
    event.write_call("kong.request.get_headers", integer(100))
    event.write_call("kong.client.get_forwarded_ip")
    await event.read_frame()
    address = await event.read_frame()
    event.write_call("kong.service.request.set_headers", table({"X-Stamp": address[2:].decode()}))
    event.write_call("kong.response.set_headers", table({"X-Set": "by plugin"}))
    event.finish()
    assert await event.read_frame() == b""
    assert await event.read_frame() == b""


async def byte_by_byte(event: Event) -> None:
    name, argument = b"kong.response.set_header", pair("X-Set", "by plugin")
    for byte in framed(name) + framed(argument):
        event.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert await event.read_frame() == b""
    event.finish()


READS = {
    "forwarded_ip": ("kong.client.get_forwarded_ip", b""),
    "method": ("kong.request.get_method", b""),
    "header": ("kong.request.get_header", text("X-Two")),
    "absent_header": ("kong.request.get_header", text("X-Absent")),
    "empty_header": ("kong.request.get_header", text("X-Empty")),
    "var_two": ("kong.nginx.get_var", text("http_x_two")),
    "var_absent": ("kong.nginx.get_var", text("http_x_absent")),
    "headers_of_one": ("kong.request.get_headers", integer(1)),
    # An Empty may hold anything.
    "junk_argument": ("kong.request.get_method", b"\x0a\x7f\xff"),
    "second_wins": ("kong.request.get_header", text("X-Absent") + text("X-Two")),
}


async def show(event: Event) -> None:
    """Answer with the frames that the PDK's reads gave, in hexadecimal."""
    lines = [f"{name} {(await event.call(*call)).hex()}" for name, call in READS.items()]
    event.write_call("kong.response.exit", exit_with(200, "\n".join(lines).encode()))
    await event.note_the_end()


VALUES = {
    "X-Text": "a",
    "X-Empty": "",
    "X-Number": 7200,
    "X-Big": 1795364921355,
    "X-Half": 1.5,
    "X-Zero": 0,
    "X-True": True,
    "X-Null": None,
    "X-List": ["a", "b"],
    "X-Hole": ["a", False, "b"],
    "X-Nothing": [],
    "X-Table": {"a": "b"},
    "X-Evil": "a\r\nX-Injected: 1",
}


async def set_values(event: Event) -> None:
    """Each value alone, for the response and the request."""
    for name, value in VALUES.items():
        assert await event.call("kong.response.set_header", pair(name, value)) == b""
        assert await event.call("kong.service.request.set_header", pair(name, value)) == b""
    event.finish()


async def set_tables(event: Event) -> None:
    """All values in a table; false is none, and leaves its header alone."""
    values = VALUES | {"X-False": False}
    assert await event.call("kong.response.set_headers", table(values)) == b""
    assert await event.call("kong.service.request.set_headers", table(values)) == b""
    event.finish()


async def write_log(event: Event) -> None:
    await event.call("kong.log.warn", list_of("a line of ", 2, " parts"))
    event.finish()


async def exit_text(event: Event) -> None:
    await event.call("kong.response.set_headers", table({"X-Before": "1", "Vary": "A"}))
    headers = {"aLLoW": "POST", "Vary": ["B", "C"], "X-Age": 5}
    event.write_call("kong.response.exit", exit_with(200, b"hello", headers))
    await event.note_the_end()


async def exit_no_content(event: Event) -> None:
    event.write_call("kong.response.exit", exit_with(204, headers={"X-Kept": "1"}))
    await event.note_the_end()


async def exit_and_go_on(event: Event) -> None:
    """A server that does not wait: what follows an exit is not read."""
    event.write_call("kong.response.exit", exit_with(202))
    event.write_call("kong.response.set_header", pair("X-Late", "1"))
    event.finish()
    await event.note_the_end()


def failing_call(method: str, argument: bytes = b"") -> Behaviour:
    """Set a header, then make a call on which Kong gives up."""

    async def run(event: Event) -> None:
        await event.call("kong.response.set_header", pair("X-Before", "1"))
        event.write_call(method, argument)
        await event.note_the_end()

    return run


FAILING_CALLS = {
    "unknown_method": failing_call("kong.request.no_such_method"),
    "not_in_the_service": failing_call("kong.response.error", integer(403)),
    "not_in_the_service_either": failing_call("kong.request.get_raw_path"),
    "method_in_capitals": failing_call("Kong.Request.GetMethod"),
    "response_phase": failing_call("kong.response.get_status"),
    "service_response_phase": failing_call("kong.service.response.get_headers", integer(1)),
    "wrong_wire_type": failing_call("kong.request.get_header", integer(5)),
    # Kong passes over these two.
    "unknown_field": failing_call("kong.request.get_header", b"\x48\x01" + text("X-Two")),
    "cut_tag": failing_call("kong.request.get_header", text("X-Two") + b"\x80"),
    "cut_text": failing_call("kong.request.get_header", b"\x0a\x05a"),
    "cut_number": failing_call("kong.request.get_headers", b"\x08\x80"),
    "cut_entry": failing_call("kong.response.set_headers", b"\x0a\x09\x0a\x01a"),
    "too_many_headers": failing_call("kong.request.get_headers", integer(1001)),
    "no_number_of_headers": failing_call("kong.request.get_headers"),
    "header_of_false": failing_call("kong.response.set_header", pair("X-A", False)),
    "header_without_a_value": failing_call("kong.response.set_header", text("X-A")),
    "header_of_numbers": failing_call("kong.response.set_header", pair("X-A", [1])),
    "header_of_lists": failing_call("kong.response.set_header", pair("X-A", [["a"]])),
    "status_0": failing_call("kong.response.exit"),
    "status_600": failing_call("kong.response.exit", exit_with(600)),
}


BEHAVIOURS: dict[str, Behaviour] = {
    "nothing": nothing,
    "pipelined": pipelined,
    "byte_by_byte": byte_by_byte,
    "show": show,
    "set_values": set_values,
    "set_tables": set_tables,
    "write_log": write_log,
    "exit_text": exit_text,
    "exit_no_content": exit_no_content,
    "exit_and_go_on": exit_and_go_on,
    "trailing_bytes": trailing_bytes,
    "not_implemented": failing_call("kong.router.get_route"),
    **FAILING_CALLS,
    **FAILING_ENDS,
    **REPEATED,
    **dict.fromkeys(START_ANSWERS, nothing),
}
