"""A new server on the path of another one: started first, it costs no request."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.integration.plugin_server.checks import ECHO, NUMBER, expect_no_failure
from tests.integration.plugin_server.conftest import Serve
from tests.integration.plugin_server.load import under_load
from tests.integration.plugin_server.running import COMMAND, ROOT

TWO = ("--workers", "2")


def test_servers_that_take_over_under_load_fail_no_request(serve: Serve) -> None:
    server = serve(*TWO)
    with under_load(server.socket, NUMBER, ECHO, kong_workers=2) as load:
        for _ in range(3):
            load.wait_for_more()
            old, server = server, serve(*TWO)
            assert old.stop() == 0
        load.wait_for_more()

    expect_no_failure(load, "7")


def test_a_server_that_does_not_start_takes_nothing_over(serve: Serve, directory: Path) -> None:
    server = serve()
    inodes = [path.stat().st_ino for path in (server.socket, server.metrics_socket)]
    with under_load(server.socket, NUMBER, ECHO) as load:
        load.wait_for_more()
        done = subprocess.run(
            [
                *(*COMMAND, "probe", "a_module_that_does_not_exist"),
                *("--socket", str(server.socket), "--metrics", f"unix:{server.metrics_socket}"),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        load.wait_for_more()

    assert done.returncode == 1
    expect_no_failure(load, "7")
    assert [path.stat().st_ino for path in (server.socket, server.metrics_socket)] == inodes
    assert {path.name for path in directory.iterdir()} == {"plugin.sock", "metrics.sock", "log"}
