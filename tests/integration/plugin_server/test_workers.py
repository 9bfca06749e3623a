"""Several workers behind one socket: connections, instances, metrics and restarts are shared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from kong_plugin_server import pluginsocket_pb2 as pb
from tests.integration.plugin_server import proto
from tests.integration.plugin_server.checks import (
    CHANGING,
    ECHO,
    NUMBER,
    echo_of,
    expect_no_failure,
)
from tests.integration.plugin_server.conftest import Serve, one_server, serve_changing
from tests.integration.plugin_server.kong import (
    Kong,
    Link,
    handle_event,
    read_call,
    read_return,
)
from tests.integration.plugin_server.load import under_load
from tests.integration.plugin_server.running import (
    COMMAND,
    ROOT,
    Server,
    ask_for_metrics,
    open_files,
    wait_until,
)
from tests.processes import is_running, pausing

WORKERS = 3
LARGE = "x" * 2**20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with three workers."""
    with one_server("--workers", str(WORKERS)) as server:
        yield server


@pytest.fixture(scope="module")
def idle_files(server: Server) -> int:
    """What the supervisor has open while Kong has no connection."""
    return open_files(server.pid)


@pytest.fixture
def links(server: Server, idle_files: int) -> Iterator[list[Link]]:
    """Connections, two to each worker: no other is open."""
    wait_until(lambda: open_files(server.pid) == idle_files)
    with ExitStack() as stack:
        yield [stack.enter_context(Link(server.socket)) for _ in range(2 * WORKERS)]


def start_instance(link: Link, config: object) -> int:
    command = pb.CmdStartInstance(name=b"probe", config=json.dumps(config).encode())
    link.send_frame(pb.RpcCall(sequence=1, cmd_start_instance=command).SerializeToString())
    return read_status(link)


def read_status(link: Link) -> int:
    """The instance that a call was answered with."""
    return proto.read(pb.RpcReturn, link.read_frame()).instance_status.instance_id


def start_event(link: Link, instance: int) -> None:
    """An event of the behaviour `ECHO`, which then waits for Kong."""
    link.send_frame(handle_event(1, instance))
    assert read_call(link) == ("kong.request.get_header", "x-number")


def finish_event(link: Link) -> None:
    link.send_frame(proto.write_string("7"))
    assert read_call(link) == ("kong.response.set_header", ("X-Echo", "7"))
    assert read_call(link) is None
    assert read_return(link.read_frame()) == 1


def test_an_instance_that_one_worker_started_runs_on_all_and_connections_are_spread(
    server: Server, links: list[Link]
) -> None:
    instance = start_instance(links[0], ECHO)
    for link in links:
        start_event(link, instance)

    assert server.metric_by_worker("kong_plugin_events_in_flight") == {"1": 2, "2": 2, "3": 2}

    for link in links:
        finish_event(link)


def test_a_configuration_of_any_size_reaches_all_workers(links: list[Link]) -> None:
    instance = start_instance(links[0], {**ECHO, "filling": LARGE})

    for link in links:
        start_event(link, instance)
        finish_event(link)


def test_an_instance_can_be_closed_at_another_worker_and_is_forgotten(links: list[Link]) -> None:
    instance = start_instance(links[0], ECHO)

    close = pb.CmdCloseInstance(instance_id=instance)
    links[1].send_frame(pb.RpcCall(sequence=1, cmd_close_instance=close).SerializeToString())

    assert read_status(links[1]) == instance
    links[2].send_frame(handle_event(1, instance))
    links[2].expect_close()


def test_an_id_that_no_worker_knows_ends_the_connection(links: list[Link]) -> None:
    for link in links:
        link.send_frame(handle_event(1, 2**31 - 1))
        link.expect_close()


def test_kong_may_leave_while_its_instance_is_looked_for(server: Server, links: list[Link]) -> None:
    instance = start_instance(links[0], ECHO)
    with pausing([server.pid]):
        links[1].send_frame(handle_event(1, instance))
        links[1].close()

    start_event(links[4], instance)  # the same worker's
    finish_event(links[4])
    assert server.metric("kong_plugin_events_in_flight") == 0


def test_a_call_on_a_connection_whose_instance_is_looked_for_is_a_protocol_error(
    server: Server, links: list[Link]
) -> None:
    before = server.metric("kong_plugin_protocol_errors_total")
    instance = start_instance(links[0], ECHO)
    with pausing([server.pid]):
        links[1].send_frame(handle_event(1, instance))
        links[1].send_frame(handle_event(2, instance))
        links[1].expect_close()

    assert server.metric("kong_plugin_protocol_errors_total") == before + 1


def test_a_worker_that_does_not_tell_its_metrics_makes_the_scrape_an_error(server: Server) -> None:
    _, stopped, _ = server.workers()
    with pausing([stopped]):
        status, body = ask_for_metrics(server.metrics_socket)

    assert (status, body) == ("HTTP/1.1 503 Service Unavailable", "a worker does not answer\n")
    assert set(server.metric_by_worker("kong_plugin_instances")) == {"1", "2", "3"}


def test_a_server_that_is_killed_ends_all_workers_and_what_they_ask_in_order(serve: Serve) -> None:
    server = serve("--workers", "2")
    workers = server.workers()
    with Link(server.socket) as first, Link(server.socket) as second:
        instance = start_instance(first, ECHO)
        start_instance(second, ECHO)  # one that no worker has yet dies with the server
        os.kill(server.pid, signal.SIGSTOP)
        second.send_frame(handle_event(1, instance))
        os.kill(server.pid, signal.SIGKILL)
        assert second.socket.recv(1) == b""  # a reset, which raises, would be a 500
    wait_until(lambda: not any(map(is_running, workers)))
    assert "connections open" not in server.log, "a worker waited for an answer"


