"""Wire the gateway's parts together, run it, and take it down again."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

from aiohttp import web

from local.gateway.config.dump import PROTOBUF, query_plugin
from local.gateway.config.kong_yml import load_config
from local.gateway.config.settings import Settings
from local.gateway.errors import StartError
from local.gateway.gateway import Gateway
from local.gateway.msgpack_rpc import MsgPackRpc
from local.gateway.plugin_rpc import PluginRpc
from local.gateway.plugins.base import Plugin
from local.gateway.plugins.chain import configure_plugins
from local.gateway.plugins.external import ExternalPlugin
from local.gateway.plugins.rate_limiting import RateLimiting
from local.gateway.plugins.request_size_limiting import RequestSizeLimiting
from local.gateway.plugins.request_termination import RequestTermination
from local.gateway.protobuf.rpc import ProtoBufRpc
from local.gateway.proxying.proxy import Proxy, open_session
from local.gateway.proxying.router import Router
from local.gateway.proxying.targets import Address, find_targets
from local.gateway.server import make_server

_BUNDLED = "bundled"
_SHUTDOWN_SECONDS = 5.0


async def run(
    settings: Settings, environment: Mapping[str, str], overrides: Mapping[Address, Address]
) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    config = load_config(settings.config_path)
    targets = find_targets(config, overrides)
    async with AsyncExitStack() as resources:
        plugins = _load_plugins(settings, resources)
        chain = configure_plugins(config.plugins, plugins, environment)
        listener = _open_listener(settings)
        resources.callback(listener.close)
        session = await resources.enter_async_context(open_session())
        gateway = Gateway(Router(config.routes), chain, Proxy(session, targets))
        port = listener.getsockname()[1]
        await _serve(make_server(gateway, port), listener, resources)
        print(f"gateway ready on http://{settings.host}:{port}", flush=True)
        await stopping.wait()


def _load_plugins(settings: Settings, resources: AsyncExitStack) -> dict[str, Plugin]:
    plugins: dict[str, Plugin] = {}
    if _BUNDLED in settings.plugins:
        bundled = (RequestSizeLimiting(), RateLimiting(time.time), RequestTermination())
        plugins = {plugin.name: plugin for plugin in bundled}
    for server in settings.plugin_servers:
        info = query_plugin(server)
        if info.name in settings.plugins:
            kind = ProtoBufRpc if info.protocol == PROTOBUF else MsgPackRpc
            rpc: PluginRpc = kind(server.socket, settings.plugin_read_timeout)
            resources.callback(rpc.close)
            plugins[info.name] = ExternalPlugin(info, rpc, settings.nginx_variables)
    missing = set(settings.plugins) - {_BUNDLED, *plugins}
    if missing:
        raise StartError(
            f"KONG_PLUGINS: {', '.join(sorted(missing))}: no plugin server offers it, and the "
            "local gateway has no such plugin of its own"
        )
    return plugins


def _open_listener(settings: Settings) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; choose "
            "another with --listen or KONG_PROXY_LISTEN"
        ) from error
    return listener


async def _serve(server: web.Server, listener: socket.socket, resources: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    serving = await loop.create_server(server, sock=listener, backlog=1024)

    async def finish() -> None:
        # Stop taking connections, let running requests end, then close the rest.
        serving.close()
        server.pre_shutdown()
        await server.shutdown(_SHUTDOWN_SECONDS)

    resources.push_async_callback(finish)
