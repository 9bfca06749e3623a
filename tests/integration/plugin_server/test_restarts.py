"""Workers are killed, reloaded and drained, and Kong's clients notice nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
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
from tests.integration.plugin_server.conftest import Serve, serve_changing
from tests.integration.plugin_server.kong import (
    Kong,
    Link,
    handle_event,
    read_call,
    read_return,
)
from tests.integration.plugin_server.load import under_load
from tests.integration.plugin_server.proto import write_string
from tests.integration.plugin_server.running import (
    COMMAND,
    ROOT,
    STOP_SECONDS,
    Server,
    children_of,
    wait_until,
)
from tests.processes import is_running, pausing
from tests.waiting import BUSY_SECONDS


def has_another_worker(server: Server, old: int) -> bool:
    workers = server.workers()  # read once: it changes under our eyes
    return len(workers) == 1 and workers[0] != old


def test_killing_the_worker_under_load_fails_no_request(serve: Serve) -> None:
    server = serve()
    with under_load(server.socket, NUMBER, ECHO) as load:
        for restarts in range(1, 3):
            load.wait_for_more()
            worker = server.worker()
            os.kill(worker, signal.SIGKILL)
            wait_until(partial(has_another_worker, server, worker))
            load.wait_for_more()
            assert server.metric("kong_plugin_restarts_total") == restarts

    expect_no_failure(load, "7")
    instances = [instance for worker in load.workers for instance in worker.all]
    assert len(set(instances)) == len(instances), "two processes gave the same id"


def test_a_worker_that_dies_at_once_again_and_again_is_replaced_once_a_second(
    serve: Serve,
) -> None:
    server = serve()
    dead = set()
    started_at = time.monotonic()
    for _ in range(2):
        worker = server.worker()
        dead.add(worker)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: set(server.workers()) - dead)
    assert 1 < time.monotonic() - started_at < 2 + BUSY_SECONDS


def test_a_reload_under_load_takes_the_new_code_and_fails_no_request(
    serve: Serve, directory: Path
) -> None:
    server, module = serve_changing(serve, directory)
    with under_load(server.socket, NUMBER, {}) as load:
        load.wait_for_more()
        old = server.worker()
        module.write_text(CHANGING.format(echo="newer"))
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: not is_running(old))
        count = len(load.answers)
        load.wait_for_more()

    expect_no_failure(load, "old", "newer")
    assert echo_of(load.answers[0]) == "old"
    assert {echo_of(event) for event in load.answers[count + len(load.kongs) :]} == {"newer"}


def test_a_reload_of_code_that_does_not_import_keeps_the_old_worker(
    serve: Serve, directory: Path
) -> None:
    server, module = serve_changing(serve, directory)
    with under_load(server.socket, NUMBER, {}) as load:
        load.wait_for_more()
        old = server.worker()
        module.write_text("import a_module_that_does_not_exist")
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: "the old worker goes on" in server.log)
        load.wait_for_more()

    expect_no_failure(load, "old")
    assert server.worker() == old
    assert "a_module_that_does_not_exist" in server.log

    module.write_text(CHANGING.format(echo="mended"))
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: not is_running(old))
    kong = Kong(server.socket)
    assert echo_of(kong.run(kong.start_instance({}))) == "mended"
    kong.close()


def waiting_event(server: Server, behaviour: str) -> Link:
    """An event that waits for Kong."""
    kong = Kong(server.socket)
    instance = kong.start_instance({"does": behaviour})
    kong.close()
    link = Link(server.socket)
    link.send_frame(handle_event(1, instance))
    assert read_call(link) == ("kong.request.get_header", "x-number")
    return link


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_running_events_end(serve: Serve, signum: int) -> None:
    server = serve()
    with waiting_event(server, "reads_and_sets") as link:
        os.kill(server.pid, signum)
        time.sleep(0.3)
        link.send_frame(write_string("7"))

        assert read_call(link) == ("kong.response.set_header", ("X-Echo", "7"))
        assert read_call(link) is None
        assert read_return(link.read_frame()) == 1
        link.expect_close()

    assert server.process.wait(10) == 0
    assert not server.socket.exists()
    assert not server.metrics_socket.exists()
    assert "Traceback" not in server.log


def test_a_server_that_stops_is_found_no_more_and_serves_who_has_found_it(serve: Serve) -> None:
    server = serve()
    with waiting_event(server, "reads_and_sets") as link:
        with pausing([server.pid]):
            late = Link(server.socket)
            os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: not server.socket.exists())
        command = pb.CmdStartInstance(name=b"probe", config=b"{}")
        late.send_frame(pb.RpcCall(sequence=1, cmd_start_instance=command).SerializeToString())
        assert proto.read(pb.RpcReturn, late.read_frame()).HasField("instance_status")
        late.close()

        link.send_frame(write_string("7"))
        assert read_call(link) == ("kong.response.set_header", ("X-Echo", "7"))
        assert read_call(link) is None

    assert server.process.wait(10) == 0


def test_a_stop_does_not_wait_for_events_without_end(serve: Serve) -> None:
    server = serve("--phase-limit", "60")
    with waiting_event(server, "reads_and_sets"):
        started_at = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started_at < BUSY_SECONDS
    assert "stopped with 1 connections open" in server.log


def test_a_stop_is_not_held_up_by_phases_that_were_left_standing(serve: Serve) -> None:
    server = serve("--phase-limit", "0.1")
    kong = Kong(server.socket)
    assert kong.run(kong.start_instance({"does": "catches_everything_for_ever"})).names
    kong.close()

    started_at = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started_at < BUSY_SECONDS


def test_a_stop_is_not_held_up_by_a_worker_that_does_not_start(
    serve: Serve, directory: Path
) -> None:
    server, module = serve_changing(serve, directory)
    module.write_text("import time\ntime.sleep(600)")
    old = server.worker()
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: set(server.workers()) - {old})

    started_at = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started_at < BUSY_SECONDS


def test_a_stop_while_the_first_worker_starts_is_no_error(directory: Path) -> None:
    (directory / "slow_plugin.py").write_text("import time\ntime.sleep(600)")
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, "slow", "slow_plugin", "--socket", str(directory / "plugin.sock")],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(directory), str(ROOT)])},
            stderr=log,
        )
    wait_until((directory / "plugin.sock").exists)
    wait_until(lambda: children_of(process.pid))

    process.terminate()

    assert process.wait(STOP_SECONDS) == 0
    assert "did not start" not in (directory / "log").read_text()


def test_killing_the_supervisor_ends_the_worker(serve: Serve) -> None:
    server = serve()
    worker = server.worker()

    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()

    wait_until(lambda: not is_running(worker))


def test_a_socket_left_behind_by_a_killed_server_is_used_again(serve: Serve) -> None:
    killed = serve()
    os.kill(killed.pid, signal.SIGKILL)
    killed.process.wait()
    assert killed.socket.exists()

    expect_service(serve())


def test_a_new_server_takes_the_socket_over_and_the_old_one_does_not_remove_it(
    serve: Serve,
) -> None:
    old, new = serve("--metrics", "127.0.0.1:0"), serve("--metrics", "127.0.0.1:0")

    assert old.stop() == 0

    expect_service(new)


def expect_service(server: Server) -> None:
    kong = Kong(server.socket, NUMBER)
    assert echo_of(kong.run(kong.start_instance(ECHO))) == "7"
    kong.close()
