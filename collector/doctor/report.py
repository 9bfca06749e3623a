"""Lines as a person reads them, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from collector.doctor.check import Group
from collector.doctor.finding import Line, Status

STATUS_WIDTH = max(map(len, Status))
INDENT = " " * (STATUS_WIDTH + 2)


def text_of_group(group: Group, lines: Sequence[Line]) -> str:
    """A heading and a line each; below what is wrong, how it is mended and where that stands.

    A group that is skipped as a whole is one line.
    """
    findings = {line.finding for line in lines}
    if len(findings) == 1 and len(lines) > 1 and lines[0].finding.status is Status.SKIPPED:
        reason = printable(lines[0].finding.seen)
        return f"{group.title}\n{Status.SKIPPED:<{STATUS_WIDTH}}  all {len(lines)}: {reason}\n"
    return "\n".join([group.title, *(part for line in lines for part in text_of_line(line)), ""])


def text_of_line(line: Line) -> Iterator[str]:
    """A line, and for a warning or a failure three more at most."""
    finding = line.finding
    name = f"{line.check} {finding.about}".rstrip()
    yield f"{finding.status:<{STATUS_WIDTH}}  {name}: {printable(finding.seen)}"
    if finding.status in (Status.WARNING, Status.FAILURE):
        yield f"{INDENT}expected: {finding.expected}"
        yield f"{INDENT}to mend: {finding.mend}"
        yield f"{INDENT}see {line.anchor}"


def printable(text: str) -> str:
    """A text that a terminal takes for nothing else: much of it comes from servers."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def summary(lines: Iterable[Line]) -> str:
    """How many there are of each kind."""
    counts = Counter(line.finding.status for line in lines)
    return ", ".join(f"{counts[status]} {status}" for status in Status)


def json_of(lines: Iterable[Line]) -> str:
    """An object with a list of all lines, and the counts."""
    lines = list(lines)
    counts = Counter(line.finding.status for line in lines)
    checks = [
        {
            "check": line.check,
            "status": line.finding.status,
            "about": line.finding.about,
            "seen": line.finding.seen,
            "expected": line.finding.expected,
            "mend": line.finding.mend,
            "docs": line.anchor,
        }
        for line in lines
    ]
    return json.dumps({"counts": {s: counts[s] for s in Status}, "checks": checks}, indent=2)


def exit_code(lines: Iterable[Line], *, strict: bool) -> int:
    """1 where something fails; with `strict` 2 where there are warnings alone; else 0."""
    found = {line.finding.status for line in lines}
    if Status.FAILURE in found:
        return 1
    return 2 if strict and Status.WARNING in found else 0
