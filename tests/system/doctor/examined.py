"""A system that the doctor looks at, and what it says."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from collector.doctor.check import Group, run_groups
from collector.doctor.deployment import open_deployment
from collector.doctor.finding import Finding, Line, Status
from collector.doctor.options import Options

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")
CHECKS_SECONDS = 120


@dataclass(frozen=True)
class Examined:
    """Where the parts of a healthy system are."""

    options: Options
    collector_port: int

    @property
    def gateway_port(self) -> int:
        """The gateway's."""
        return self.options.gateway_port

    async def look(self, *groups: Group, **changes: Any) -> Seen:
        """What some groups of checks say, of the system or with other parts in its place."""
        return await look(replace(self.options, **changes), *groups)


@dataclass(frozen=True)
class Seen:
    """What was found."""

    lines: Sequence[Line]

    def of(self, check: str, about: str = "") -> Finding:
        """The one finding of a check."""
        [found] = [
            line.finding
            for line in self.lines
            if line.check == check and line.finding.about == about
        ]
        return found

    def not_ok(self) -> dict[str, Status]:
        """Each check that is not ok."""
        return {
            line.check: line.finding.status
            for line in self.lines
            if line.finding.status is not Status.OK
        }


async def look(options: Options, *groups: Group) -> Seen:
    """What some groups of checks say."""
    async with open_deployment(options) as deployment:
        return Seen([line async for _, found in run_groups(groups, deployment) for line in found])


def refuse(finding: Finding, status: Status, words: str) -> None:
    """A finding of this status, which says so with these words, and what mends it."""
    assert (finding.status, words in finding.seen) == (status, True), finding
    if status in (Status.WARNING, Status.FAILURE):
        assert finding.expected
        assert finding.mend


@dataclass(frozen=True)
class Verdict:
    """What the command wrote, and its exit code."""

    code: int
    output: str
    errors: str

    @property
    def checks(self) -> Sequence[Mapping[str, str]]:
        """The lines of --json."""
        checks: list[dict[str, str]] = json.loads(self.output)["checks"]
        return checks

    def statuses(self) -> dict[str, str]:
        """Each check with its status."""
        return {line["check"]: line["status"] for line in self.checks}


async def run_doctor(*options: str, environment: Mapping[str, str] | None = None) -> Verdict:
    """The command in a process of its own, with nothing of this environment."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "doctor",
        *options,
        env={"PATH": "/usr/bin:/bin", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CHECKS_SECONDS):
            output, errors = await process.communicate()
    except BaseException:
        process.kill()
        raise
    assert process.returncode is not None
    return Verdict(process.returncode, output.decode(), errors.decode())
