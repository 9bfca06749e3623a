"""A dead collector, seen through the gateway: 502, then 503, then back again."""

import asyncio
from pathlib import Path
from typing import Any

from local.processes import free_port
from tests.integration.gateway.harness import (
    RunningGateway,
    make_kong_yml,
    running_gateway,
    running_upstream,
)
from tests.waiting import BUSY_SECONDS


def make_file(port: int, healthchecks: dict[str, Any], **service_fields: Any) -> dict[str, Any]:
    upstream = {
        "name": "collectors",
        "targets": [{"target": f"127.0.0.1:{port}"}],
        "healthchecks": healthchecks,
    }
    route = {"name": "all", "paths": ["/"]}
    service = {"name": "up", "host": "collectors", "retries": 2, "routes": [route]} | service_fields
    return make_kong_yml([service], upstreams=[upstream])


async def wait_for_status(gateway: RunningGateway, status: int) -> None:
    async with asyncio.timeout(BUSY_SECONDS):
        while (await gateway.ask("GET", "/")).status != status:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)


async def test_passive_checks_count_only_tries_that_are_repeated(tmp_path: Path) -> None:
    kong_yml = make_file(free_port(), {"passive": {"unhealthy": {"tcp_failures": 3}}})
    async with running_gateway(tmp_path, kong_yml, {}) as gateway:
        statuses = [(await gateway.ask("GET", "/")).status for _ in range(4)]
    # Measured on Kong: two of three tries count in the first request, the third failure
    # falls in the second.
    assert statuses == [502, 502, 503, 503]


async def test_without_a_repeated_try_a_refused_connection_counts_by_its_502(
    tmp_path: Path,
) -> None:
    unhealthy = {"tcp_failures": 1, "http_statuses": [502], "http_failures": 2}
    passive = {"passive": {"unhealthy": unhealthy}}
    kong_yml = make_file(free_port(), passive, retries=0)
    async with running_gateway(tmp_path, kong_yml, {}) as gateway:
        statuses = [(await gateway.ask("GET", "/")).status for _ in range(3)]
    assert statuses == [502, 502, 503]


async def test_a_timeout_counts_also_without_a_repeated_try(tmp_path: Path) -> None:
    passive = {"passive": {"unhealthy": {"timeouts": 2}}}
    async with running_upstream() as port:
        kong_yml = make_file(port, passive, retries=0, read_timeout=100)
        async with running_gateway(tmp_path, kong_yml, {}) as gateway:
            statuses = [(await gateway.ask("POST", "/?wait=1")).status for _ in range(3)]
    assert statuses == [504, 504, 503]


async def test_active_checks_take_a_dead_target_out_and_bring_it_back(tmp_path: Path) -> None:
    port = free_port()
    active = {
        "http_path": "/healthz",
        "healthy": {"interval": 0.1, "successes": 1},
        "unhealthy": {"interval": 0.1, "tcp_failures": 2},
    }
    async with running_gateway(tmp_path, make_file(port, {"active": active}), {}) as gateway:
        await wait_for_status(gateway, 503)
        async with running_upstream(port):
            await wait_for_status(gateway, 200)
        await wait_for_status(gateway, 503)


async def test_a_status_that_counts_as_failure_takes_the_target_out(tmp_path: Path) -> None:
    passive = {"unhealthy": {"http_statuses": [500], "http_failures": 2}}
    async with running_upstream() as port:
        kong_yml = make_file(port, {"passive": passive})
        async with running_gateway(tmp_path, kong_yml, {}) as gateway:
            statuses = [(await gateway.ask("GET", "/?status=500")).status for _ in range(3)]
    assert statuses == [500, 500, 503]
