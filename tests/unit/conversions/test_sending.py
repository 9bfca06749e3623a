"""Each conversion is settled once, whatever a platform makes of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.conversions.claims import Claim, DeliveryState, Settled
from collector.conversions.conversion import (
    Answer,
    Broken,
    Conversion,
    Later,
    Refused,
    Taken,
    Unclear,
)
from collector.conversions.sending import (
    FIRST_BROKEN_SECONDS,
    MAX_PAUSE_SECONDS,
    batches_of,
    pause_after,
    send_all,
)
from tests.unit.conversions.claims import LenientPlatform, claim, conversion

BAD = Decimal(666)


class Remembering:
    """A platform that takes no request with a bad one in it, and what it took."""

    def __init__(self, refuse: Callable[[Sequence[int]], Answer]) -> None:
        self._refuse = refuse
        self.requests = 0
        self.taken: list[int] = []
        self.settled: list[Settled] = []

    async def ask(self, conversions: Sequence[Conversion]) -> Answer:
        self.requests += 1
        assert conversions
        bad = [place for place, one in enumerate(conversions) if one.value == BAD]
        answer = self._refuse(bad) if bad else Taken("r1")
        if isinstance(answer, Taken) or (isinstance(answer, Refused) and answer.others_taken):
            self.taken += [
                one.event_id.int for place, one in enumerate(conversions) if place not in bad
            ]
        return answer

    async def settle(self, settled: Sequence[Settled]) -> None:
        self.settled += settled

    def numbers(self, state: DeliveryState) -> list[int]:
        return sorted(one.key.event_id.int for one in self.settled if one.state == state)


REFUSALS: dict[str, Callable[[Sequence[int]], Answer]] = {
    "says nothing": lambda _bad: Unclear("one is wrong"),
    "names all": lambda bad: Refused(dict.fromkeys(bad, "wrong")),
    "names one": lambda bad: Refused({bad[0]: "wrong"}),
    "takes the others": lambda bad: Refused(dict.fromkeys(bad, "wrong"), others_taken=True),
    "names a place that is none": lambda _bad: Refused({9_999: "wrong"}),
    "names none": lambda _bad: Refused({}),
}


def claims_of(values: Sequence[bool]) -> list[Claim]:
    """A claim for each value, bad where that is true."""
    return [
        claim(number, conversion=conversion(number, value=BAD if bad else None))
        for number, bad in enumerate(values)
    ]


@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS)
@given(values=st.lists(st.booleans(), max_size=20))
async def test_the_good_are_taken_once_and_the_bad_refused_with_a_reason(
    refuse: Callable[[Sequence[int]], Answer], values: list[bool]
) -> None:
    platform = Remembering(refuse)
    batches = batches_of(claims_of(values), LenientPlatform())
    assert await send_all(batches, platform.ask, platform.settle) is None
    good = [number for number, bad in enumerate(values) if not bad]
    assert sorted(platform.taken) == good
    assert platform.numbers(DeliveryState.SENT) == good
    assert platform.numbers(DeliveryState.REFUSED) == [n for n, bad in enumerate(values) if bad]
    assert len(platform.settled) == len(values)
    assert all(one.reason for one in platform.settled if one.state == DeliveryState.REFUSED)


async def test_one_bad_among_a_thousand_is_found_in_few_requests() -> None:
    platform = Remembering(REFUSALS["says nothing"])
    claims = claims_of([number == 700 for number in range(1_000)])
    assert await send_all([claims], platform.ask, platform.settle) is None
    assert platform.numbers(DeliveryState.REFUSED) == [700]
    assert platform.requests <= 2 * 10 + 1


@pytest.mark.parametrize("failure", [Later("away"), Broken("revoked", "make another")])
async def test_a_platform_that_takes_no_more_is_asked_no_more_and_the_rest_stays_pending(
    failure: Later | Broken,
) -> None:
    answers: list[Answer] = [Taken(), failure]
    settled: list[Settled] = []

    async def ask(_conversions: Sequence[Conversion]) -> Answer:
        return answers.pop(0)

    async def settle(more: Sequence[Settled]) -> None:
        settled.extend(more)

    batches = [[claim(1)], [claim(2)], [claim(3)]]
    assert await send_all(batches, ask, settle) is failure
    assert [one.key.event_id.int for one in settled] == [1]


def test_a_request_holds_one_group_and_no_more_than_the_platform_takes() -> None:
    claims = [
        claim(n, conversion=conversion(n, currency="EUR" if n % 2 else "USD")) for n in range(9)
    ]
    found = [
        [one.conversion.event_id.int for one in batch if one.conversion]
        for batch in batches_of(claims, LenientPlatform())
    ]
    assert found == [[0, 2, 4], [6, 8], [1, 3, 5], [7]]


@pytest.mark.parametrize(
    ("failure", "failures", "least", "most"),
    [
        (Later("away"), 0, 0.5, 1),
        (Later("away"), 3, 4, 8),
        (Later("away"), 500, MAX_PAUSE_SECONDS / 2, MAX_PAUSE_SECONDS),
        (Later("busy", 17.0), 3, 17, 17),
        (Later("tomorrow", 1e9), 0, 86_400, 86_400),
        (Broken("revoked", "x"), 0, FIRST_BROKEN_SECONDS / 2, FIRST_BROKEN_SECONDS),
        (Broken("revoked", "x"), 50, MAX_PAUSE_SECONDS / 2, MAX_PAUSE_SECONDS),
    ],
)
def test_pauses_double_vary_and_end_at_an_hour_unless_the_platform_says_how_long(
    failure: Later | Broken, failures: int, least: float, most: float
) -> None:
    assert pause_after(failure, failures, lambda: 0.0) == least
    assert pause_after(failure, failures, lambda: 1.0) == most
