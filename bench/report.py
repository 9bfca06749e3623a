"""What a benchmark says while it runs, and what it leaves."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Report = Callable[[str], None]


def print_progress(line: str) -> None:
    """A line of progress: on stderr, so that stdout is the result."""
    print(line, file=sys.stderr, flush=True)


def write_json(file: Path, result: Mapping[str, object]) -> None:
    """The result as JSON, for other programs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
