"""The queue before the disk: its order, its bounds, its estimate of memory."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.durable.queue import BATCH_BYTES, BatchQueue, Submission, estimate_bytes
from collector.errors import QueueFull
from tests.unit.events import event_row


def submission(events: int, size_bytes: int = 1) -> Submission:
    loop = asyncio.new_event_loop()
    try:
        return Submission([event_row()] * events, size_bytes, loop.create_future())
    finally:
        loop.close()


steps = st.lists(
    st.tuples(st.just("put"), st.integers(1, 5), st.integers(1, 50))
    | st.tuples(st.just("take"), st.integers(1, 8), st.just(0))
    | st.tuples(st.just("release"), st.just(0), st.just(0)),
    max_size=40,
)


@given(steps)
def test_nothing_is_lost_or_overtaken_and_the_bounds_hold(
    steps: list[tuple[str, int, int]],
) -> None:
    queue = BatchQueue(max_events=10, max_bytes=100)
    entered: list[Submission] = []
    left: list[Submission] = []
    taken: list[list[Submission]] = []
    for step, count, size in steps:
        if step == "put":
            new = submission(count, size)
            try:
                queue.put(new)
                entered.append(new)
            except QueueFull:
                assert queue.held_events + count > 10 or queue.held_bytes + size > 100
        elif step == "take":
            batch = queue.take(count)
            assert len(batch) <= 1 or sum(len(s.rows) for s in batch) <= count
            taken.append(batch)
            left += batch
        elif taken:
            queue.release(taken.pop())
        held = [s for s in entered if s not in left] + [s for batch in taken for s in batch]
        assert queue.held_events == sum(len(s.rows) for s in held) <= 10
        assert queue.held_bytes == sum(s.size_bytes for s in held) <= 100
        assert queue.waiting_events == sum(len(s.rows) for s in entered if s not in left)
    assert left + queue.take(1_000) == entered


def test_what_is_over_a_bound_by_itself_is_taken_while_nothing_else_is_there() -> None:
    queue = BatchQueue(max_events=10, max_bytes=100)
    queue.put(submission(500))
    with pytest.raises(QueueFull):
        queue.put(submission(1))
    queue.release(queue.take(10))
    queue.put(submission(1))


def test_a_batch_of_events_is_not_torn_apart() -> None:
    queue = BatchQueue(max_events=1_000, max_bytes=1_000)
    for events in (3, 3, 500):
        queue.put(submission(events))
    assert [[len(s.rows) for s in queue.take(5)] for _ in range(4)] == [[3], [3], [500], []]


@pytest.mark.parametrize(
    "fields",
    [
        {"page_url": "https://example.com/" + "é" * 30_000},
        {"form_data": {f"field {n}": "v" * 200 for n in range(200)}},
        {"metadata": {"list": ["z" * 1_000 + str(n) for n in range(30)]}},
        {"click_ids": {f"id{n}": "v" * 1_000 for n in range(32)}},
    ],
    ids=["text", "fields", "list", "click ids"],
)
def test_what_can_be_long_is_counted(fields: dict[str, Any]) -> None:
    assert estimate_bytes([event_row(**fields)]) > estimate_bytes([event_row()]) + 29_000


def test_the_request_counts_once_and_each_of_its_events() -> None:
    one, many = estimate_bytes([event_row()]), estimate_bytes([event_row()] * 500)
    assert one > 16_000
    assert 500_000 < many < 500 * one


def test_a_batch_holds_no_more_memory_than_its_statement_may() -> None:
    queue = BatchQueue(max_events=1_000, max_bytes=1 << 30)
    for size in (BATCH_BYTES - 1, 1, 1, BATCH_BYTES + 1):
        queue.put(submission(1, size))
    sizes = [[s.size_bytes for s in queue.take(500)] for _ in range(3)]
    assert sizes == [[BATCH_BYTES - 1, 1], [1], [BATCH_BYTES + 1]]
