"""What an event of the tracking plugin costs Kong: held here, measured on a Kong elsewhere.

Each burst that the server writes is one wait of Kong, and each call one piece of work.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.plugin_server.conftest import one_server
from tests.integration.plugin_server.kong import (
    END,
    EXIT,
    Kong,
    Link,
    Request,
    handle_event,
    read_call,
    result_of,
)
from tests.integration.plugin_server.running import (
    TRACKING,
    Server,
    open_files,
    resident_kilobytes,
)

NAME = "conversion-tracking"
ORIGIN = "https://www.ainative.studio"
CONFIG = {
    "origins": [ORIGIN],
    "credentials": True,
    "secret": "a secret of this test",
    "request_variable": "ct_request",
}

POST = Request(
    headers={"origin": ORIGIN, "content-type": "application/json", "content-length": "99"}
)
PREFLIGHT = Request(
    method="OPTIONS",
    headers={
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    },
)

READS = ["kong.nginx.get_var"]
SETS = ["kong.service.request.set_headers", "kong.response.set_headers"]

# Measured, with room for a longer header.
MOST_BYTES = {"POST": 700, "OPTIONS": 700}

# 200,000 of them take 30 s, and end with the same figures.
EVENTS = 50_000
CONNECTIONS = 16
MOST_KILOBYTES_MORE = 1_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with the tracking plugin."""
    with one_server(name=NAME, module=TRACKING) as server:
        yield server


@pytest.fixture
def instance(kong: Kong) -> int:
    return start_instance(kong, CONFIG)


def start_instance(kong: Kong, config: dict[str, object]) -> int:
    """One that has asked already whether nginx writes the CORS headers: its first event does."""
    instance = kong.start_instance(config, NAME)
    kong.run(instance, POST)
    return instance


def bursts(link: Link, request: Request) -> Iterator[list[str]]:
    """The names of the calls that the server writes before it waits for Kong."""
    while True:
        calls = []
        while not link.is_quiet():
            call = read_call(link)
            calls.append((END, None) if call is None else call)
            if call is None:
                link.read_frame()
        yield [name for name, _ in calls]
        if calls[-1][0] in (END, EXIT):
            return
        for call in calls:
            link.send_frame(result_of(request, call))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [(POST, [READS, [*SETS, END]]), (PREFLIGHT, [READS, [EXIT]])],
    ids=["a POST", "a preflight"],
)
def test_an_event_is_two_writes_with_no_more_calls_than_it_needs(
    server: Server, instance: int, request_: Request, expected: list[list[str]]
) -> None:
    with Link(server.socket) as link:
        link.send_frame(handle_event(1, instance))
        assert list(bursts(link, request_)) == expected


def test_a_preflight_that_another_plugin_answers_keeps_its_connection(
    server: Server, kong: Kong
) -> None:
    instance = start_instance(kong, CONFIG | {"preflight_continue": True})

    with Link(server.socket) as link:
        for number in (1, 2):
            link.send_frame(handle_event(number, instance))
            assert list(bursts(link, PREFLIGHT)) == [READS, [SETS[1], END]]
            if number == 1:
                link.send_frame(b"")  # Kong's answer to what was set


class Replay:
    """Events of one kind, as bytes that were checked once: fast enough to send many.

    The stamp's time and signature differ between events, and are of the same length.
    """

    def __init__(self, path: Path, instance: int, request: Request) -> None:
        self._path = path
        self._is_exit = request.method == "OPTIONS"
        self._event = framed(handle_event(1, instance))
        self._results = b"".join(framed(result_of(request, (name, "ct_request"))) for name in READS)
        self._links: list[socket.socket] = []
        with self._connect() as link:
            link.sendall(self._event)
            self._reads = link.recv(65_536)
            link.sendall(self._results)
            self._sets = link.recv(65_536)

    @property
    def size(self) -> int:
        """Bytes in both directions."""
        sent = len(self._event) + len(self._results) + (0 if self._is_exit else len(self._empties))
        return sent + len(self._reads) + len(self._sets)

    @property
    def _empties(self) -> bytes:
        return framed(b"") * len(SETS)

    def _connect(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(20)
        link.connect(str(self._path))
        return link

    def run(self) -> None:
        """One event on each connection, beside each other."""
        self._links = self._links or [self._connect() for _ in range(CONNECTIONS)]
        for link in self._links:
            link.sendall(self._event)
        for link in self._links:
            assert link.recv(65_536) == self._reads
            link.sendall(self._results)
        for link in self._links:
            sets = link.recv(65_536)
            assert len(sets) == len(self._sets)
            assert sets[-20:] == self._sets[-20:]
            if not self._is_exit:
                link.sendall(self._empties)
        if self._is_exit:  # Kong does not use these again
            self.close()

    def close(self) -> None:
        for link in self._links:
            link.close()
        self._links.clear()


def framed(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


@pytest.mark.parametrize("request_", [POST, PREFLIGHT], ids=["a POST", "a preflight"])
def test_an_event_has_few_bytes(server: Server, instance: int, request_: Request) -> None:
    replay = Replay(server.socket, instance, request_)

    assert replay.size < MOST_BYTES[request_.method]


def test_many_events_of_both_kinds_leave_no_memory_behind(
    server: Server, kong: Kong, instance: int
) -> None:
    worker = server.worker()
    replays = [Replay(server.socket, instance, request) for request in (POST, PREFLIGHT)]

    def run(events: int) -> None:
        for _ in range(events // CONNECTIONS // len(replays)):
            for replay in replays:
                replay.run()

    run(EVENTS // 10)
    before, files = resident_kilobytes(worker), open_files(worker)
    supervisor = resident_kilobytes(server.pid)
    run(EVENTS)

    assert resident_kilobytes(worker) - before < MOST_KILOBYTES_MORE
    assert resident_kilobytes(server.pid) - supervisor < MOST_KILOBYTES_MORE
    assert open_files(worker) <= files + CONNECTIONS
    assert server.metric("kong_plugin_events_in_flight") == 0
    assert server.metric('kong_plugin_events_total{outcome="error"}') == 0
    for replay in replays:
        replay.close()
    assert kong.run(instance, POST).names[-2:] == [name.removeprefix("kong.") for name in SETS]
