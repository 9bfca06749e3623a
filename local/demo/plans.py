"""What the demo's product costs: the one place that names its prices."""

from __future__ import annotations

from dataclasses import dataclass

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Plan:
    """A subscription; the price is a month's, in CURRENCY."""

    key: str
    name: str
    price: str


PLANS = {
    plan.key: plan
    for plan in (
        Plan("solo", "Solo", "9.00"),
        Plan("team", "Team", "29.00"),
        Plan("studio", "Studio", "79.00"),
    )
}
DEFAULT_PLAN = PLANS["team"]
