"""Wire the gateway's parts together, run it, and take it down again."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack

from aiohttp import web

from local.gateway.balancer import Balancer
from local.gateway.errors import StartError
from local.gateway.gateway import Gateway
from local.gateway.kong_yml import load_config
from local.gateway.msgpack_rpc import MsgPackRpc
from local.gateway.pdk import PdkServices
from local.gateway.plugin_chain import configure_plugins
from local.gateway.plugin_info import PROTOBUF, PluginInfo, parse_dump
from local.gateway.plugin_process import PluginProcess, query_plugin_dump
from local.gateway.plugin_rpc import PluginRpc
from local.gateway.plugins.base import Plugin
from local.gateway.plugins.cors import Cors
from local.gateway.plugins.external import ExternalPlugin
from local.gateway.plugins.rate_limiting import RateLimiting
from local.gateway.plugins.request_size_limiting import RequestSizeLimiting
from local.gateway.plugins.request_termination import RequestTermination
from local.gateway.protobuf.rpc import ProtoBufRpc
from local.gateway.proxy import Proxy, open_session
from local.gateway.resolver import Address, Resolver
from local.gateway.router import Router
from local.gateway.server import make_server
from local.gateway.settings import PluginServerSettings, Settings

log = logging.getLogger(__name__)

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
    async with AsyncExitStack() as resources:
        plugins = await _load_plugins(settings, resources)
        chain = configure_plugins(config.plugins, plugins, environment)
        listener = _open_listener(settings)
        resources.callback(listener.close)
        await _start_plugin_servers(settings.plugin_servers, resources)
        balancer = Balancer(config.upstreams, Resolver(overrides))
        session = await resources.enter_async_context(open_session())
        gateway = Gateway(
            Router(config.routes), chain, Proxy(session, balancer), settings.address_rules
        )
        port = listener.getsockname()[1]
        await _serve(make_server(gateway, port), listener, resources)
        checks = asyncio.create_task(balancer.run_checks())
        resources.callback(checks.cancel)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        print(f"gateway ready on http://{host}:{port}", flush=True)
        await stopping.wait()


async def _load_plugins(settings: Settings, resources: AsyncExitStack) -> dict[str, Plugin]:
    plugins: dict[str, Plugin] = {}
    bundled: list[Plugin] = [
        Cors(),
        RequestSizeLimiting(),
        RateLimiting(time.time),
        RequestTermination(),
    ]
    for plugin in bundled:
        if settings.plugins and {_BUNDLED, plugin.name} & set(settings.plugins):
            plugins[plugin.name] = plugin
    services = PdkServices(
        node_id=str(uuid.uuid4()),
        hostname=socket.gethostname(),
        variables=settings.nginx_variables,
    )
    for server in settings.plugin_servers:
        info = parse_dump(query_plugin_dump(server), server.name)
        if info.name in settings.plugins:
            plugin, rpc = _connect_plugin(info, server, settings.plugin_read_timeout, services)
            resources.callback(rpc.close)
            plugins[info.name] = plugin
    missing = set(settings.plugins) - {_BUNDLED, *plugins}
    if missing:
        raise StartError(
            f"KONG_PLUGINS: {', '.join(sorted(missing))}: no plugin server offers it, and the "
            "local gateway has no such plugin of its own"
        )
    return plugins


def _connect_plugin(
    info: PluginInfo, server: PluginServerSettings, read_timeout: float, services: PdkServices
) -> tuple[ExternalPlugin, PluginRpc]:
    if info.protocol == PROTOBUF:
        protobuf = ProtoBufRpc(server.socket, read_timeout)
        return ExternalPlugin(info, protobuf, services), protobuf
    msgpack = MsgPackRpc(server.socket, read_timeout)
    plugin = ExternalPlugin(info, msgpack, services)
    msgpack.on_new_server = plugin.forget_instances
    return plugin, msgpack


def _open_listener(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
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


async def _start_plugin_servers(
    servers: tuple[PluginServerSettings, ...], resources: AsyncExitStack
) -> None:
    for server in servers:
        process = PluginProcess(server)
        resources.push_async_callback(process.stop)
        await process.start()


async def _serve(server: web.Server, listener: socket.socket, resources: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    serving = await loop.create_server(server, sock=listener, backlog=1024)

    async def finish() -> None:
        # Stop taking connections, let running requests end, then close the rest.
        serving.close()
        server.pre_shutdown()
        await server.shutdown(_SHUTDOWN_SECONDS)

    resources.push_async_callback(finish)
