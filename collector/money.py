"""The minor units of currencies, which amounts are rounded to: data/minor_units.toml."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib import resources

USUAL_DECIMALS = 2


def load_minor_units() -> dict[str, Decimal]:
    """The least amount of each currency that has no cents: JPY 1, KWD 0.001."""
    file = resources.files("collector.classify.data") / "minor_units.toml"
    decimals = tomllib.loads(file.read_text(encoding="utf-8"))["decimals"]
    return {
        currency: Decimal(1).scaleb(-int(count))
        for count, currencies in decimals.items()
        for currency in currencies
    }


MINOR_UNITS = load_minor_units()
CENT = Decimal(1).scaleb(-USUAL_DECIMALS)
