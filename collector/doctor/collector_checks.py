"""A collector itself, where it can be reached."""

from __future__ import annotations

import time

from collector.doctor.check import Check, Group
from collector.doctor.deployment import TRACK, UNSIGNED, Deployment
from collector.doctor.events import need_stored
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.http import UNREACHABLE
from collector.doctor.marked import forged_stamp

READY, NOT_READY = 200, 503
TAKEN, REFUSED = (200, 202), 403


async def check_ready(deployment: Deployment) -> Finding:
    """It answers, Postgres answers it, and it warns of nothing. Raises Skipped."""
    where = deployment.options.collector
    try:
        await deployment.reach_collector()
    except UNREACHABLE as error:
        if not deployment.options.is_collector_named:
            raise Skipped(f"no collector runs at {where}, where the settings have it") from None
        reason = str(error) or type(error).__name__
        return failure(f"{where}: {reason}", "a collector", "start it, and look at its log")
    client = await deployment.collector()
    answer = await client.ask("GET", "/readyz")
    if answer.status == NOT_READY:
        return failure(
            f"{where}/readyz answers 503: it cannot use Postgres",
            "200",
            "start Postgres; conversion-tracking migrate; look at the collector's log",
        )
    content = answer.json()
    if answer.status != READY or not isinstance(content, dict):
        return failure(
            f"{where}/readyz answers {answer.status}", "200", "name a collector with --collector"
        )
    if warnings := content.get("warnings"):
        return warning(
            "; ".join(map(str, warnings)), "no warnings", "docs/production.md#monitoring has each"
        )
    return ok(f"{where} is ready")


async def check_forged(deployment: Deployment) -> Finding:
    """A forged stamp, past the gateway. The event is the one that is stored: it stores nothing.

    Raises Skipped.
    """
    client = await deployment.collector()
    await need_stored(deployment)
    before = await deployment.count_unsigned()
    forged = forged_stamp(time.time_ns() // 1_000_000)
    answer = await client.post(TRACK, deployment.event.fields, forged)
    if answer.status == REFUSED:
        return ok("403: the collector refuses what did not come through the gateway")
    if answer.status not in TAKEN:
        raise Skipped(f"the collector answers {answer.status}")
    after = await deployment.count_unsigned()
    if before is not None and after is not None and after > before:
        return ok(f"counted in {UNSIGNED}: its address is not believed")
    return failure(
        f"taken, and {UNSIGNED} stays at {after}",
        "403, or a count of it",
        "the secret is known or guessed: make another (docs/production.md#secrets)",
    )


GROUP = Group(
    "Collector",
    (Check("collector.ready", check_ready), Check("collector.forged", check_forged)),
)
