"""Telling a platform of conversions, until each is settled or the platform takes no more."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Hashable, Sequence

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
from collector.conversions.platform import Platform

# The pause after the first failure in a row; each more doubles it.
FIRST_PAUSE_SECONDS = 1.0
FIRST_BROKEN_SECONDS = 300.0
MAX_PAUSE_SECONDS = 3_600.0
MAX_DOUBLINGS = 12

NAMED_NONE = "the platform refused it without a reason"


# Posts conversions to the platform, and says what its answer means.
Ask = Callable[[Sequence[Conversion]], Awaitable[Answer]]
Settle = Callable[[Sequence[Settled]], Awaitable[None]]


async def send_all(
    batches: Sequence[Sequence[Claim]], ask: Ask, settle: Settle
) -> Later | Broken | None:
    """Tell of all claims, in batches; what one bad one holds up is found by halving.

    Each answer is written down by `settle` before the next request, so that a process that dies
    tells of few again. Returns why it stopped before the end, and None at the end. What was not
    settled is pending still.
    """
    waiting = deque(batches)
    while waiting:
        batch = waiting.popleft()
        answer = await ask([claim.conversion for claim in batch if claim.conversion])
        if isinstance(answer, Later | Broken):
            return answer
        settled, rest = read_answer(answer, batch)
        await settle(settled)
        waiting.extendleft(reversed(rest))
    return None


def batches_of(claims: Sequence[Claim], platform: Platform) -> list[Sequence[Claim]]:
    """The claims as requests hold them: of one group each, and no more than the platform takes."""
    groups: dict[Hashable, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.conversion:
            groups[platform.group_of(claim.conversion)].append(claim)
    most = platform.most_conversions
    return [
        group[start : start + most]
        for group in groups.values()
        for start in range(0, len(group), most)
    ]


def read_answer(
    answer: Taken | Refused | Unclear, batch: Sequence[Claim]
) -> tuple[list[Settled], list[Sequence[Claim]]]:
    """What an answer settles of a batch, and the batches that are to be sent now."""
    if isinstance(answer, Taken):
        return [sent(claim, answer.remote_id) for claim in batch], []
    if isinstance(answer, Refused):
        return read_refused(answer, batch)
    if len(batch) == 1:
        return [Settled(batch[0].key, DeliveryState.REFUSED, answer.reason)], []
    half = len(batch) // 2
    return [], [batch[:half], batch[half:]]


def read_refused(
    answer: Refused, batch: Sequence[Claim]
) -> tuple[list[Settled], list[Sequence[Claim]]]:
    """The same of one that names those it refuses."""
    named = {place: why for place, why in answer.reasons.items() if 0 <= place < len(batch)}
    if not named:  # it names none of these: who is meant is found out
        return read_answer(Unclear(next(iter(answer.reasons.values()), NAMED_NONE)), batch)
    settled = [
        Settled(batch[place].key, DeliveryState.REFUSED, why, answer.remote_id)
        for place, why in sorted(named.items())
    ]
    rest = [claim for place, claim in enumerate(batch) if place not in named]
    if answer.others_taken:
        return settled + [sent(claim, answer.remote_id) for claim in rest], []
    return settled, [rest] if rest else []


def sent(claim: Claim, remote_id: str | None) -> Settled:
    """The platform has it."""
    return Settled(claim.key, DeliveryState.SENT, None, remote_id)


def pause_after(
    failure: Later | Broken, failures: int, chance: Callable[[], float] = random.random
) -> float:
    """For how many seconds nothing is sent after so many failures in a row before this one.

    As long as the platform says; else it doubles, up to an hour, and varies by a half, so that
    many senders do not come back at once.
    """
    if isinstance(failure, Later) and failure.seconds is not None:
        return min(failure.seconds, 24 * MAX_PAUSE_SECONDS)
    first = FIRST_BROKEN_SECONDS if isinstance(failure, Broken) else FIRST_PAUSE_SECONDS
    longest: float = min(first * 2 ** min(failures, MAX_DOUBLINGS), MAX_PAUSE_SECONDS)
    return longest * (0.5 + chance() / 2)
