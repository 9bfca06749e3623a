"""The clocks of gateway, collector and Postgres: a stamp is believed for some minutes."""

from __future__ import annotations

from collections.abc import Mapping
from time import time

from collector.doctor.check import Check, Group
from collector.doctor.cors import UNKNOWN_PATH
from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning

# Date has whole seconds, and the way takes its time.
FEW_SECONDS = 5.0
HERE = "this machine"
MEND = "run chrony or another NTP client on each machine: `chronyc tracking` shows how far it is"


async def check_clocks(deployment: Deployment) -> Finding:
    """How far they are from each other."""
    offsets = {}
    for name, read in (
        ("gateway", read_gateway),
        ("collector", read_collector),
        ("Postgres", read_postgres),
    ):
        try:
            offset = await read(deployment)
        except Skipped:
            continue
        if offset is not None:
            offsets[name] = offset
    return judge_offsets(offsets, deployment.options.stamp_max_age_seconds)


async def read_gateway(deployment: Deployment) -> float | None:
    """Of an answer that is Kong's own: any other has the Date of the service."""
    client = await deployment.gateway()
    return (await client.ask("GET", UNKNOWN_PATH)).clock_offset


async def read_collector(deployment: Deployment) -> float | None:
    """Of the collector's own answer."""
    client = await deployment.collector()
    return (await client.ask("GET", "/healthz")).clock_offset


async def read_postgres(deployment: Deployment) -> float:
    """Of the database's clock."""
    await deployment.fetch("doctor_clock")  # the connection is there before the time is taken
    asked_at = time()
    [row] = await deployment.fetch("doctor_clock")
    return float(row["now"].timestamp()) - (asked_at + time()) / 2


def judge_offsets(offsets: Mapping[str, float], max_age_seconds: float) -> Finding:
    """Whether clocks agree, by how far each is ahead of this machine's.

    Raises Skipped where none is known. A single one is compared with this machine's.
    """
    if not offsets:
        raise Skipped("neither gateway nor collector nor database is reached")
    compared = offsets if len(offsets) > 1 else {**offsets, HERE: 0.0}
    apart = max(compared.values()) - min(compared.values())
    each = ", ".join(f"{name} {offset:+.1f} s" for name, offset in offsets.items())
    seen = f"{each} beside {HERE}; {apart:.1f} s apart"
    if apart <= FEW_SECONDS:
        return ok(seen)
    expected = f"{FEW_SECONDS:.0f} s at most"
    if apart < max_age_seconds:
        return warning(seen, expected, MEND)
    return failure(seen, f"{expected}; past {max_age_seconds:.0f} s no stamp is believed", MEND)


GROUP = Group("Clocks", (Check("clocks.agree", check_clocks),))
