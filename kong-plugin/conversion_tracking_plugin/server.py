"""The command `conversion-tracking-plugin`: the process that Kong talks to.

`--dump` prints what Kong must know about the plugin (Kong's query command); `--socket PATH` serves
it (Kong's start command, or a manager outside Kong). docs/kong.md has the lines of kong.conf.
"""

import argparse
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event
from gevent.server import StreamServer
from gevent.socket import socket as GeventSocket  # noqa: N812 - it is a class

from conversion_tracking_plugin import plugin as conversion_tracking
from kong_plugin_server.listening import open_unix_socket, remove_socket
from kong_plugin_server.log import log_to_stderr

if TYPE_CHECKING:
    from conversion_tracking_plugin.guards import GuardedPluginServer

SHUTDOWN_SECONDS = 5
PARENT_CHECK_SECONDS = 1

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code: 0, or 1 after one line that says what is wrong."""
    options = _parse_arguments(arguments)
    log_to_stderr()
    try:
        if options.dump:
            sys.stdout.write(json.dumps(dump(conversion_tracking.NAME, conversion_tracking)))
            return 0
        serve(
            conversion_tracking.NAME,
            conversion_tracking,
            options.socket,
            mode=options.socket_mode,
            exit_with_parent=options.exit_with_parent,
        )
    except (OSError, MissingKongPdkError) as problem:
        logger.error("%s", problem)  # noqa: TRY400 - a user's mistake needs no traceback
        return 1
    return 0


class MissingKongPdkError(Exception):
    """kong-pdk is not installed; it needs Python 3.11, because its setup.py imports `imp`."""


def dump(name: str, plugin: ModuleType | type) -> list[dict[str, object]]:
    """What Kong asks a plugin server at its start. No `Protocol` key: Kong reads MsgPack:1."""
    return [_guarded_server(name, plugin).get_plugin_info(name)]


def serve(
    name: str,
    plugin: ModuleType | type,
    path: Path,
    *,
    mode: int = 0o660,
    exit_with_parent: bool = False,
) -> None:
    """Serve the plugin on a Unix socket until SIGTERM or SIGINT.

    Raises OSError where the socket cannot be made, and MissingKongPdkError.
    """
    from conversion_tracking_plugin.guards import RpcListener  # noqa: PLC0415 - needs kong-pdk

    plugin_server = _guarded_server(name, plugin)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # before anybody can see that we serve
        gevent.signal_handler(number, stopped.set)
    listening = open_unix_socket(path, mode).detach()
    own_inode = path.stat().st_ino
    own = GeventSocket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=listening)
    server = StreamServer(own, RpcListener(plugin_server).handle)
    gevent.spawn(_close_when, stopped, server)
    if exit_with_parent:
        gevent.spawn(_stop_with_parent, os.getppid(), server)
    logger.info("serving plugin %s on %s", name, path)
    server.serve_forever()
    remove_socket(path, own_inode)
    _finish_events(plugin_server)
    logger.info("stopped")


def _close_when(stopped: Event, server: StreamServer) -> None:
    stopped.wait()
    server.close()


def _finish_events(plugin_server: "GuardedPluginServer") -> None:
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


def _guarded_server(name: str, plugin: ModuleType | type) -> "GuardedPluginServer":
    try:
        from conversion_tracking_plugin.guards import GuardedPluginServer  # noqa: PLC0415 - below
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "kong_pdk":
            raise
        raise MissingKongPdkError(
            "kong-pdk is not installed. It installs on Python 3.11 only (this is"
            f" {sys.version_info.major}.{sys.version_info.minor}): run the plugin server there."
        ) from missing
    return GuardedPluginServer(name, plugin)


def _parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="conversion-tracking-plugin",
        description="Plugin server for Kong: CORS and signed client addresses.",
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument(
        "--dump", action="store_true", help="print the plugin's description for Kong, and exit"
    )
    task.add_argument("--socket", type=Path, metavar="PATH", help="serve on this Unix socket")
    parser.add_argument(
        "--socket-mode",
        type=lambda text: int(text, 8),
        default=0o660,
        metavar="OCTAL",
        help="permissions of the socket; Kong must be able to write to it (default: 660)",
    )
    parser.add_argument(
        "--exit-with-parent",
        action="store_true",
        help="stop when the process that started this server ends; for Kong's start command",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
