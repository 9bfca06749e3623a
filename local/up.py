"""The whole system on one machine: Postgres, collector, plugin server, gateway, demo, dashboard."""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from local.cluster import COLLECTOR_OPTIONS, COMMAND, KeptPart, LocalQueue
from local.history.fill import HistoryError, fill_history
from local.history.traffic import Traffic
from local.origins import allow_origin
from local.pair import run_pair
from local.postgres import database_url, psql_path, run_postgres
from local.processes import (
    Child,
    LocalSystemError,
    accepts_connections,
    refuse_ended,
    refuse_taken_port,
    start_child,
    stop_child,
    wait_until,
)

KONG_YML = Path(__file__).with_name("kong.yml")
USAGE = Path(__file__).with_name("usage.txt")
BIN = Path(sys.executable).parent
# A module of ours; -P: whatever the folder has that the command was called in.
MODULE = (sys.executable, "-P", "-m")
WATCH_SECONDS = 0.5
TRAFFIC_EVENTS_A_DAY = 1_500
# From when on made-up traffic no longer reaches up to now.
OLD_TRAFFIC = timedelta(days=1)

# docs/kong.md, "One read instead of two".
REQUEST_VARIABLE = (
    '$ct_request "$kong_request_id $request_method $remote_addr $http_origin '
    "$http_access_control_request_method $http_access_control_request_private_network "
    '$http_access_control_request_headers $kong_request_id $http_connection"'
)

PLUGIN_SERVER = (str(BIN / "conversion-tracking-plugin"),)
PLUGIN_SERVER_OF_KONG_PDK = (str(BIN / "conversion-tracking-plugin-kong-pdk"),)


