"""A collector itself, where it can be reached."""

from __future__ import annotations

from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.http import UNREACHABLE

READY, NOT_READY = 200, 503


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


GROUP = Group("Collector", (Check("collector.ready", check_ready),))
