"""What each way to restart a plugin server costs: the figures of docs/plugin-server.md.

Run by hand: `python -m tests.integration.plugin_server.restart_costs [TIMES]`. Six connections of
two Kong workers send events without a pause; a client whose request failed waits 10 ms.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.integration.plugin_server import running
from tests.integration.plugin_server.checks import ECHO, NUMBER
from tests.integration.plugin_server.load import Load, under_load
from tests.integration.plugin_server.running import Server, wait_until
from tests.processes import is_running

TIMES = 10
# A worker that dies within a second is replaced a second later.
LEAST_REQUESTS = 4_000

# Restarts a server on this socket, which is None where the server opens its own.
Way = Callable[[Server, Sequence[str], socket.socket | None], Server]


def kill_worker(server: Server, _: Sequence[str], __: socket.socket | None) -> Server:
    """One worker, with -9."""
    workers = server.workers()
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: len(server.workers()) == len(workers) and server.workers() != workers)
    return server


def reload(server: Server, _: Sequence[str], __: socket.socket | None) -> Server:
    """SIGHUP."""
    old, count = server.workers(), server.log.count("reloaded")
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: server.log.count("reloaded") > count)
    assert not any(map(is_running, old))
    return server


def take_over(server: Server, options: Sequence[str], held: socket.socket | None) -> Server:
    """The new server first."""
    new = running.start(server.directory, *options, handed_over=held)
    server.stop()
    return new


def stop_and_start(server: Server, options: Sequence[str], held: socket.socket | None) -> Server:
    """SIGTERM, then the new server."""
    server.stop()
    return running.start(server.directory, *options, handed_over=held)


def kill_and_start(server: Server, options: Sequence[str], held: socket.socket | None) -> Server:
    """The supervisor with -9, then the new server."""
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()
    return running.start(server.directory, *options, handed_over=held)


def measure(way: Way, options: Sequence[str], *, is_handed_over: bool, times: int) -> Load:
    """A load during which a server is restarted so often."""
    with tempfile.TemporaryDirectory(prefix="ct-") as name, socket.socket(socket.AF_UNIX) as held:
        if is_handed_over:
            held.bind(f"{name}/plugin.sock")
            held.listen(4096)
        hand = held if is_handed_over else None
        server = running.start(Path(name), *options, handed_over=hand)
        with under_load(server.socket, NUMBER, ECHO, kong_workers=2) as load:
            for _ in range(times):
                load.wait_for_more(LEAST_REQUESTS)
                server = way(server, options, hand)
            load.wait_for_more(LEAST_REQUESTS)
        running.end(server)
        return load


def main() -> None:
    """Print a line for each way."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    ways = (kill_worker, reload, take_over, stop_and_start, kill_and_start)
    for workers, way, is_handed_over in itertools.product((1, 2), ways, (False, True)):
        options = ("--workers", str(workers))
        load = measure(way, options, is_handed_over=is_handed_over, times=times)
        kinds = Counter(map(repr, load.failures))
        sys.stdout.write(
            f"{workers} {way.__name__:15} {'handed over' if is_handed_over else 'own socket':11}"
            f" {times} times: {len(load.failures)} of {len(load.answers)} failed,"
            f" longest {load.longest:.2f} s, {dict(kinds) or ''}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
