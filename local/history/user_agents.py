"""The User-Agents that visitors of made-up traffic have."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "user_agents.txt"


@cache
def read_user_agents() -> tuple[tuple[int, str], ...]:
    """Weight and text of each User-Agent in user_agents.txt."""
    lines = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines()]
    return tuple((int(line[0]), line[1]) for line in lines if not line[0].startswith("#"))
