"""A system that the doctor looks at, and what it says."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).parent / "conversion-tracking")
CHECKS_SECONDS = 120


@dataclass(frozen=True)
class Verdict:
    """What the doctor said."""

    code: int
    lines: Sequence[Mapping[str, str]]

    def of(self, check: str, about: str = "") -> Mapping[str, str]:
        """The line of a check."""
        [line] = [x for x in self.lines if x["check"] == check and x["about"] == about]
        return line

    def statuses(self) -> dict[str, str]:
        """Each check that is not ok, by its id."""
        return {x["check"]: x["status"] for x in self.lines if x["status"] != "ok"}


@dataclass(frozen=True)
class Examined:
    """Where the parts of a system are."""

    gateway: str
    collector: str
    database: str
    folder: Path
    kong_yml: Path
    secret: str
    environment: Mapping[str, str] = field(default_factory=dict)

    async def examine(self, *options: str, **replaced: str | None) -> Verdict:
        """Run the command from outside, with options in place of those that name the parts."""
        given = {
            "gateway": self.gateway,
            "database": self.database,
            "collector": self.collector,
            "file": str(self.kong_yml),
            **replaced,
        }
        named = [part for n, v in given.items() if v is not None for part in (f"--{n}", v)]
        return await run_doctor(*named, *options, environment=self.environment)


async def run_doctor(*options: str, environment: Mapping[str, str] | None = None) -> Verdict:
    """The command in a process of its own, with nothing of this environment but PATH."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "doctor",
        "--json",
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
    assert not errors, errors.decode()
    written: dict[str, Any] = json.loads(output)
    assert process.returncode is not None
    return Verdict(process.returncode, written["checks"])
