"""How the gateway fares when its plugin server hangs, dies, or is not there."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gateway.harness import (
    RunningGateway,
    make_kong_yml,
    probe,
    probe_environment,
    running_gateway,
    running_probe_server,
    running_upstream,
    wait_for_socket,
)
from tests.waiting import BUSY_SECONDS

BEHAVIOURS = ("nothing", "set_headers", "hang", "raise_after_a_call")


@contextlib.asynccontextmanager
async def gateway_with_probe(
    directory: Path, *, managed: bool = False
) -> AsyncIterator[RunningGateway]:
    environment = probe_environment(directory, managed=managed) | {
        "KONG_NGINX_PROXY_LUA_SOCKET_READ_TIMEOUT": "1s",
        "KONG_LOG_LEVEL": "info",
    }
    async with running_upstream() as port:
        routes = [
            {"name": name, "paths": [f"/{name}"], "plugins": [probe(name)]} for name in BEHAVIOURS
        ]
        service = {"name": "up", "host": "127.0.0.1", "port": port, "routes": routes}
        async with running_gateway(directory, make_kong_yml([service]), environment) as running:
            yield running


async def test_a_phase_that_never_answers_makes_the_request_wait_and_then_go_through(
    tmp_path: Path,
) -> None:
    async with running_probe_server(tmp_path), gateway_with_probe(tmp_path) as gateway:
        started = time.monotonic()
        reply = await gateway.ask("GET", "/hang")
        assert reply.status == 200
        assert reply.headers["X-Before"] == "1"
        assert 0.9 < time.monotonic() - started < 1 + BUSY_SECONDS
        assert "no data" in gateway.read_log()


async def test_a_phase_that_raises_after_a_call_makes_its_request_wait_too(tmp_path: Path) -> None:
    async with running_probe_server(tmp_path), gateway_with_probe(tmp_path) as gateway:
        started = time.monotonic()
        assert (await gateway.ask("GET", "/raise_after_a_call")).status == 200
        assert time.monotonic() - started > 0.9


async def test_a_server_that_stands_still_makes_requests_wait(tmp_path: Path) -> None:
    async with running_probe_server(tmp_path) as server, gateway_with_probe(tmp_path) as gateway:
        assert "X-Set" in (await gateway.ask("GET", "/set_headers")).headers
        server.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        reply = await gateway.ask("GET", "/set_headers")
        assert (reply.status, "X-Set" in reply.headers) == (200, False)
        assert time.monotonic() - started > 0.9


async def test_a_server_that_is_down_lets_known_instances_through_without_the_plugin(
    tmp_path: Path,
) -> None:
    async with gateway_with_probe(tmp_path) as gateway:
        async with running_probe_server(tmp_path):
            assert "X-Set" in (await gateway.ask("GET", "/set_headers")).headers
        reply = await gateway.ask("GET", "/set_headers")
        assert (reply.status, "X-Set" in reply.headers) == (200, False)
        # This instance was never started: Kong fails closed.
        assert (await gateway.ask("GET", "/nothing")).status == 500


async def test_a_new_server_gets_the_instance_started_again(tmp_path: Path) -> None:
    async with gateway_with_probe(tmp_path) as gateway:
        for _ in range(2):
            async with running_probe_server(tmp_path):
                assert "X-Set" in (await gateway.ask("GET", "/set_headers")).headers
        assert "no plugin instance" in gateway.read_log()


async def test_a_server_of_somebody_else_that_is_not_there_is_a_warning_and_500s(
    tmp_path: Path,
) -> None:
    async with gateway_with_probe(tmp_path) as gateway:
        assert "is managed by somebody else" in gateway.read_log()
        assert (await gateway.ask("GET", "/nothing")).status == 500


async def test_a_killed_server_is_started_again_within_a_second_or_two(tmp_path: Path) -> None:
    async with gateway_with_probe(tmp_path, managed=True) as gateway:
        assert "X-Set" in (await gateway.ask("GET", "/set_headers")).headers
        os.kill(find_server_pid(gateway), signal.SIGKILL)
        async with asyncio.timeout(BUSY_SECONDS):
            while "ended with status" not in gateway.read_log():
                assert (await gateway.ask("GET", "/set_headers")).status == 200
                await asyncio.sleep(0.05)
        await wait_for_socket(tmp_path / "probe.sock")
        assert "X-Set" in (await gateway.ask("GET", "/set_headers")).headers


async def test_the_gateway_stops_the_server_that_it_started(tmp_path: Path) -> None:
    async with gateway_with_probe(tmp_path, managed=True) as gateway:
        await gateway.ask("GET", "/nothing")
        pid = find_server_pid(gateway)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def find_server_pid(gateway: RunningGateway) -> int:
    """The server's output is logged as [name:pid] at INFO, as Kong does."""
    return int(gateway.read_log().split("[probe:", 1)[1].split("]", 1)[0])