@dataclass(frozen=True, slots=True)
class Ports:
    """Which ports of the loopback address the parts take."""

    gateway: int
    collector: int
    demo: int
    dashboard: int

    def refuse_taken(self) -> None:
        """Raises LocalSystemError if something listens on one of them already."""
        refuse_taken_port(self.gateway, "--gateway-port")
        refuse_taken_port(self.collector, "--collector-port")
        refuse_taken_port(self.demo, "--demo-port")
        refuse_taken_port(self.dashboard, "--dashboard-port")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of a running system are."""

    demo_url: str
    gateway_url: str
    collector_url: str
    dashboard_url: str
    dashboard_token: str
    database_url: str
    psql: Path


def up(ports: Ports, data: Path, traffic_days: int, with_queue: bool) -> None:
    """Start everything, say how to use it, and run until Ctrl-C or SIGTERM.

    With traffic_days an empty database gets so many days of made-up traffic before. With a queue
    before Postgres, parts of it that are killed are started again.

    Raises LocalSystemError where a port is taken or a part does not come up.
    """
    stopped = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda *_: stopped.set())

    def fill(url: str) -> None:
        if traffic_days:
            make_traffic(url, traffic_days, stopped)

    with ExitStack() as stack:
        addresses, children, kept = start_system(stack, ports, data.resolve(), fill, with_queue)
        print(usage(addresses, data), flush=True)
        if kept:
            print(usage_of_kept(kept), flush=True)
        while not stopped.wait(WATCH_SECONDS):
            for part in kept:
                part.keep()
            for child in children:
                refuse_ended(child)
        print("stopping", flush=True)


def start_system(
    stack: ExitStack, ports: Ports, data: Path, fill: Callable[[str], None], with_queue: bool
) -> tuple[Addresses, list[Child], Sequence[KeptPart]]:
    """Start every part; the stack stops them in the opposite order.

    `fill` gets the database before anybody writes to it. Of the parts, the first may not end.
    """
    ports.refuse_taken()
    database, psql, kept = start_postgres(stack, data, with_queue)
    addresses = Addresses(
        # Not 127.0.0.1: to a browser the gateway is then another site, as in production.
        demo_url=f"http://localhost:{ports.demo}",
        gateway_url=f"http://127.0.0.1:{ports.gateway}",
        collector_url=f"http://127.0.0.1:{ports.collector}",
        dashboard_url=f"http://localhost:{ports.dashboard}",
        dashboard_token=dashboard_token(data),
        database_url=database,
        psql=psql,
    )
    fill(addresses.database_url)
    system = System(
        stack,
        data,
        addresses.database_url,
        secrets.token_hex(32),
        kong_yml=kong_yml_with_origin(addresses.demo_url, data),
    )
    if with_queue:
        queue = LocalQueue(stack, data, addresses.database_url)
        queue.make_streams()
        system = replace(
            system, collector_settings=queue.settings, collector_options=COLLECTOR_OPTIONS
        )
    collector = system.start_collector(ports.collector)
    if with_queue:
        start = partial(system.start_collector, ports.collector)
        kept = [*kept, KeptPart("collectors", collector, start), *queue.start_parts()]
    children = [
        *([] if with_queue else [collector]),
        system.start_plugin_server(),
        system.start_gateway(ports.gateway, ports.collector),
        system.start_demo(ports.demo, addresses.gateway_url),
        system.start_dashboard(ports.dashboard, addresses.dashboard_token),
    ]
    return addresses, children, kept


def start_postgres(
    stack: ExitStack, data: Path, with_standby: bool
) -> tuple[str, Path, Sequence[KeptPart]]:
    """Postgres, with a standby that may be killed as well as it, or alone.

    Its address, the psql that came with it, and what may be killed.
    """
    print("starting Postgres", flush=True)
    if not with_standby:
        server = stack.enter_context(run_postgres(data / "postgres"))
        return database_url(server), psql_path(server), []
    pair = stack.enter_context(run_pair(data))
    kept = [
        KeptPart(server.name, server.child, partial(pair.bring_back, server))
        for server in pair.servers
    ]
    return pair.url, pair.psql, kept


def make_traffic(url: str, days: int, stopped: threading.Event) -> None:
    """Fill the database with days of traffic up to now, where it is empty or its events are old.

    Before the collector starts: what it stores meanwhile would not be in the facts. Raises
    LocalSystemError where it is to stop before that is done.
    """

    def say(line: str) -> None:
        """Print a line. Raises LocalSystemError where all is to stop."""
        if stopped.is_set():
            raise LocalSystemError("stopped before the traffic was made; none of it is kept")
        print(f"  {line}", flush=True)

    print(f"making {days} days of traffic: about a minute, the first time", flush=True)
    now = datetime.now(UTC)
    traffic = Traffic(days * TRAFFIC_EVENTS_A_DAY, days, now)
    try:
        asyncio.run(fill_history(url, traffic, say, renew_before=now - OLD_TRAFFIC))
    except HistoryError:
        print("  there is some from the last time", flush=True)


def dashboard_token(data: Path) -> str:
    """What to sign in to the dashboard with: made once, and kept with the data."""
    file = data / "dashboard-token"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(16), encoding="ascii")
    return file.read_text(encoding="ascii")


def kong_yml_with_origin(origin: str, data: Path) -> Path:
    """A copy of kong.yml in the data's folder that allows this origin too."""
    text = KONG_YML.read_text(encoding="utf-8")
    allowing = allow_origin(text, origin)
    if allowing == text:
        return KONG_YML
    copy = data / "kong.yml"
    copy.write_text(allowing, encoding="utf-8")
    return copy


