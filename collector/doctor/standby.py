"""The standby: what a commit waits for, and so what an answer of 200 means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.postgres.hosts import urls_of

# As in `ANY 2 (one, other)`; a list without a number waits for one.
HOW_MANY = re.compile(r"(?:FIRST|ANY)?\s*(\d+)\s*\(", re.IGNORECASE)
RIGHT = "GRANT pg_read_all_stats TO the role"


async def check_standby(deployment: Deployment) -> Finding:
    """Commits wait for a standby, and it is there. Raises Skipped."""
    [server] = await deployment.fetch("doctor_standbys")
    return judge_standby(server, len(urls_of(deployment.options.database or "")))


def judge_standby(server: Mapping[str, Any], hosts: int) -> Finding:
    """Whether the standbys that commits wait for follow. Raises Skipped."""
    waited_for = server["waited_for"]
    if not waited_for:
        return judge_without(hosts)
    number = HOW_MANY.match(waited_for.strip())
    wanted = int(number[1]) if number else 1
    if server["synchronous"] >= wanted:
        return ok(f"a 200 is on {wanted + 1} servers: commits wait for {waited_for}")
    if server["following"] >= wanted and server["untold"]:
        raise Skipped(f"this role is not told how standbys follow: {RIGHT}")
    return failure(
        f"commits wait for {waited_for}, and {server['synchronous']} of {wanted} is in step: "
        "events go to the spool, or stay in the queue",
        "as many synchronous standbys as synchronous_standby_names wants",
        "start the standby, with its application_name; or, if it stays away, ALTER SYSTEM SET "
        "synchronous_standby_names = ''; SELECT pg_reload_conf(); then a 200 is on one server",
    )


def judge_without(hosts: int) -> Finding:
    """What a 200 means where commits wait for nobody."""
    if hosts == 1:
        return ok("a 200 is on one server: commits wait for no standby")
    return warning(
        f"the address has {hosts} hosts, and commits wait for none but the primary: a failover "
        "loses what was answered with 200 in the moment before",
        "a synchronous standby",
        "ALTER SYSTEM SET synchronous_standby_names = 'standby' (docs/production.md#a-standby)",
    )
