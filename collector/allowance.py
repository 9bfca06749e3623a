"""How much a minute: of one, and of each client address. Pure."""

from __future__ import annotations

from collections import OrderedDict

MAX_ADDRESSES = 10_000  # a megabyte of allowances


class Allowance:
    """So many a minute: unused ones are saved up for a minute, and not longer."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._at = now

    def take(self, now: float, amount: int = 1) -> bool:
        """Whether so many more are allowed now, in seconds of a clock that only goes forward."""
        earned = (now - self._at) * self._per_minute / 60
        self._left = min(self._left + earned, self._per_minute)
        self._at = now
        if self._left < amount:
            return False
        self._left -= amount
        return True


class AddressAllowance:
    """So many a minute of each address.

    Of more than MAX_ADDRESSES at a time the longest unseen starts anew.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._addresses: OrderedDict[str | None, Allowance] = OrderedDict()

    def take(self, address: str | None, now: float, amount: int = 1) -> bool:
        """Whether so many more of this address are allowed now."""
        mine = self._addresses.pop(address, None)
        if mine is None:
            mine = Allowance(self._per_minute, now)
        self._addresses[address] = mine
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        return mine.take(now, amount)
