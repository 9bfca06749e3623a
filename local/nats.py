"""Servers of the queue on this machine: a real cluster of NATS with JetStream, from a package."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from local.processes import Child, LocalSystemError, free_port, start_child, stop_child, wait_until

PROGRAM = str(Path(sys.executable).parent / "nats-server")
CLUSTER = "conversion-tracking"
# Two accounts: the queue's own, and the one that is told how the servers are set.
USER, SYSTEM_USER, PASSWORD = "ct", "system", "on-loopback-alone"  # no secret

CONFIG = """
server_name: {name}
listen: 127.0.0.1:{port}
http: 127.0.0.1:{health_port}
jetstream {{
  store_dir: "{store}"
  max_file_store: {max_file_store}
  max_memory_store: 67108864
  sync_interval: "{sync_interval}"
}}
cluster {{
  name: {cluster}
  listen: 127.0.0.1:{cluster_port}
  routes: [{routes}]
}}
accounts {{
  SYS: {{ users: [{{ user: {system_user}, password: {password} }}] }}
  CT: {{ jetstream: enabled, users: [{{ user: {user}, password: {password} }}] }}
}}
system_account: SYS
"""


class NatsServer:
    """One server, which may be stopped, killed, wiped and started again on its ports."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.port, self.cluster_port, self.health_port = free_port(), free_port(), free_port()
        self.store = folder / name
        self._config = folder / f"{name}.conf"
        self._log_folder = folder / "log"
        self._child: Child | None = None

    def configure(self, peers: Sequence[NatsServer], sync_interval: str, max_bytes: int) -> None:
        """Write its configuration as one of these peers."""
        routes = ", ".join(f"nats://127.0.0.1:{peer.cluster_port}" for peer in peers)
        text = CONFIG.format(
            name=self.name,
            port=self.port,
            health_port=self.health_port,
            cluster_port=self.cluster_port,
            store=self.store,
            max_file_store=max_bytes,
            sync_interval=sync_interval,
            cluster=CLUSTER,
            routes=routes,
            system_user=SYSTEM_USER,
            user=USER,
            password=PASSWORD,
        )
        self._config.write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Start it, and return before it is ready."""
        command = [PROGRAM, "-c", str(self._config)]
        self._child = start_child(self.name, command, {}, self._log_folder)

    @property
    def child(self) -> Child:
        """Its process. Raises LocalSystemError where it was never started."""
        if self._child is None:
            raise LocalSystemError(f"{self.name} was not started")
        return self._child

    def wait(self) -> None:
        """Return when it is in step with the others. Raises LocalSystemError where it is not."""
        wait_until(self.is_healthy, self.child)

    def is_healthy(self) -> bool:
        """Whether it says that its streams and consumers are up to date."""
        with suppress(URLError, OSError):
            urlopen(f"http://127.0.0.1:{self.health_port}/healthz", timeout=2).close()  # loopback
            return True
        return False

    def stop(self) -> None:
        """SIGTERM: it hands over what it leads, and ends."""
        if self._child is not None:
            stop_child(self._child)

    def signal(self, signum: signal.Signals) -> None:
        """Any signal; SIGKILL is waited for."""
        self.child.process.send_signal(signum)
        if signum == signal.SIGKILL:
            self.child.process.wait()

    def wipe(self) -> None:
        """Its disk is lost. It must not run."""
        shutil.rmtree(self.store)


class NatsCluster:
    """The servers, and how to reach them."""

    def __init__(self, servers: Sequence[NatsServer]) -> None:
        self.servers = servers

    @property
    def url(self) -> str:
        """All addresses, for the queue's user."""
        return self._urls(USER)

    @property
    def system_url(self) -> str:
        """All addresses, for a user of the system account."""
        return self._urls(SYSTEM_USER)

    def server(self, name: str) -> NatsServer:
        """The one of this name."""
        return next(server for server in self.servers if server.name == name)

    def _urls(self, user: str) -> str:
        return ",".join(f"nats://{user}:{PASSWORD}@127.0.0.1:{s.port}" for s in self.servers)


@contextmanager
def run_nats(
    folder: Path, count: int = 3, *, sync_interval: str = "always", max_bytes: int = 10**10
) -> Iterator[NatsCluster]:
    """A cluster of so many servers for as long as the block runs; their files stay.

    Raises LocalSystemError where one does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    servers = [NatsServer(f"nats-{number + 1}", folder) for number in range(count)]
    try:
        for server in servers:
            server.configure(servers, sync_interval, max_bytes)
            server.start()
        for server in servers:
            server.wait()
        yield NatsCluster(servers)
    finally:
        for server in servers:
            server.stop()
