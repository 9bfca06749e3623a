"""A plugin that runs in a plugin server (kong/runloop/plugin_servers/plugin.lua)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from multidict import CIMultiDict

from local.gateway import pdk
from local.gateway.errors import PluginFailedError
from local.gateway.exchange import Exchange
from local.gateway.msgpack_rpc import MsgPackRpc, RpcError
from local.gateway.plugin_info import PluginInfo
from local.gateway.plugins.base import PluginConfig
from local.gateway.schema import Field, named_fields

log = logging.getLogger(__name__)

# How long Kong lets a request wait for an instance that another request is starting.
_CLAIM_SECONDS = 10.0


class ExternalPlugin:
    """Starts one instance for each configuration, and passes phases to it."""

    def __init__(self, info: PluginInfo, rpc: MsgPackRpc, services: pdk.PdkServices) -> None:
        self._info = info
        self._rpc = rpc
        self._services = services
        self._instances: dict[str, int] = {}
        self._claims: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        rpc.on_new_server = self._instances.clear

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

    def find_config_errors(self, config: PluginConfig) -> list[str]:
        """The schema says it all."""
        return []

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Run the plugin's access phase.

        A server that fails in the middle, or is down while its instance is known, lets the
        request through without the plugin, as in Kong. Raises PluginFailedError, answered
        with 500, when the instance cannot be started or a PDK call fails.
        """
        if "access" not in self._info.phases:
            return

        async def execute(method: str, arguments: list[Any]) -> Any:
            return await pdk.call(method, arguments, exchange, self._services)

        while True:
            try:
                instance_id = await self._find_instance(config)
                await self._rpc.handle_event(instance_id, "access", execute)
            except RpcError as error:
                if "no plugin instance" not in str(error).lower():
                    log.error("[%s] %s", self.name, error)  # noqa: TRY400 (expected, no traceback)
                    return
                log.warning("[%s] %s", self.name, error)
                self._instances.clear()
            else:
                return

    def header_filter(
        self, exchange: Exchange, config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        """External plugins have no header_filter phase."""

    async def _find_instance(self, config: PluginConfig) -> int:
        key = config["__plugin_id"]
        try:
            async with asyncio.timeout(_CLAIM_SECONDS):
                await self._claims[key].acquire()
        except TimeoutError as error:
            raise RpcError(f"Could not claim instance_id for {self.name} (key: {key})") from error
        try:
            if key not in self._instances:
                self._instances[key] = await self._start_instance(config)
            return self._instances[key]
        finally:
            self._claims[key].release()

    async def _start_instance(self, config: Mapping[str, Any]) -> int:
        try:
            return await self._rpc.start_instance(self.name, json.dumps(config))
        except RpcError as error:
            raise PluginFailedError(f"starting instance: {error}") from error
