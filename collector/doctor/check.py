"""Checks, in groups, and running them: whatever happens in one becomes a line."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from collector.doctor.deployment import Deployment
from collector.doctor.finding import Finding, Line, Skipped, failure, skipped

# A check asks a few questions, each of which has a limit of its own; this is for what hangs.
CHECK_SECONDS = 45.0

DOCUMENT = "docs/doctor.md"

Work = Callable[[Deployment], Awaitable[Finding | Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    """One question about a deployment; its id stands in docs/doctor.md."""

    id: str
    work: Work


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one subject, which disturb each other in nothing: they run side by side."""

    title: str
    checks: tuple[Check, ...]

    @property
    def anchor(self) -> str:
        """Where the docs explain these checks: the heading is the group's title."""
        return f"{DOCUMENT}#{self.title.lower().replace(' ', '-')}"


async def run_groups(
    groups: Sequence[Group], deployment: Deployment
) -> AsyncIterator[tuple[Group, list[Line]]]:
    """Each group with its lines, as soon as it is through."""
    for group in groups:
        found = await asyncio.gather(*(run_check(check, deployment) for check in group.checks))
        lines = [
            Line(check.id, finding, group.anchor)
            for check, findings in zip(group.checks, found, strict=True)
            for finding in findings
        ]
        yield group, lines


async def run_check(check: Check, deployment: Deployment) -> Sequence[Finding]:
    """What a check says; also that it was skipped, took too long, or failed by itself."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found = await check.work(deployment)
    except Skipped as reason:
        return [skipped(str(reason))]
    except TimeoutError:
        return [
            failure("no answer in time", f"one within {CHECK_SECONDS:.0f} s", "look at its log")
        ]
    except Exception as error:  # noqa: BLE001  # whatever it is, the other checks go on
        return [unexpected(error)]
    return [found] if isinstance(found, Finding) else found


def unexpected(error: Exception) -> Finding:
    """The line of an error that no check knows of: its type and its place, no value."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return failure(
        f"{type(error).__name__} in {place.name}, line {place.lineno}",
        "an answer of another kind",
        "report it, with this line",
    )
