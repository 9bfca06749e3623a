"""Whether the gateway is reached: its name, its certificate, its answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime
from typing import Any

import aiohttp

from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.http import UNREACHABLE, tls_context

CONNECT_SECONDS = 10.0
FEW_DAYS = 21


async def check_name(deployment: Deployment) -> Finding:
    """The gateway's name has an address."""
    host = named_host(deployment)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            host, deployment.options.gateway_port, type=socket.SOCK_STREAM
        )
    except OSError as error:
        return failure(
            f"{host} has no address ({error.strerror or error})",
            "an A or AAAA record",
            f"add the record, then: getent hosts {host}",
        )
    return ok(f"{host} is {', '.join(dict.fromkeys(str(address[0]) for *_, address in found))}")


def named_host(deployment: Deployment) -> str:
    """The gateway's host. Raises Skipped where none is known."""
    if not deployment.options.gateway:
        raise Skipped("no gateway is known; name it with --gateway")
    return deployment.options.gateway_address.hostname or ""


async def check_certificate(deployment: Deployment) -> Finding:
    """TLS with a certificate that browsers believe, and for how long they will. Raises Skipped."""
    host, options = named_host(deployment), deployment.options
    if options.gateway_address.scheme != "https":
        if options.is_gateway_here:
            raise Skipped("the gateway is on this machine, without TLS")
        return warning(
            "the gateway's address is http://",
            "https://: pages over TLS may not send to http://",
            "docs/production.md#tls, then name the gateway as https://",
        )
    try:
        certificate = await read_certificate(
            host, options.gateway_port, tls_context(options.ca_file)
        )
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
        return failure(f"{host}: {reason}", "a certificate that browsers believe", BELIEVED)
    except (OSError, TimeoutError):
        raise Skipped("the gateway does not answer (gateway.answers)") from None
    return judge_end(certificate["notAfter"], datetime.now(UTC))


BELIEVED = (
    "give Kong, or what ends TLS before it, a certificate for this name that browsers know "
    "(docs/production.md#tls); for an authority of your own: --ca-file"
)
RENEW = "renew the certificate, and `kong reload` where Kong has it (docs/production.md#tls)"


async def read_certificate(host: str, port: int, context: ssl.SSLContext) -> dict[str, Any]:
    """The certificate of a server. Raises ssl.SSLError where it is not believed, OSError."""
    async with asyncio.timeout(CONNECT_SECONDS):
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        return dict(writer.get_extra_info("peercert"))
    finally:
        writer.transport.abort()


def judge_end(not_after: str, now: datetime) -> Finding:
    """How long a certificate is good yet."""
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC)
    days = (end - now).days
    seen = f"the certificate ends on {end:%Y-%m-%d}, in {days} days"
    return ok(seen) if days >= FEW_DAYS else warning(seen, f"{FEW_DAYS} days or more", RENEW)


async def check_answer(deployment: Deployment) -> Finding:
    """Something answers. Raises Skipped where TLS stands before the answer."""
    try:
        answer = await deployment.reach_gateway()
    except aiohttp.ClientSSLError:
        raise Skipped("there is no TLS that is believed (gateway.certificate)") from None
    except UNREACHABLE as error:
        return failure(
            f"{deployment.options.gateway}: {str(error) or type(error).__name__}",
            "an answer of Kong",
            "start Kong; look at its log, its port and the firewall",
        )
    server = answer.headers.get("Server", "a server without a name")
    return ok(f"{deployment.options.gateway} answers ({server})")


GROUP = Group(
    "Gateway",
    (
        Check("gateway.name", check_name),
        Check("gateway.certificate", check_certificate),
        Check("gateway.answers", check_answer),
    ),
)
