"""The order of the phases, and what a client that goes away interrupts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from multidict import CIMultiDict

from local.gateway.balancer import Balancer
from local.gateway.client_address import AddressRules
from local.gateway.config import PluginEntry
from local.gateway.exchange import Exchange
from local.gateway.gateway import Gateway
from local.gateway.plugin_chain import ConfiguredPlugin, PluginChain
from local.gateway.plugins.base import PluginConfig
from local.gateway.proxy import Proxy, open_session
from local.gateway.resolver import Resolver
from local.gateway.router import Router
from local.gateway.schema import Field
from tests.unit.gateway.exchanges import make_exchange, make_route
from tests.waiting import BUSY_SECONDS


class SlowPlugin:
    """Takes its time in access, and says when it is through."""

    name = "slow"
    priority = 1
    config_schema: Field = {"type": "record", "fields": []}  # noqa: RUF012 (a constant)

    def __init__(self) -> None:
        self.finished = asyncio.Event()

    def find_config_errors(self, config: PluginConfig) -> list[str]:
        return []

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        await asyncio.sleep(0.05)
        self.finished.set()

    def header_filter(
        self, exchange: Exchange, config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        headers["X-Filtered"] = "1"


@pytest.fixture
def plugin() -> SlowPlugin:
    return SlowPlugin()


@pytest_asyncio.fixture
async def gateway(plugin: SlowPlugin) -> AsyncIterator[Gateway]:
    entry = PluginEntry("p", "slow", None, None, None, enabled=True, config={}, path="plugins[0]")
    async with open_session() as session:
        yield Gateway(
            Router([make_route(paths=("/routed",))]),
            PluginChain([ConfiguredPlugin(plugin, entry, {})]),
            Proxy(session, Balancer((), Resolver({}))),
            AddressRules(),
        )


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
async def test_header_filters_run_on_kongs_own_answers_of_a_route(
    gateway: Gateway, plugin: SlowPlugin, path: str, status: int, ran: bool
) -> None:
    reply = await gateway.answer(make_exchange("GET", path).request)
    assert reply.status == status
    assert ("X-Filtered" in reply.headers) is ran
    assert plugin.finished.is_set() is ran
