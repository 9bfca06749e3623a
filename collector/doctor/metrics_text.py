"""Reading the text of Prometheus. Pure."""

from __future__ import annotations

import re


def sample(text: str, name: str) -> float | None:
    """A metric's value, added up over its labels; None where it is not there."""
    lines = re.findall(rf"^{re.escape(name)}(?:{{.*}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, lines)) if lines else None


def labels(text: str, name: str, label_name: str) -> set[str]:
    """The values of a label of a metric."""
    pattern = rf'^{re.escape(name)}{{(?:.*,)?{re.escape(label_name)}="([^"]*)"'
    return set(re.findall(pattern, text, re.MULTILINE))
