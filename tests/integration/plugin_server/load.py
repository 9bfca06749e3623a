"""Requests from several threads, as Kong makes them of what the plugin server does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.plugin_server.kong import ClosedError, Event, Kong, Request
from tests.integration.plugin_server.running import wait_until

THREADS = 6
WAIT_SECONDS = 0.005
RETRY_SECONDS = 0.01  # until a client whose request failed sends the next


class Started:
    """The instance that a Kong worker has started, for all of its requests.

    One request starts it, and the others wait for that (plugin.lua, get_instance_id).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instance: int | None = None
        self.all: list[int] = []

    def get(self, kong: SharedKong) -> int:
        """The instance; while another request starts it, Kong closes what the server ended."""
        while not self._lock.acquire(timeout=WAIT_SECONDS):
            kong.drop_closed()
        try:
            if self._instance is None:
                self._instance = kong.start_configured()
                self.all.append(self._instance)
            return self._instance
        finally:
            self._lock.release()

    def forget(self, instance: int) -> None:
        with self._lock:
            if self._instance == instance:
                self._instance = None


class SharedKong(Kong):
    """One connection of a Kong worker, which repeats as Kong does.

    Only a connection that the server ended in order makes Kong start the instance again and
    repeat the event. A reset, a refused connection or a broken pipe is a 500, and so is a
    connection that ends while the instance is started (pb_rpc.lua, plugin.lua).
    """

    def __init__(self, path: Path, request: Request, config: Any, started: Started) -> None:
        super().__init__(path, request)
        self._config = config
        self._started = started

    def start_configured(self) -> int:
        """Start the instance of this Kong's configuration."""
        return self.start_instance(self._config)

    def serve(self) -> Event:
        """One request. Raises what Kong answers with a 500."""
        while True:
            instance = self._started.get(self)
            try:
                return self.run(instance)
            except ClosedError:
                self._started.forget(instance)


@dataclass
class Load:
    """What became of the requests."""

    answers: list[Event] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    kongs: list[SharedKong] = field(default_factory=list)
    workers: list[Started] = field(default_factory=list)
    longest: float = 0.0
    """Seconds that a client went without an answer, which tried again where a request failed."""

    def wait_for_more(self, count: int = 300) -> None:
        """Until so many requests more were served."""
        enough = len(self.answers) + count
        wait_until(lambda: len(self.answers) >= enough)

    def serve(self, kong: SharedKong, stopped: threading.Event) -> None:
        """One request, again and again until it is answered."""
        began_at = time.monotonic()
        while not stopped.is_set():
            try:
                self.answers.append(kong.serve())
            except Exception as problem:  # noqa: BLE001  # each of them is a failed request
                self.failures.append(problem)
                stopped.wait(RETRY_SECONDS)
            else:
                self.longest = max(self.longest, time.monotonic() - began_at)
                return


@contextmanager
def under_load(
    path: Path, request: Request, config: Any, kong_workers: int = THREADS
) -> Iterator[Load]:
    """Requests without a pause on several connections, until the block ends."""
    load = Load(workers=[Started() for _ in range(kong_workers)])
    load.kongs = [
        SharedKong(path, request, config, load.workers[number % kong_workers])
        for number in range(THREADS)
    ]
    stopped = threading.Event()

    def serve(kong: SharedKong) -> None:
        while not stopped.is_set():
            load.serve(kong, stopped)

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
