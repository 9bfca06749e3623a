"""What must not be reached from outside."""

from __future__ import annotations

import asyncio

from collector.api.endpoints import HEALTHZ_PATH, METRICS_PATH, OPENAPI_PATH, READYZ_PATH
from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.http import UNREACHABLE, Answer
from collector.doctor.options import INTERNAL_PORTS

FOUND = 200
CONNECT_SECONDS = 3.0
# What each answers with, and nothing else of another service that may have the path.
HEALTH = HEALTHZ_PATH  # which says little, and as many services say it
OPERATORS = {
    METRICS_PATH: b"ct_events_total",
    READYZ_PATH: b'"background"',
    HEALTH: b'"ok"',
    OPENAPI_PATH: b'"/v1/events/track"',
}
DASHBOARDS_TITLE = "Conversion tracking</title>"
ADMIN_PREFIXES = ("", "/admin", "/admin-api")


async def check_operators(deployment: Deployment) -> Finding:
    """Metrics and health are for the inside."""
    client = await deployment.gateway()
    open_paths = [
        path
        for path, mark in OPERATORS.items()
        if (answer := await client.ask("GET", path)).status == FOUND and mark in answer.body
    ]
    mend = "take the route that has these paths out of Kong; kong/kong.yml names each endpoint"
    if open_paths == [HEALTH]:
        return warning(f"{HEALTH} is answered as by a collector", "404, or another service", mend)
    if open_paths:
        seen = f"{', '.join(open_paths)} of the collector can be read through the gateway"
        return failure(seen, "404: no route leads there", mend)
    return ok(f"no route leads to {', '.join(OPERATORS)} of the collector")


async def check_dashboard(deployment: Deployment) -> Finding:
    """The dashboard shows numbers of the business, and people."""
    client = await deployment.gateway()
    if is_dashboard(await client.ask("GET", "/login")):
        return failure(
            "the dashboard's /login is reached through the gateway",
            "no route leads there",
            "take its route out of Kong, or give it a host of its own that only your people reach "
            "(docs/dashboard.md)",
        )
    return ok("no route leads to the dashboard")


def is_dashboard(answer: Answer) -> bool:
    """Whether the dashboard answers."""
    return answer.status == FOUND and DASHBOARDS_TITLE in answer.body.decode(errors="replace")


async def check_admin_path(deployment: Deployment) -> Finding:
    """Some publish Kong's Admin API behind a route of the same Kong."""
    client = await deployment.gateway()
    for prefix in ADMIN_PREFIXES:
        answer = await client.ask("GET", f"{prefix}/status")
        content = answer.json()
        if answer.status == FOUND and isinstance(content, dict) and "server" in content:
            return failure(
                f"{prefix}/status answers as Kong's Admin API",
                "no route leads there",
                "take the route out, or put authentication before it",
            )
    return ok("no route leads to Kong's Admin API")


async def check_ports(deployment: Deployment) -> Finding:
    """Ports of the gateway's host that are for the inside. Raises Skipped."""
    options = deployment.options
    await deployment.gateway()
    if options.is_gateway_here and not options.closed_ports:
        raise Skipped("the gateway is on this machine, where every port is reached")
    ports = [
        port for port in options.closed_ports or INTERNAL_PORTS if port != options.gateway_port
    ]
    host = options.gateway_address.hostname or ""
    found = await asyncio.gather(*(is_open(host, port) for port in ports))
    reached = [port for port, is_reached in zip(ports, found, strict=True) if is_reached]
    if not reached:
        return ok(f"{', '.join(map(str, ports))} of {host} are closed")
    names = [f"{port} ({await name_of(deployment, host, port)})" for port in reached]
    return failure(
        f"open on {host}: {', '.join(names)}",
        "closed to the outside",
        "bind it to 127.0.0.1 or an inner network (KONG_ADMIN_LISTEN=off, CT_HOST, "
        "CT_DASHBOARD_HOST), or close it in the firewall",
    )


async def is_open(host: str, port: int) -> bool:
    """Whether something accepts connections."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def name_of(deployment: Deployment, host: str, port: int) -> str:
    """What listens there, as far as it says."""
    client = deployment.client(
        f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    )
    try:
        if is_dashboard(await client.ask("GET", "/login")):
            return "the dashboard"
        if b"ct_events_total" in (await client.ask("GET", "/metrics")).body:
            return "the collector"
        content = (await client.ask("GET", "/")).json()
    except UNREACHABLE:
        return "no plain HTTP"
    is_kong = isinstance(content, dict) and "tagline" in content
    return "Kong's Admin API" if is_kong else "an HTTP server"


GROUP = Group(
    "Not for the outside",
    (
        Check("exposed.operators", check_operators),
        Check("exposed.dashboard", check_dashboard),
        Check("exposed.admin", check_admin_path),
        Check("exposed.ports", check_ports),
    ),
)
