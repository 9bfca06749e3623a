"""The order of the phases, and what a client that goes away interrupts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from local.gateway.config.schema import Field, record
from local.gateway.config.types import PluginEntry
from local.gateway.exchange import Exchange
from local.gateway.gateway import Gateway
from local.gateway.plugins.base import PluginConfig
from local.gateway.plugins.chain import ConfiguredPlugin, PluginChain
from local.gateway.proxying.proxy import Proxy, open_session
from local.gateway.proxying.router import Router
from tests.unit.gateway.exchanges import make_exchange, make_route
from tests.waiting import BUSY_SECONDS


class SlowPlugin:
    """Takes its time in access, and says when it is through."""

    name = "slow"
    priority = 1
    config_schema: Field = record()

    def __init__(self) -> None:
        self.finished = asyncio.Event()

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        await asyncio.sleep(0.05)
        exchange.response_headers["X-Slow"] = "1"
        self.finished.set()


@pytest.fixture
def plugin() -> SlowPlugin:
    return SlowPlugin()


@pytest_asyncio.fixture
async def gateway(plugin: SlowPlugin) -> AsyncIterator[Gateway]:
    entry = PluginEntry("p", "slow", {}, {}, "routes[0].plugins[0]")
    route = make_route(paths=("/routed",), plugins=(entry,), service=None)
    async with open_session() as session:
        chain = PluginChain({"p": ConfiguredPlugin(plugin, {})})
        yield Gateway(Router([route]), chain, Proxy(session, {}))


async def test_a_plugin_is_not_interrupted_when_the_client_goes_away(
    gateway: Gateway, plugin: SlowPlugin
) -> None:
    answering = asyncio.create_task(gateway.answer(make_exchange("GET", "/routed").request))
    await asyncio.sleep(0.01)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    async with asyncio.timeout(BUSY_SECONDS):
        await plugin.finished.wait()


@pytest.mark.parametrize(("path", "status", "ran"), [("/routed", 503, True), ("/x", 404, False)])
async def test_plugins_run_where_a_route_matches(
    gateway: Gateway, plugin: SlowPlugin, path: str, status: int, ran: bool
) -> None:
    reply = await gateway.answer(make_exchange("GET", path).request)
    assert reply.status == status
    assert ("X-Slow" in reply.headers) is ran
    assert plugin.finished.is_set() is ran
