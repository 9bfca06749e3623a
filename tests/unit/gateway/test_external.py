"""How requests share an instance of an external plugin, and what they do when it fails."""

import asyncio
from dataclasses import dataclass, field

import pytest

from local.gateway.config.dump import PluginInfo
from local.gateway.errors import PluginFailedError
from local.gateway.plugin_rpc import PdkCall, RpcError
from local.gateway.plugins import external
from local.gateway.plugins.external import ExternalPlugin
from tests.unit.gateway.exchanges import make_exchange

CONFIG = {"__plugin_id": "one"}


@dataclass
class ScriptedRpc:
    """Fails with these errors, one a call; gives instance ids from 1."""

    start_errors: list[Exception] = field(default_factory=list)
    event_errors: list[Exception] = field(default_factory=list)
    fails_open: bool = False
    lost_instance_marks: tuple[str, ...] = ("closed",)
    starts: int = 0
    events: list[int] = field(default_factory=list)

    async def start_instance(self, name: str, config_json: str) -> int:
        self.starts += 1
        await asyncio.sleep(0.01)
        if self.start_errors:
            raise self.start_errors.pop(0)
        return self.starts

    async def handle_event(self, instance_id: int, phase: str, execute: PdkCall) -> None:
        self.events.append(instance_id)
        if self.event_errors:
            raise self.event_errors.pop(0)

    def close(self) -> None:
        """Nothing to close."""


def make_plugin(rpc: ScriptedRpc) -> ExternalPlugin:
    info = PluginInfo("ProtoBuf:1", "probe", 1, {})
    return ExternalPlugin(info, rpc, {})


async def test_concurrent_requests_start_one_instance() -> None:
    rpc = ScriptedRpc()
    plugin = make_plugin(rpc)
    await asyncio.gather(*(plugin.access(make_exchange(), CONFIG) for _ in range(5)))
    assert (rpc.starts, rpc.events) == (1, [1] * 5)


async def test_a_request_that_waited_for_a_failed_start_tries_itself() -> None:
    rpc = ScriptedRpc(start_errors=[RpcError("connection refused")])
    plugin = make_plugin(rpc)
    requests = [plugin.access(make_exchange(), CONFIG) for _ in range(3)]
    failures = await asyncio.gather(*requests, return_exceptions=True)
    assert [str(failure) for failure in failures] == [
        "starting instance: connection refused",
        "None",
        "None",
    ]
    assert (rpc.starts, rpc.events) == (2, [2, 2])


async def test_a_lost_instance_is_started_again_and_the_event_repeated() -> None:
    rpc = ScriptedRpc(event_errors=[RpcError("Closed"), RpcError("closed")])
    await make_plugin(rpc).access(make_exchange(), CONFIG)
    assert (rpc.starts, rpc.events) == (3, [1, 2, 3])


@pytest.mark.parametrize("fails_open", [True, False])
async def test_the_protocol_says_whether_a_failed_event_lets_the_request_through(
    fails_open: bool,
) -> None:
    rpc = ScriptedRpc(event_errors=[RpcError("timeout")], fails_open=fails_open)
    access = make_plugin(rpc).access(make_exchange(), CONFIG)
    if fails_open:
        await access
        return
    with pytest.raises(PluginFailedError, match="pluginserver error: timeout"):
        await access


async def test_a_start_that_kong_stumbles_over_blocks_the_next_request_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In Kong for 10 seconds: its Lua error leaves the claim behind."""
    monkeypatch.setattr(external, "_CLAIM_SECONDS", 0.05)
    rpc = ScriptedRpc(start_errors=[PluginFailedError("assertion failed!")])
    plugin = make_plugin(rpc)
    with pytest.raises(PluginFailedError, match="assertion failed"):
        await plugin.access(make_exchange(), CONFIG)
    with pytest.raises(
        PluginFailedError, match=r"Could not claim instance_id for probe \(key: one"
    ):
        await plugin.access(make_exchange(), CONFIG)
    assert rpc.starts == 1
    await plugin.access(make_exchange(), CONFIG)
    assert (rpc.starts, rpc.events) == (2, [2])


async def test_a_lost_instance_leaves_the_start_of_another_alone() -> None:
    rpc = ScriptedRpc(event_errors=[RpcError("closed")])
    plugin = make_plugin(rpc)
    starting = asyncio.create_task(plugin.access(make_exchange(), {"__plugin_id": "two"}))
    await asyncio.gather(plugin.access(make_exchange(), CONFIG), starting)
    assert (rpc.starts, len(rpc.events)) == (3, 3)
