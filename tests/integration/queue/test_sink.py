"""What the queue takes, and what it says where it cannot."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from collector.errors import EventRefused, StoreUnavailable
from collector.event_row import EventRow, EventStatus
from collector.queue.sink import QueueSinks, open_queue
from local.nats import NatsCluster
from tests.nats import connected, run_queue
from tests.unit.events import event_row
from tests.waiting import until

QUEUED = EventStatus.QUEUED


@asynccontextmanager
async def opened(cluster: NatsCluster) -> AsyncIterator[QueueSinks]:
    """The sinks, once they are connected."""
    async with open_queue(cluster.url, 2) as sinks:
        await until(lambda: answers(sinks))
        yield sinks


async def answers(sinks: QueueSinks) -> bool:
    """Whether live events can be queued."""
    try:
        await sinks.live.ping()
    except StoreUnavailable:
        return False
    return True


async def refuses(sinks: QueueSinks) -> bool:
    """Whether live events cannot be queued."""
    return not await answers(sinks)


async def takes(sinks: QueueSinks, row: EventRow) -> bool:
    """Whether an event is queued."""
    try:
        return await sinks.live.put_each([row]) == [QUEUED]
    except StoreUnavailable:
        return False


async def messages(cluster: NatsCluster, stream: str) -> int:
    """How many are in a stream."""
    async with connected(cluster) as client:
        return (await client.jetstream().stream_info(stream)).state.messages


async def test_events_are_queued_once_each(queue: NatsCluster) -> None:
    rows = [event_row(number, session_id=f"s{number}") for number in range(1, 101)]
    async with opened(queue) as sinks:
        before = await messages(queue, "CT_EVENTS")
        assert await sinks.live.put_each(rows) == [QUEUED] * 100
        assert await sinks.live.put_each(rows) == [QUEUED] * 100
        assert await messages(queue, "CT_EVENTS") == before + 100


async def test_events_go_as_one_batch_and_one_by_one_where_the_servers_have_seen_one(
    queue: NatsCluster,
) -> None:
    rows = [event_row(number, session_id=f"s{number}") for number in range(7_200, 7_220)]
    async with opened(queue) as sinks:
        before = await messages(queue, "CT_EVENTS")
        assert await sinks.live.put_each(rows[:10]) == [QUEUED] * 10
        assert await place_in_batch(queue) == "10"
        assert await sinks.live.put_each(rows[5:]) == [QUEUED] * 15
        assert await place_in_batch(queue) is None
        assert await messages(queue, "CT_EVENTS") == before + 20


async def place_in_batch(cluster: NatsCluster) -> str | None:
    """Of the newest event in the queue, if it came in a batch."""
    async with connected(cluster) as client:
        stream = client.jetstream()
        newest = (await stream.stream_info("CT_EVENTS")).state.last_seq
        return ((await stream.get_msg("CT_EVENTS", newest)).headers or {}).get(
            "Nats-Batch-Sequence"
        )


async def test_more_than_a_batch_may_hold_is_queued_all_the_same(queue: NatsCluster) -> None:
    rows = [event_row(number) for number in range(8_000, 9_001)]
    async with opened(queue) as sinks:
        before = await messages(queue, "CT_EVENTS")
        assert set(await sinks.live.put_each(rows)) == {QUEUED}
        assert await messages(queue, "CT_EVENTS") == before + 1_001


async def test_a_stream_of_an_older_version_takes_events_one_by_one(queue: NatsCluster) -> None:
    async with connected(queue) as client, opened(queue) as sinks:
        stream = client.jetstream()
        config = (await stream.stream_info("CT_EVENTS")).config
        await stream.update_stream(config.evolve(allow_atomic=False))
        before = await messages(queue, "CT_EVENTS")
        assert await sinks.live.put_each([event_row(7_301), event_row(7_302)]) == [QUEUED] * 2
        assert await messages(queue, "CT_EVENTS") == before + 2
        await stream.update_stream(config)


async def test_the_same_event_id_in_two_sessions_is_queued_for_each(queue: NatsCluster) -> None:
    rows = [event_row(7_101, session_id=session) for session in "ab"]
    async with opened(queue) as sinks:
        before = await messages(queue, "CT_EVENTS")
        assert await sinks.live.put_each(rows) == [QUEUED] * 2
        assert await sinks.live.put_each(rows) == [QUEUED] * 2
        assert await messages(queue, "CT_EVENTS") == before + 2


async def test_replays_have_a_stream_of_their_own(queue: NatsCluster) -> None:
    async with opened(queue) as sinks:
        before = await messages(queue, "CT_EVENTS")
        assert await sinks.replays.put_each([event_row(7_001)]) == [QUEUED]
        assert await messages(queue, "CT_EVENTS") == before
        assert await messages(queue, "CT_REPLAYS") == 1


async def test_an_event_that_no_server_would_take_is_refused_alone(queue: NatsCluster) -> None:
    large = event_row(7_002, metadata={"text": "x" * 1_100_000})
    async with opened(queue) as sinks:
        refused, queued = await sinks.live.put_each([large, event_row(7_003)])
    assert isinstance(refused, EventRefused)
    assert "max_payload" in refused.reason
    assert queued is QUEUED


async def test_a_full_queue_takes_nothing_and_says_so() -> None:
    with run_queue(queue_stream_max_bytes=1_048_576) as cluster:
        async with opened(cluster) as sinks:
            large = {"text": "x" * 100_000}
            rows = [event_row(number, metadata=large) for number in range(20)]
            with pytest.raises(StoreUnavailable) as raised:
                await sinks.live.put_each(rows)
            assert "maximum bytes exceeded" in raised.value.reason
            # What the leader has taken is on its way to the others still.
            await until(lambda: refuses(sinks))
            with pytest.raises(StoreUnavailable) as raised:
                await sinks.live.ping()
            assert "full" in raised.value.reason


async def test_without_a_majority_nothing_is_taken_and_with_one_again_all() -> None:
    with run_queue() as cluster:
        async with opened(cluster) as sinks:
            first, second, _ = cluster.servers
            for server in (first, second):
                server.signal(signal.SIGKILL)
            with pytest.raises(StoreUnavailable):
                await sinks.live.put_each([event_row(1)])
            for server in (first, second):
                server.start()
            await until(lambda: takes(sinks, event_row(1)))


async def test_a_collector_starts_before_its_queue_does() -> None:
    with run_queue() as cluster:
        for server in cluster.servers:
            server.stop()
        async with open_queue(cluster.url, 2) as sinks:
            with pytest.raises(StoreUnavailable) as raised:
                await sinks.live.put_each([event_row(1)])
            assert raised.value.reason == "no server of the queue is reached"
            for server in cluster.servers:
                server.start()
            await until(lambda: takes(sinks, event_row(1)))
