"""A phase that takes too long is ended, whatever it does, and the others go on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.integration.plugin_server import proto
from tests.integration.plugin_server.checks import NUMBER, expect_a_working_server, outcomes
from tests.integration.plugin_server.conftest import one_server
from tests.integration.plugin_server.kong import (
    Kong,
    Link,
    handle_event,
    read_call,
    read_return,
)
from tests.integration.plugin_server.running import Server, wait_until
from tests.waiting import BUSY_SECONDS

PHASE_LIMIT_SECONDS = 0.4
# Within the limit an event is ended; the checks run four times in that time.
MOST_SECONDS = PHASE_LIMIT_SECONDS * 1.5 + BUSY_SECONDS


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with a short limit."""
    with one_server("--phase-limit", str(PHASE_LIMIT_SECONDS)) as server:
        yield server


@pytest.mark.parametrize("behaviour", ["sleeps", "loops", "reads_and_loops"])
def test_a_phase_that_blocks_the_process_is_ended_at_the_limit(
    server: Server, kong: Kong, behaviour: str
) -> None:
    instance = kong.start_instance({"does": behaviour})
    before, worker = outcomes(server, "timeout"), server.worker()
    started_at = time.monotonic()

    event = kong.run(instance, NUMBER)

    assert time.monotonic() - started_at < MOST_SECONDS
    assert event.names[-1] == "log.err"
    assert "blocked the server for more than" in event.arguments("log.err")[0][0]
    assert outcomes(server, "timeout") == before + 1
    assert server.worker() == worker
    expect_a_working_server(server, kong)


def test_a_phase_that_kong_does_not_answer_is_ended_at_the_limit(
    server: Server, kong: Kong
) -> None:
    instance = kong.start_instance({"does": "reads_and_sets"})
    with Link(server.socket) as link:
        link.send_frame(handle_event(5, instance))
        assert read_call(link) == ("kong.request.get_header", "x-number")
        started_at = time.monotonic()
        call = read_call(link)
        assert time.monotonic() - started_at < MOST_SECONDS
        assert call is not None
        assert call[0] == "kong.log.err"
        assert "took longer than" in call[1][0]
        assert read_call(link) is None
        assert read_return(link.read_frame()) == 5

        # Its results come late, and the connection is still good.
        link.send_frame(proto.write_string("late"))
        link.send_frame(b"")
        link.send_frame(handle_event(6, kong.start_instance({})))
        assert read_call(link) is None
        assert read_return(link.read_frame()) == 6
    expect_a_working_server(server, kong)


@pytest.mark.parametrize(
    "behaviour",
    ["waits_whatever_happens", "loops_when_it_is_stopped", "catches_everything_for_ever"],
)
def test_a_phase_that_will_not_be_stopped_is_left_standing(
    server: Server, kong: Kong, behaviour: str
) -> None:
    instance = kong.start_instance({"does": behaviour})
    before, worker = outcomes(server, "timeout"), server.worker()
    with Link(server.socket) as link:
        link.send_frame(handle_event(1, instance))
        started_at = time.monotonic()
        calls = list(iter(lambda: read_call(link), None))
        assert time.monotonic() - started_at < 3 * MOST_SECONDS
        assert calls[-1] is not None
        assert calls[-1][0] == "kong.log.err"
    assert outcomes(server, "timeout") == before + 1
    assert server.worker() == worker
    expect_a_working_server(server, kong)


@pytest.mark.parametrize("behaviour", ["raises", "leaves", "sleeps"])
def test_a_constructor_that_fails_fails_each_event_and_not_the_server(
    server: Server, kong: Kong, behaviour: str
) -> None:
    failed, worker = server.metric("kong_plugin_failed_starts_total"), server.worker()

    instance = kong.start_instance({"constructor": behaviour})

    for _ in range(2):
        event = kong.run(instance)
        assert event.names == ["log.err"]
        assert "could not be made with its configuration" in event.arguments("log.err")[0][0]
    assert server.metric("kong_plugin_failed_starts_total") == failed + 1
    assert server.worker() == worker
    expect_a_working_server(server, kong)


def test_events_that_kong_leaves_are_counted_as_abandoned(server: Server, kong: Kong) -> None:
    before = outcomes(server, "abandoned")
    with Link(server.socket) as link:
        link.send_frame(handle_event(1, kong.start_instance({"does": "waits_whatever_happens"})))
        assert read_call(link) is not None

    wait_until(lambda: outcomes(server, "abandoned") == before + 1)
    expect_a_working_server(server, kong)
