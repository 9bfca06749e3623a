"""Work that several callers want is done once, kept for a moment, and cancelled with the last."""

from __future__ import annotations

import asyncio

import pytest

from collector.dashboard.shared_work import SharedWork


class Work:
    """Work that ends when the test says so."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return number


async def turn() -> None:
    """Let every task go on as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_callers_of_one_key_share_it_and_those_of_another_do_not() -> None:
    shared, work = SharedWork[str, int](60, 10), Work()
    asked = [asyncio.create_task(shared.get(key, work)) for key in ("a", "a", "b")]
    await turn()
    work.may_end.set()
    assert await asyncio.gather(*asked) == [1, 1, 2]
    assert await shared.get("a", work) == 1  # kept


async def test_it_is_cancelled_with_the_last_who_waits() -> None:
    shared, work = SharedWork[str, int](60, 10), Work()
    one, two = (asyncio.create_task(shared.get("a", work)) for _ in range(2))
    await turn()
    one.cancel()
    await turn()
    assert work.cancelled == 0
    two.cancel()
    await turn()
    assert work.cancelled == 1
    work.may_end.set()
    assert await shared.get("a", work) == 2  # begun anew


async def test_an_error_is_everybody_s_who_waits_and_not_kept() -> None:
    shared = SharedWork[str, int](60, 10)
    may_fail = asyncio.Event()

    async def fail() -> int:
        await may_fail.wait()
        raise ValueError("no")

    asked = [asyncio.create_task(shared.get("a", fail)) for _ in range(2)]
    await turn()
    may_fail.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in answers] == [ValueError, ValueError]
    work = Work()
    work.may_end.set()
    assert await shared.get("a", work) == 1


async def test_a_result_that_is_too_old_is_made_again() -> None:
    shared, work = SharedWork[str, int](-1, 10), Work()
    work.may_end.set()
    assert [await shared.get("a", work) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(("weight", "kept"), [(1, 3), (2, 1), (3, 1), (4, 0)])
async def test_no_more_is_kept_than_may_be(weight: int, kept: int) -> None:
    shared, work = SharedWork[int, int](60, 3, lambda _: weight), Work()
    work.may_end.set()
    for key in range(5):
        await shared.get(key, work)
        await turn()
    begun = work.begun
    for key in (4, 3, 2, 1, 0)[:kept]:
        await shared.get(key, work)
    assert work.begun == begun
    await shared.get(4 - kept, work)
    assert work.begun == begun + 1


async def test_closing_cancels_what_goes_on() -> None:
    shared, work = SharedWork[str, int](60, 10), Work()
    asked = asyncio.create_task(shared.get("a", work))
    await turn()
    await shared.close()
    assert work.cancelled == 1
    with pytest.raises(asyncio.CancelledError):
        await asked
