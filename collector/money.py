"""Amounts in the minor unit of their currency. Pure; the units are data/minor_units.toml."""

from __future__ import annotations

import tomllib
from decimal import ROUND_HALF_UP, Decimal
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
# 183.60000000000002 is how floats write 183.60: what is lost there was never meant.
FLOAT_NOISE = Decimal("1e-6")


def round_money(amount: Decimal, currency: str) -> Decimal:
    """An amount in the minor unit of its currency, rounded half up."""
    return amount.quantize(MINOR_UNITS.get(currency, CENT), ROUND_HALF_UP)


def lost_digits(amount: Decimal, rounded: Decimal) -> bool:
    """Whether rounding took something away that was meant."""
    return abs(amount - rounded) > FLOAT_NOISE
