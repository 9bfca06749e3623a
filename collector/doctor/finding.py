"""What a check says: a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended. The value begins its line."""

    OK = "ok"
    WARNING = "warning"  # works, and will not always
    FAILURE = "failure"
    SKIPPED = "skipped"  # could not be looked at; `seen` says why


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen; where that is not right, what was expected, and the command that mends it.

    `about` tells findings of one check apart, such as an origin.
    """

    status: Status
    seen: str
    expected: str = ""
    mend: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A finding with its check's id, and the place in the docs that explains it."""

    check: str
    finding: Finding
    anchor: str


class Skipped(Exception):
    """A check cannot be made here. The message says why."""


def ok(seen: str, about: str = "") -> Finding:
    """All is as it should be."""
    return Finding(Status.OK, seen, about=about)


def warning(seen: str, expected: str, mend: str, about: str = "") -> Finding:
    """It works, and will not always."""
    return Finding(Status.WARNING, seen, expected, mend, about)


def failure(seen: str, expected: str, mend: str, about: str = "") -> Finding:
    """It does not do what it should."""
    return Finding(Status.FAILURE, seen, expected, mend, about)


def skipped(why: str) -> Finding:
    """It could not be looked at."""
    return Finding(Status.SKIPPED, why)
