"""How the gateway fares when its plugin server hangs, dies, or is not there."""

import contextlib
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.integration.gateway.harness import (
    RunningGateway,
    make_kong_yml,
    probe,
    probe_environment,
    running_gateway,
    running_probe_server,
    running_upstream,
)
from tests.waiting import BUSY_SECONDS

BEHAVIOURS = ("nothing", "set_headers", "hang", "raise_after_a_call")


@contextlib.asynccontextmanager
async def gateway_with_probe(directory: Path) -> AsyncIterator[RunningGateway]:
    environment = probe_environment(directory) | {"KONG_NGINX_PROXY_LUA_SOCKET_READ_TIMEOUT": "1s"}
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


async def test_a_server_that_is_not_there_is_a_500(tmp_path: Path) -> None:
    async with gateway_with_probe(tmp_path) as gateway:
        assert (await gateway.ask("GET", "/nothing")).status == 500
