"""How long each fault lasts."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Extent:
    """How much of a fault: `make test-faults` has all of it, `make test` a part."""

    kills: int
    kills_of_leader: int
    outage_seconds: float
    queued_outage_seconds: float  # with a queue before Postgres
    lock_seconds: float


SHORT = Extent(
    kills=4, kills_of_leader=1, outage_seconds=1.0, queued_outage_seconds=3.0, lock_seconds=2.0
)
FULL = Extent(
    kills=20, kills_of_leader=10, outage_seconds=10.0, queued_outage_seconds=60.0, lock_seconds=5.0
)


@pytest.fixture(scope="session")
def extent() -> Extent:
    """Short, unless FAULTS=full is in the environment."""
    return FULL if os.environ.get("FAULTS") == "full" else SHORT
