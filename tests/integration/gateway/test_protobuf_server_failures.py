"""A ProtoBuf:1 server that is down: unlike over MsgPack:1, no request passes without its plugin."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from tests.integration.gateway.harness import (
    RunningGateway,
    make_kong_yml,
    probe_environment,
    running_gateway,
    running_upstream,
)
from tests.integration.gateway.protobuf_behaviours import nothing, pipelined
from tests.integration.gateway.protobuf_server import DUMP, Event, running_scripted_server


@contextlib.asynccontextmanager
async def gateway_with_protobuf(directory: Path) -> AsyncIterator[RunningGateway]:
    dump = directory / "dump.json"
    dump.write_text(json.dumps(DUMP))
    environment = probe_environment(directory) | {
        "KONG_PLUGINSERVER_PROBE_QUERY_CMD": f"cat {dump}"
    }
    async with running_upstream() as port:
        plugins = [{"name": "probe", "config": {"behaviour": "it"}}]
        routes = [{"name": "it", "paths": ["/it"], "plugins": plugins}]
        service = {"name": "up", "host": "127.0.0.1", "port": port, "routes": routes}
        async with running_gateway(directory, make_kong_yml([service]), environment) as gateway:
            yield gateway


async def test_a_server_that_is_down_fails_closed_and_a_new_one_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "probe.sock"
    async with gateway_with_protobuf(tmp_path) as gateway:
        assert (await gateway.ask("GET", "/it")).status == 500
        assert "starting instance: trying to connect: no such file" in gateway.read_log()
        async with running_scripted_server(path, {"it": nothing}):
            assert (await gateway.ask("GET", "/it")).status == 200
        assert (await gateway.ask("GET", "/it")).status == 500
        assert "pluginserver error: trying to connect: connection refused" in gateway.read_log()
        path.unlink()
        async with running_scripted_server(path, {"it": pipelined}) as server:
            # The new server has the old one's instance: with ids of its own it would have
            # to close the connection, so that Kong starts the instance again.
            server.instances[100] = "it"
            assert (await gateway.ask("GET", "/it")).headers["X-Set"] == "by plugin"
            assert server.starts["it"] == 0


async def test_requests_wait_for_the_one_that_starts_the_instance(tmp_path: Path) -> None:
    async def slow(event: Event) -> None:
        await asyncio.sleep(0.1)
        event.finish()

    async with (
        gateway_with_protobuf(tmp_path) as gateway,
        running_scripted_server(tmp_path / "probe.sock", {"it": slow}) as server,
    ):
        replies = await asyncio.gather(*(gateway.ask("GET", "/it") for _ in range(5)))
        assert [reply.status for reply in replies] == [200] * 5
        assert server.starts["it"] == 1
        assert server.connections == 5
