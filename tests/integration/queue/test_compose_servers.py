"""The servers' file of compose.scale.yml, in real servers: they find each other, and sync."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.nats import PROGRAM, NatsServer
from local.processes import start_child, stop_child, wait_until
from tools.distributions import ROOT

CONFIG = ROOT / "deploy" / "nats" / "nats.conf"
PASSWORD = "a1b2c3d4e5f6"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[NatsServer]]:
    """Three of them, by that file; addresses and folders are this machine's."""
    servers = [NatsServer(f"nats-{number}", tmp_path) for number in (1, 2, 3)]
    routes = ",".join(f"nats://cluster:{PASSWORD}@127.0.0.1:{s.cluster_port}" for s in servers)
    with ExitStack() as stack:
        started = []
        for server in servers:
            config = tmp_path / f"{server.name}.conf"
            config.write_text(CONFIG.read_text().replace("/data", str(server.store)))
            child = start_child(
                server.name,
                [
                    *(PROGRAM, "--config", str(config), "--routes", routes),
                    *("--addr", "127.0.0.1", "--port", str(server.port)),
                    *("--http_port", str(server.health_port)),
                    *("--cluster_listen", f"nats://127.0.0.1:{server.cluster_port}"),
                ],
                {"NATS_NAME": server.name, "NATS_PASSWORD": PASSWORD},
                tmp_path / "log",
            )
            stack.callback(stop_child, child)
            started.append((server, child))
        for server, child in started:
            wait_until(server.is_healthy, child)
        yield servers


def ask(servers: list[NatsServer], user: str) -> subprocess.CompletedProcess[str]:
    """`conversion-tracking queue`, whose system user is this."""

    def url(name: str) -> str:
        return ",".join(f"nats://{name}:{PASSWORD}@127.0.0.1:{s.port}" for s in servers)

    return subprocess.run(
        [Path(sys.executable).parent / "conversion-tracking", "queue"],
        env={
            **os.environ,
            "CT_DATABASE_URL": "postgresql:///events",
            "CT_QUEUE_URL": url("ct"),
            "CT_QUEUE_SYSTEM_URL": url(user),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_makes_the_streams_and_sees_that_the_servers_sync(
    servers: list[NatsServer],
) -> None:
    made = ask(servers, "system")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines() == [
        "nats-1, nats-2, nats-3: sync what they acknowledge",
        "CT_EVENTS and CT_REPLAYS are there, on 3 servers, of 4294967296 bytes at most",
    ]
