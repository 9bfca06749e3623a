"""A plugin that runs in a plugin server (kong/runloop/plugin_servers/plugin.lua)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from local.gateway import pdk
from local.gateway.config.dump import PluginInfo
from local.gateway.config.schema import Field, named_fields
from local.gateway.errors import PluginFailedError
from local.gateway.exchange import Exchange
from local.gateway.plugin_rpc import PluginRpc, RpcError
from local.gateway.plugins.base import PluginConfig

log = logging.getLogger(__name__)

# How long Kong lets a request wait for an instance that another request is starting.
_CLAIM_SECONDS = 10.0


class ExternalPlugin:
    """Starts one instance for each configuration, and passes phases to it."""

    def __init__(self, info: PluginInfo, rpc: PluginRpc, variables: Mapping[str, str]) -> None:
        self._info = info
        self._rpc = rpc
        self._variables = variables
        # By the configuration's id: an instance, or the claim of a request that starts one.
        # A claim that ends with None has failed: some other request may try.
        self._instances: dict[str, asyncio.Future[int | None]] = {}

    @property
    def name(self) -> str:
        """The name in the dump."""
        return self._info.name

    @property
    def priority(self) -> int:
        """The priority in the dump."""
        return self._info.priority

    @property
    def config_schema(self) -> Field:
        """The record ``config`` of the dump's schema."""
        return {**named_fields(self._info.schema)["config"], "required": True}

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Run the plugin's access phase.

        Over MsgPack:1 a server that fails in the middle, or is down while its instance is
        known, lets the request through without the plugin, as in Kong. Raises
        PluginFailedError, answered with 500, when it does so over ProtoBuf:1, when the
        instance cannot be started, or when a PDK call fails.
        """

        async def execute(method: str, arguments: list[Any]) -> Any:
            return await pdk.call(method, arguments, exchange, self._variables)

        while True:
            try:
                instance_id = await self._find_instance(config)
                await self._rpc.handle_event(instance_id, "access", execute)
            except RpcError as error:
                if self._has_lost_instance(error):
                    log.warning("[%s] %s", self.name, error)
                    self._forget_instances()
                    continue
                if not self._rpc.fails_open:
                    raise PluginFailedError(f"pluginserver error: {error}") from error
                log.error("[%s] %s", self.name, error)  # noqa: TRY400 (expected, no traceback)
            return

    def _forget_instances(self) -> None:
        # A start under way goes on.
        self._instances = {key: claim for key, claim in self._instances.items() if not claim.done()}

    def _has_lost_instance(self, error: RpcError) -> bool:
        return any(mark in str(error).lower() for mark in self._rpc.lost_instance_marks)

    async def _find_instance(self, config: PluginConfig) -> int:
        key = config["__plugin_id"]
        while (claim := self._instances.get(key)) is not None:
            instance_id = await self._wait_for(claim, key)
            if instance_id is not None:
                return instance_id
        claim = self._instances[key] = asyncio.get_running_loop().create_future()
        try:
            instance_id = await self._rpc.start_instance(self.name, json.dumps(config))
        except RpcError as error:
            self._instances.pop(key, None)
            claim.set_result(None)
            raise PluginFailedError(f"starting instance: {error}") from error
        # Where an answer makes Kong's Lua code stumble, nobody takes the claim back: later
        # requests wait for it in vain.
        claim.set_result(instance_id)
        return instance_id

    async def _wait_for(self, claim: asyncio.Future[int | None], key: str) -> int | None:
        try:
            async with asyncio.timeout(_CLAIM_SECONDS):
                return await asyncio.shield(claim)
        except TimeoutError as error:
            self._instances.pop(key, None)
            raise RpcError(f"Could not claim instance_id for {self.name} (key: {key})") from error
