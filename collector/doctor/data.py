"""What waits for somebody: rejected events, and facts that reports read."""

from __future__ import annotations

from collector.doctor.check import Check, Group
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning

# A long transaction may hold the facts up for minutes; more is no accident.
BEHIND_SECONDS = 300.0
# One day changes with each late event, and is summed within minutes.
FEW_DAYS = 3
# It runs once an hour, and may wait for another run.
RETENTION_HOURS = 3.0


async def check_rejects(deployment: Deployment) -> Finding:
    """Events that broke the contract, and that nobody has looked at."""
    [row] = await deployment.fetch("doctor_rejects")
    if not row["events"]:
        return ok("none waits")
    return warning(
        f"{row['events']} wait, the last of {row['last_at']:%Y-%m-%d %H:%M} UTC",
        "none: what a page sends wrong is mended there",
        "conversion-tracking rejects, then rejects replay (docs/rejects.md)",
    )


async def check_facts(deployment: Deployment) -> Finding:
    """The facts of sessions follow the events. Raises Skipped."""
    settings = deployment.options.settings
    if settings is not None and not settings.facts_seconds:
        raise Skipped("CT_FACTS_SECONDS is 0: this collector does not follow events")
    rows = await deployment.fetch("doctor_behind")
    seconds = rows[0]["seconds"] if rows else None
    mend = "start a collector; its log says why facts are not refreshed (docs/reports.md#how-fresh)"
    expected = f"{BEHIND_SECONDS:.0f} s at most"
    if seconds is None:
        return warning("the facts were never computed", expected, mend)
    if seconds > BEHIND_SECONDS:
        return failure(f"reports are {seconds:.0f} s behind the events", expected, mend)
    return ok(f"reports are {max(seconds, 0):.0f} s behind the events")


async def check_sums(deployment: Deployment) -> Finding:
    """The sums of days that are over, which make reports fast."""
    [row] = await deployment.fetch("doctor_sums")
    if row["days"] <= FEW_DAYS:
        return ok(f"{row['days']} days wait to be summed")
    return warning(
        f"{row['days']} days wait to be summed: reports of them are slower",
        f"{FEW_DAYS} at most",
        "wait while a collector runs, or: conversion-tracking facts",
    )


async def check_retention(deployment: Deployment) -> Finding:
    """What is too old by the settings is taken away. Raises Skipped."""
    settings = deployment.options.settings
    if settings is None:
        raise Skipped("the collector's settings are not here: no CT_RETENTION_... is known")
    if not settings.has_retention:
        return ok(
            "no CT_RETENTION_... is set: but for rejects, and what waits too long for an ad "
            "platform, nothing goes for its age"
        )
    [row] = await deployment.fetch("doctor_retention")
    expected = f"within {RETENTION_HOURS:.0f} hours"
    mend = "start a collector, or: conversion-tracking retention --once (docs/privacy.md#retention)"
    if row["hours"] is None:
        return warning("nothing was ever taken away", expected, mend)
    if row["hours"] > RETENTION_HOURS:
        return failure(f"it last ran {row['hours']:.1f} hours ago", expected, mend)
    return ok(f"it last ran {max(row['hours'], 0) * 60:.0f} minutes ago")


GROUP = Group(
    "Data",
    (
        Check("data.rejects", check_rejects),
        Check("data.facts", check_facts),
        Check("data.sums", check_sums),
        Check("data.retention", check_retention),
    ),
)
