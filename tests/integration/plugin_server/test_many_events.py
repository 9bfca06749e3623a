"""Events beside each other: none sees another's data, and none stays behind."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator

import pytest

from tests.integration.plugin_server.conftest import Serve
from tests.integration.plugin_server.kong import (
    Kong,
    Link,
    handle_event,
    read_call,
    read_return,
)
from tests.integration.plugin_server.proto import write_string
from tests.integration.plugin_server.running import (
    Server,
    open_files,
    resident_kilobytes,
    wait_until,
)

INTERLEAVED = 1_000
CONCURRENT = 10_000
# A connection, its event and its greenlet's stack, measured: 7 KB.
MOST_KILOBYTES_EACH = 15


@pytest.fixture(autouse=True)
def _many_descriptors() -> Iterator[None]:
    """For this process and the servers that it starts; 1,024 is a common limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, CONCURRENT + 500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_events_answered_in_any_order_keep_their_own_results(serve: Serve) -> None:
    server = serve("--phase-limit", "30")
    kong = Kong(server.socket)
    instance = kong.start_instance({"does": "reads_three_times"})
    links = [Link(server.socket) for _ in range(INTERLEAVED)]
    for number, link in enumerate(links):
        link.send_frame(handle_event(number, instance))
    turns = [number for number in range(INTERLEAVED) for _ in range(3)]
    random.Random(3).shuffle(turns)
    answered = dict.fromkeys(range(INTERLEAVED), 0)

    for number in turns:
        name = "abc"[answered[number]]
        assert read_call(links[number]) == ("kong.request.get_header", f"x-{name}")
        links[number].send_frame(write_string(f"{name}{number}"))
        answered[number] += 1

    for number, link in enumerate(links):
        echo = f"a{number}-b{number}-c{number}"
        assert read_call(link) == ("kong.response.set_header", ("X-Echo", echo))
        assert read_call(link) is None
        assert read_return(link.read_frame()) == number
        link.close()
    kong.close()


def test_ten_thousand_events_run_at_once_and_leave_nothing(serve: Serve) -> None:
    server = serve("--phase-limit", "30")
    kong = Kong(server.socket)
    instance = kong.start_instance({"does": "reads_and_sets"})
    worker = server.worker()
    before, files = resident_kilobytes(worker), open_files(worker)

    links = open_events(server, instance, CONCURRENT)
    wait_until(lambda: server.metric("kong_plugin_events_in_flight") == CONCURRENT)
    peak = resident_kilobytes(worker)
    assert peak - before < CONCURRENT * MOST_KILOBYTES_EACH
    finish_events(links)

    wait_until(lambda: open_files(worker) == files)
    assert server.metric("kong_plugin_events_in_flight") == 0
    links = open_events(server, instance, CONCURRENT)
    wait_until(lambda: server.metric("kong_plugin_events_in_flight") == CONCURRENT)
    # At the peak: how much of it the allocator gives back in between differs from run to run.
    assert resident_kilobytes(worker) - peak < 1_000
    finish_events(links)
    wait_until(lambda: open_files(worker) == files)
    kong.close()


def test_connections_beyond_the_descriptors_wait_for_their_turn(serve: Serve) -> None:
    server = serve(descriptors=100)
    kong = Kong(server.socket)
    instance = kong.start_instance({"does": "nothing"})
    kong.close()
    links = [Link(server.socket) for _ in range(200)]
    for number, link in enumerate(links):
        link.send_frame(handle_event(number, instance))
    wait_until(lambda: "no more can be" in server.log)

    for number, link in enumerate(links):
        assert read_call(link) is None
        assert read_return(link.read_frame()) == number
        link.close()

    assert len(server.log.splitlines()) < 30


def open_events(server: Server, instance: int, count: int) -> list[Link]:
    """Events that each wait for a result."""
    links = []
    for number in range(count):
        links.append(Link(server.socket))
        links[-1].send_frame(handle_event(number, instance))
    return links


def finish_events(links: list[Link]) -> None:
    for number, link in enumerate(links):
        assert read_call(link) == ("kong.request.get_header", "x-number")
        link.send_frame(write_string(str(number)))
    for number, link in enumerate(links):
        assert read_call(link) == ("kong.response.set_header", ("X-Echo", str(number)))
        assert read_call(link) is None
        assert read_return(link.read_frame()) == number
        link.close()
