"""Requests from several threads, as Kong makes them of what the plugin server does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.plugin_server.kong import ClosedError, Event, Kong, Request
from tests.integration.plugin_server.running import wait_until

THREADS = 6


class SharedKong(Kong):
    """One Kong worker: it knows the instance of its configuration, and repeats as Kong does.

    Only a connection that the server ended in order makes Kong start the instance again and
    repeat the event. A reset, a refused connection or a broken pipe is a 500, and so is a
    connection that ends while the instance is started (pb_rpc.lua, plugin.lua).
    """

    def __init__(self, path: Path, request: Request, config: Any) -> None:
        super().__init__(path, request)
        self._config = config
        self.instance: int | None = None
        self.instances: list[int] = []

    def serve(self) -> Event:
        """One request. Raises what Kong answers with a 500."""
        while True:
            if self.instance is None:
                self.instance = self.start_instance(self._config)
                self.instances.append(self.instance)
            try:
                return self.run(self.instance)
            except ClosedError:
                self.instance = None


@dataclass
class Load:
    """What became of the requests."""

    answers: list[Event] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    kongs: list[SharedKong] = field(default_factory=list)

    def wait_for_more(self, count: int = 300) -> None:
        """Until so many requests more were served."""
        enough = len(self.answers) + count
        wait_until(lambda: len(self.answers) >= enough or self.failures)


@contextmanager
def under_load(path: Path, request: Request, config: Any) -> Iterator[Load]:
    """Requests without a pause on several connections, until the block ends."""
    load = Load(kongs=[SharedKong(path, request, config) for _ in range(THREADS)])
    stopped = threading.Event()

    def serve(kong: SharedKong) -> None:
        while not stopped.is_set():
            try:
                load.answers.append(kong.serve())
            except Exception as problem:  # noqa: BLE001  # each of them is a failed request
                load.failures.append(problem)
                return

    threads = [threading.Thread(target=serve, args=[kong]) for kong in load.kongs]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
        for kong in load.kongs:
            kong.close()