@dataclass(frozen=True, slots=True)
class System:
    """What the processes share."""

    stack: ExitStack
    data: Path
    database_url: str
    gateway_secret: str
    plugin_command: tuple[str, ...] = PLUGIN_SERVER
    kong_yml: Path = KONG_YML
    request_variable: str = REQUEST_VARIABLE
    collector_settings: Mapping[str, str] = field(default_factory=dict)
    collector_options: tuple[str, ...] = ()

    @property
    def plugin_socket(self) -> Path:
        """Where the gateway and the plugin server meet."""
        return self.data / "conversion-tracking.sock"

    def start_collector(self, port: int) -> Child:
        """Bring the schema up to date, then serve. Raises LocalSystemError where that fails."""
        print("starting the collector", flush=True)
        settings = {
            "CT_DATABASE_URL": self.database_url,
            "CT_GATEWAY_SECRET": self.gateway_secret,
            "CT_HOST": "127.0.0.1",
            "CT_PORT": str(port),
            "CT_SPOOL_DIR": str(self.data / "spool"),
            **self.collector_settings,
        }
        migration = self.start("migrate", [COMMAND, "migrate"], settings)
        if migration.process.wait() != 0:
            raise LocalSystemError(f"the migration failed:\n{migration.last_lines()}")
        collector = self.start("collector", [COMMAND, "serve", *self.collector_options], settings)
        wait_until(lambda: accepts_connections(port), collector)
        return collector

    def start_plugin_server(self) -> Child:
        """The plugin in a process of its own, as in production (docs/kong.md)."""
        print("starting the plugin server", flush=True)
        self.plugin_socket.unlink(missing_ok=True)
        command = [*self.plugin_command, "--socket", str(self.plugin_socket)]
        plugin_server = self.start("plugin-server", command, {})
        wait_until(self.plugin_socket.exists, plugin_server)
        return plugin_server

    def start_gateway(self, port: int, collector_port: int) -> Child:
        """The stand-in for Kong, with the settings that Kong would have."""
        print("starting the gateway", flush=True)
        settings = {
            "KONG_DECLARATIVE_CONFIG": str(self.kong_yml),
            "KONG_PROXY_LISTEN": f"127.0.0.1:{port}",
            "KONG_PLUGINS": "bundled,conversion-tracking",
            "KONG_PLUGINSERVER_NAMES": "conversion-tracking",
            "KONG_PLUGINSERVER_CONVERSION_TRACKING_SOCKET": str(self.plugin_socket),
            "KONG_PLUGINSERVER_CONVERSION_TRACKING_QUERY_CMD": (
                shlex.join([*self.plugin_command, "--dump"])
            ),
            "KONG_NGINX_PROXY_SET": self.request_variable,
            "CT_GATEWAY_SECRET": self.gateway_secret,
        }
        resolve = f"collector:8080=127.0.0.1:{collector_port}"
        command = [*MODULE, "local.gateway", "--resolve", resolve]
        gateway = self.start("gateway", command, settings)
        wait_until(lambda: accepts_connections(port), gateway)
        return gateway

    def start_demo(self, port: int, gateway_url: str) -> Child:
        """The demo site, which reads the database and sends to the gateway as any page does."""
        print("starting the demo site", flush=True)
        command = [*MODULE, "local.demo", "--port", str(port), "--gateway", gateway_url]
        demo = self.start("demo", command, {"CT_DATABASE_URL": self.database_url})
        wait_until(lambda: accepts_connections(port), demo)
        return demo

    def start_dashboard(self, port: int, token: str) -> Child:
        """The reports, for a person who signs in with this token."""
        print("starting the dashboard", flush=True)
        settings = {
            "CT_DATABASE_URL": self.database_url,
            "CT_DASHBOARD_HOST": "127.0.0.1",
            "CT_DASHBOARD_PORT": str(port),
            "CT_DASHBOARD_TOKENS": f"me:{token}",
        }
        command = [COMMAND, "dashboard"]
        dashboard = self.start("dashboard", command, settings)
        wait_until(lambda: accepts_connections(port), dashboard)
        return dashboard

    def start(self, name: str, command: list[str], settings: dict[str, str]) -> Child:
        """Start a process that the stack stops."""
        child = start_child(name, command, settings, self.data / "log")
        self.stack.callback(stop_child, child)
        return child


def usage(addresses: Addresses, data: Path) -> str:
    """What a person can do with the system now: each command works as printed."""
    return USAGE.read_text(encoding="utf-8").format(
        demo=addresses.demo_url,
        gateway=addresses.gateway_url,
        collector=addresses.collector_url,
        dashboard=addresses.dashboard_url,
        token=addresses.dashboard_token,
        database=addresses.database_url,
        psql=addresses.psql,
        data=data,
    )


def usage_of_kept(kept: Sequence[KeptPart]) -> str:
    """Which parts may be killed, and how."""
    head = (
        "Events go through a queue (docs/scale.md). Kill any of these: it is started again, and "
        "no event that was answered 200 or 202 is lost."
    )
    return "\n".join([head, "", *(f"  {part.line}" for part in kept), ""])
