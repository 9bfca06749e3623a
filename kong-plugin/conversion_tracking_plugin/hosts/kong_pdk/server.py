"""The plugin in kong-pdk's server (MsgPack:1), with the guards that it needs.

For those who run their Python plugins in that server already. docs/plugin-server.md says what it
costs and how it fails.
"""

import logging
import os
import signal
import socket
import time
from pathlib import Path
from types import ModuleType

import gevent
from gevent.event import Event
from gevent.server import StreamServer
from gevent.socket import socket as GeventSocket  # noqa: N812 - it is a class

from conversion_tracking_plugin.hosts.kong_pdk.guards import GuardedPluginServer, RpcListener
from kong_plugin_server.listening import open_unix_socket

SHUTDOWN_SECONDS = 5
PARENT_CHECK_SECONDS = 1

logger = logging.getLogger(__name__)


def dump(name: str, plugin: ModuleType | type) -> list[dict[str, object]]:
    """What Kong asks a plugin server at its start. No `Protocol` key: Kong reads MsgPack:1."""
    return [GuardedPluginServer(name, plugin).get_plugin_info(name)]


def serve(
    name: str,
    plugin: ModuleType | type,
    path: Path,
    *,
    mode: int = 0o660,
    exit_with_parent: bool = False,
) -> None:
    """Serve the plugin on a Unix socket until SIGTERM or SIGINT.

    Raises OSError where the socket cannot be made.
    """
    plugin_server = GuardedPluginServer(name, plugin)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # before anybody can see that we serve
        gevent.signal_handler(number, stopped.set)
    listener = open_unix_socket(path, mode)
    listener.publish()
    own = GeventSocket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=listener.socket.detach())
    server = StreamServer(own, RpcListener(plugin_server).handle)
    gevent.spawn(_close_when, stopped, server)
    if exit_with_parent:
        gevent.spawn(_stop_with_parent, os.getppid(), server)
    logger.info("serving plugin %s on %s", name, path)
    server.serve_forever()
    listener.remove()
    _finish_events(plugin_server)
    logger.info("stopped")


def _close_when(stopped: Event, server: StreamServer) -> None:
    stopped.wait()
    server.close()


def _finish_events(plugin_server: GuardedPluginServer) -> None:
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    while plugin_server.events and time.monotonic() < deadline:
        gevent.sleep(0.01)
    if plugin_server.events:
        logger.warning("stopped in the middle of %d requests", len(plugin_server.events))


def _stop_with_parent(parent: int, server: StreamServer) -> None:
    """Stop when the process that started this one is gone.

    Replaces kong_pdk.listener.watchdog, which stops whenever the parent is process 1: so it never
    runs under systemd, tini or docker.
    """
    while os.getppid() == parent:
        gevent.sleep(PARENT_CHECK_SECONDS)
    logger.info("the process that started this server has ended")
    server.close()
