"""The largest body: the gateway and the collector refuse the same ones.

What is sent is the event that is stored already, in a batch that blanks fill up: it stores nothing.
"""

from __future__ import annotations

import json

from collector.doctor.check import Check, Group
from collector.doctor.deployment import BATCH, Deployment
from collector.doctor.events import need_stored
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.http import Answer, Client

TOO_LARGE, REFUSED = 413, 403
COLLECTORS = "body_too_large"
EQUAL = (
    "make CT_MAX_BODY_BYTES and `allowed_payload_size` of request-size-limiting in kong.yml the "
    "same number of bytes"
)


def filled(deployment: Deployment, size: int) -> bytes:
    """A batch of so many bytes."""
    return json.dumps({"events": [deployment.event.fields]}).encode().ljust(size)


async def ask_both(client: Client, deployment: Deployment) -> tuple[Answer, Answer]:
    """The answers to a body at the limit, and to one a byte over it."""
    limit = deployment.options.max_body_bytes
    at_limit = await client.post(BATCH, filled(deployment, limit))
    return at_limit, await client.post(BATCH, filled(deployment, limit + 1))


async def check_gateway(deployment: Deployment) -> Finding:
    """Kong's limit."""
    client = await deployment.gateway()
    await need_stored(deployment)
    at_limit, over = await ask_both(client, deployment)
    limit = deployment.options.max_body_bytes
    if at_limit.status == TOO_LARGE:
        who = "the collector" if at_limit.error == COLLECTORS else "Kong, or a proxy before it,"
        return failure(f"{who} refuses {limit} bytes with 413", f"taken up to {limit}", EQUAL)
    if over.status != TOO_LARGE:
        return failure(f"{limit + 1} bytes are answered {over.status}", "413", EQUAL)
    if over.error == COLLECTORS:
        return warning(
            f"Kong lets {limit + 1} bytes through; the collector refuses them",
            "413 from Kong, so that no collector reads them",
            EQUAL,
        )
    return ok(f"{limit} bytes are taken, one more is a 413 of Kong")


async def check_collector(deployment: Deployment) -> Finding:
    """The collector's own limit. Raises Skipped."""
    client = await deployment.collector()
    await need_stored(deployment)
    at_limit, over = await ask_both(client, deployment)
    limit = deployment.options.max_body_bytes
    if at_limit.status == REFUSED:
        raise Skipped("the collector refuses what did not come through the gateway")
    if at_limit.status == TOO_LARGE or over.status != TOO_LARGE:
        seen = f"{limit} bytes are answered {at_limit.status}, one more {over.status}"
        return failure(seen, f"taken up to {limit}, then 413", EQUAL)
    return ok(f"{limit} bytes are read, one more is answered {over.status}")


GROUP = Group(
    "Body limits",
    (Check("limit.gateway", check_gateway), Check("limit.collector", check_collector)),
)