@pytest.mark.parametrize("number", [2, 3])
def test_killing_workers_under_load_fails_no_request_and_needs_few_instances(
    serve: Serve, number: int
) -> None:
    server = serve("--workers", str(number))
    with under_load(server.socket, NUMBER, ECHO, kong_workers=1) as load:
        for restarts, worker in enumerate(server.workers(), 1):
            load.wait_for_more()
            os.kill(worker, signal.SIGKILL)
            wait_until(partial(has_replaced, server, worker, number))
            load.wait_for_more()
            assert server.metric("kong_plugin_restarts_total") == restarts

    expect_no_failure(load, "7")
    (kong,) = load.workers
    assert 1 <= len(kong.all) <= 1 + number * len(load.kongs)
    assert len(set(kong.all)) == len(kong.all), "two processes gave the same id"


def has_replaced(server: Server, worker: int, number: int) -> bool:
    workers = server.workers()  # read once: it changes under our eyes
    return len(workers) == number and worker not in workers


def test_without_restarts_one_instance_serves_all_requests_and_metrics_add_up(
    serve: Serve,
) -> None:
    server = serve("--workers", "2")
    with under_load(server.socket, NUMBER, ECHO, kong_workers=1) as load:
        load.wait_for_more(1_000)

    expect_no_failure(load, "7")
    (kong,) = load.workers
    assert len(kong.all) == 1
    by_worker = server.metric_by_worker('kong_plugin_events_total{outcome="ok"}')
    assert sum(by_worker.values()) == len(load.answers)
    assert min(by_worker.values()) > len(load.answers) / 10
    assert server.metric("kong_plugin_event_seconds_count") == len(load.answers)
    assert server.metric_by_worker("kong_plugin_restarts_total") == {"": 0}


def test_a_worker_that_replaces_another_knows_its_instances(serve: Serve) -> None:
    server = serve()
    kong = Kong(server.socket, NUMBER)
    kong.start_instance({})
    worker = server.worker()
    with pausing([server.pid]):  # it learns of the instance and of the death at the same time
        instance = kong.start_instance(ECHO)
        kong.close()
        os.kill(worker, signal.SIGKILL)
    wait_until(partial(has_replaced, server, worker, 1))

    assert echo_of(kong.run(instance)) == "7"
    kong.close()


def test_while_a_dead_worker_cannot_be_replaced_the_other_serves(
    serve: Serve, directory: Path
) -> None:
    server, module = serve_changing(serve, directory, "--workers", "2")
    with under_load(server.socket, NUMBER, {}, kong_workers=1) as load:
        load.wait_for_more()
        module.write_text("import a_module_that_does_not_exist")
        dead, living = server.workers()
        os.kill(dead, signal.SIGKILL)
        wait_until(lambda: server.log.count("did not start") == 2)
        load.wait_for_more()
        assert living in server.workers()

        module.write_text(CHANGING.format(echo="mended"))
        wait_until(partial(has_replaced, server, dead, 2))
        load.wait_for_more()

    expect_no_failure(load, "old", "mended")


def test_a_reload_under_load_renews_all_workers_and_fails_no_request(
    serve: Serve, directory: Path
) -> None:
    server, module = serve_changing(serve, directory, "--workers", "2")
    with under_load(server.socket, NUMBER, {}, kong_workers=1) as load:
        load.wait_for_more()
        old = server.workers()
        module.write_text(CHANGING.format(echo="newer"))
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: "reloaded" in server.log)
        count = len(load.answers)
        load.wait_for_more()

    expect_no_failure(load, "old", "newer")
    assert not any(map(is_running, old))
    assert {echo_of(event) for event in load.answers[count + len(load.kongs) :]} == {"newer"}
    assert server.metric("kong_plugin_restarts_total") == 0


def test_a_reload_of_code_that_does_not_import_keeps_all_old_workers(
    serve: Serve, directory: Path
) -> None:
    server, module = serve_changing(serve, directory, "--workers", "2")
    with under_load(server.socket, NUMBER, {}, kong_workers=1) as load:
        load.wait_for_more()
        old = server.workers()
        module.write_text("import a_module_that_does_not_exist")
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: "the old worker goes on" in server.log)
        load.wait_for_more()

    expect_no_failure(load, "old")
    assert server.workers() == old
    assert server.log.count("did not start") == 1


def test_a_first_worker_that_does_not_start_ends_the_others(directory: Path) -> None:
    """Of three, whichever takes the file away first."""
    (directory / "rare_plugin.py").write_text(
        f"import os\nos.unlink({str(directory / 'ticket')!r})\n" + CHANGING.format(echo="x")
    )
    (directory / "ticket").touch()
    command = [*COMMAND, "rare", "rare_plugin", "--socket", str(directory / "plugin.sock")]
    done = subprocess.run(
        [*command, "--workers", str(WORKERS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(directory), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "did not start; its messages above say why" in done.stderr.splitlines()[-1]
    assert not (directory / "plugin.sock").exists()


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_number_of_workers_that_is_none_is_a_usage_error(directory: Path, number: str) -> None:
    command = [*COMMAND, "probe", "a_module", "--socket", str(directory / "s")]
    done = subprocess.run(
        [*command, f"--workers={number}"], capture_output=True, text=True, timeout=20, check=False
    )

    assert done.returncode == 2
    assert "--workers" in done.stderr
