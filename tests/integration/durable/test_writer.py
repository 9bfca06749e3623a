"""Group commit: what shares a transaction, what is refused, what waits, what goes to the spool."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from collector.durable.failover import Failover
from collector.durable.writer import Writer, WriterLimits, open_writer
from collector.errors import EventRefused, QueueFull, SpoolFull
from collector.event_row import EventRow, EventStatus
from collector.outage import Outage
from collector.postgres.store import Store, open_store
from collector.spool.replayer import Replayer
from collector.spool.spool import Spool, open_spool
from tests.support import empty_tables, fetch, run_collector
from tests.unit.events import event_row

LIMITS = WriterLimits(
    queue_events=5_000,
    queue_bytes=1 << 30,
    batch_events=500,
    commit_interval_seconds=0,
)

STORED, DUPLICATE, SPOOLED = EventStatus.STORED, EventStatus.DUPLICATE, EventStatus.SPOOLED


@dataclass(frozen=True)
class Running:
    """A writer, and everything behind it."""

    writer: Writer
    store: Store
    spool: Spool
    outage: Outage
    batches: list[int]
    counts: Counter[EventStatus]
    refused: list[EventRow]


@asynccontextmanager
async def running(
    database: str,
    folder: Path,
    limits: WriterLimits = LIMITS,
    timeout_seconds: float = 30,
    spool_bytes: int = 1 << 24,
) -> AsyncIterator[Running]:
    """A writer on a real Postgres and a real spool; nothing replays."""
    outage = Outage("Postgres")
    batches: list[int] = []
    refused: list[EventRow] = []
    counts: Counter[EventStatus] = Counter()
    async with (
        open_store(database, 5, timeout_seconds) as store,
        open_spool(folder, "test", spool_bytes) as spool,
        open_writer(
            Failover(store, spool, outage, lambda row, _error: refused.append(row)),
            limits,
            lambda events, _seconds: batches.append(events),
            lambda status, events: counts.update({status: events}),
        ) as writer,
    ):
        yield Running(writer, store, spool, outage, batches, counts, refused)


@asynccontextmanager
async def locked(database: str) -> AsyncIterator[None]:
    """Nobody can insert an event; reading goes on."""
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE conversion_events IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


def events(count: int, first: int = 1) -> list[EventRow]:
    return [event_row(n, session_id=f"s{n % 7}") for n in range(first, first + count)]


async def stored_ids(database: str) -> list[UUID]:
    return [row["id"] for row in await fetch(database, "SELECT id FROM conversion_events")]


async def test_requests_that_arrive_together_share_a_transaction(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path) as r:
        results = await asyncio.gather(*(r.writer.put(e) for e in events(100)))
    assert results == [STORED] * 100
    assert r.batches == [100]
    [row] = await fetch(database, "SELECT count(DISTINCT created_at) AS n FROM conversion_events")
    assert row["n"] == 1


async def test_an_event_alone_does_not_wait_for_others(database: str, tmp_path: Path) -> None:
    limits = replace(LIMITS, stuck_after_seconds=60)
    async with running(database, tmp_path, limits) as r, asyncio.timeout(30):
        for e in events(5):
            assert await r.writer.put(e) is STORED
    assert r.batches == [1] * 5


async def test_events_within_the_interval_of_a_commit_share_the_next(
    database: str, tmp_path: Path
) -> None:
    limits = replace(LIMITS, commit_interval_seconds=1)
    async with running(database, tmp_path, limits) as r:
        began = asyncio.get_running_loop().time()
        assert await r.writer.put(event_row(1)) is STORED  # the first waits for nobody
        for e in events(5, first=2):
            asyncio.create_task(r.writer.put(e))  # noqa: RUF006  # the last one ends after them
            await asyncio.sleep(0.01)
        assert await r.writer.put(event_row(7)) is STORED
        assert asyncio.get_running_loop().time() - began >= 1
    assert r.batches == [1, 6]


async def test_a_writer_that_ends_does_not_wait_for_the_interval(
    database: str, tmp_path: Path
) -> None:
    limits = replace(LIMITS, commit_interval_seconds=600)
    async with asyncio.timeout(60), running(database, tmp_path, limits) as r:
        await r.writer.put(event_row(1))
        late = asyncio.create_task(r.writer.put(event_row(2)))
        await asyncio.sleep(0)
    assert await late is STORED


async def test_while_a_commit_runs_the_next_batch_gathers_until_it_ends(
    database: str, tmp_path: Path
) -> None:
    limits = replace(LIMITS, stuck_after_seconds=60)
    async with running(database, tmp_path, limits) as r:
        async with locked(database):
            puts = [asyncio.create_task(r.writer.put(event_row(1)))]
            await until_waiting(database, 1)
            for e in events(20, first=2):
                puts.append(asyncio.create_task(r.writer.put(e)))
                await asyncio.sleep(0.005)
        assert await asyncio.gather(*puts) == [STORED] * 21
    assert r.batches == [1, 20]


async def test_a_batch_lingers_no_longer_than_it_may_behind_a_commit_that_is_stuck(
    database: str, tmp_path: Path
) -> None:
    stuck = event_row(1)
    connection = await asyncpg.connect(database)
    try:
        async with running(database, tmp_path) as r:
            async with connection.transaction():
                await insert_key(connection, stuck)
                first = asyncio.create_task(r.writer.put(stuck))
                await until_waiting(database, 1)
                async with asyncio.timeout(20):
                    assert await r.writer.put(event_row(2)) is STORED
                assert not first.done()
            assert await first is DUPLICATE
    finally:
        await connection.close()


async def insert_key(connection: Any, row: EventRow) -> None:
    """The same event by somebody else, in a transaction that has not ended."""
    await connection.execute(
        "INSERT INTO conversion_events (id, session_id, event_type, event_name, received_at) "
        "VALUES ($1, $2, 't', 'n', now())",
        row.id,
        row.session_id,
    )


async def test_a_batch_closes_when_it_is_full(database: str, tmp_path: Path) -> None:
    limits = replace(LIMITS, batch_events=10, commits_in_flight=1)
    async with running(database, tmp_path, limits) as r:
        await asyncio.gather(*(r.writer.put(e) for e in events(35)))
    assert r.batches == [10, 10, 10, 5]


async def test_clients_that_wait_for_answers_are_written_in_halves(
    database: str, tmp_path: Path
) -> None:
    async def client(writer: Writer, numbers: range) -> None:
        for number in numbers:
            await writer.put(event_row(number))

    async with running(database, tmp_path, replace(LIMITS, stuck_after_seconds=60)) as r:
        await asyncio.gather(*(client(r.writer, range(n * 10, n * 10 + 10)) for n in range(1, 101)))
    assert sum(r.batches) == 1_000
    assert r.batches[0] == 100  # nothing was known of the clients yet
    assert set(r.batches[1:]) == {50}


async def test_a_full_batch_does_not_linger_behind_a_commit(database: str, tmp_path: Path) -> None:
    limits = replace(LIMITS, batch_events=10, stuck_after_seconds=60)
    async with running(database, tmp_path, limits) as r:
        async with locked(database):
            puts = [asyncio.create_task(r.writer.put(event_row(1)))]
            await until_waiting(database, 1)
            for e in events(10, first=2):
                puts.append(asyncio.create_task(r.writer.put(e)))
                await asyncio.sleep(0.01)
            await until_waiting(database, 2)
        assert await asyncio.gather(*puts) == [STORED] * 11


async def until_waiting(database: str, count: int) -> None:
    """Wait until so many statements wait for a lock."""
    query = "SELECT count(*) AS n FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(20):
        while (await fetch(database, query))[0]["n"] != count:  # noqa: ASYNC110  # Postgres is awaited
            await asyncio.sleep(0.05)


async def test_each_of_many_events_is_answered_by_itself(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path) as r:
        await r.writer.put(event_row(2))
        bad = event_row(4, conversion_value=Decimal(-1))
        outcomes = await r.writer.put_all(
            [event_row(1), event_row(2), event_row(3), event_row(3), bad]
        )
        assert await r.writer.put_all([event_row(5), event_row(5)]) == [STORED, DUPLICATE]
        assert await r.writer.put_all([]) == []
    assert outcomes[:4] == [STORED, DUPLICATE, STORED, DUPLICATE]
    assert isinstance(outcomes[4], EventRefused)
    assert r.counts == {STORED: 4, DUPLICATE: 3, EventStatus.REFUSED: 1}
    assert sorted(await stored_ids(database)) == [UUID(int=n) for n in (1, 2, 3, 5)]


REFUSED = {
    "check": {"conversion_value": Decimal(-1)},
    "too long": {"utm_source": "a person's " + "x" * 100},
    "number": {"sequence": 2**31},
    "amount": {"conversion_value": Decimal(10) ** 16},
    "empty": {"session_id": ""},
    "unknown": {"source_type": "a person's"},
    "nul": {"page_title": "a person's \x00"},
    "nul in JSON": {"metadata": {"name": "a person's \x00"}},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
async def test_a_row_that_postgres_refuses_fails_alone_in_the_middle_of_500(
    database: str, tmp_path: Path, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    good = events(500)
    bad = event_row(1_000, **{"event_name": "a person's", **fields})
    async with running(database, tmp_path) as r:
        puts = [r.writer.put(e) for e in [*good[:250], bad, *good[250:]]]
        results = await asyncio.gather(*puts, return_exceptions=True)
    assert isinstance(results.pop(250), EventRefused)
    assert results == [STORED] * 500
    assert sorted(await stored_ids(database)) == [e.id for e in good]
    assert r.spool.depth == 0
    assert r.refused == [bad]
    assert "takes is refused" in caplog.text
    assert "person" not in caplog.text


async def test_an_integer_of_any_size_in_metadata_is_stored(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path) as r:
        await r.writer.put(event_row(metadata={"n": 1 << 200, "x": 2.5, "é": "ü"}))
    [row] = await fetch(database, "SELECT metadata->>'n' AS n, metadata FROM conversion_events")
    assert row["n"] == str(1 << 200)


async def test_a_client_that_goes_away_cancels_nothing_but_itself(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path) as r:
        async with locked(database):
            puts = [asyncio.create_task(r.writer.put(e)) for e in events(10)]
            await until_waiting(database, 1)
            puts[3].cancel()
            with suppress(asyncio.CancelledError):
                await puts[3]
        assert await asyncio.gather(*puts[:3], *puts[4:]) == [STORED] * 9
    assert len(await stored_ids(database)) == 10
    assert r.counts == {STORED: 10}


async def test_what_was_put_is_durable_when_the_writer_ends(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, replace(LIMITS, batch_events=3)) as r:
        puts = [asyncio.create_task(r.writer.put(e)) for e in events(20)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*puts) == [STORED] * 20


async def test_a_full_queue_refuses_at_once(database: str, tmp_path: Path) -> None:
    async with running(database, tmp_path, replace(LIMITS, queue_events=10)) as r:
        async with locked(database):
            puts = [asyncio.create_task(r.writer.put(e)) for e in events(10)]
            await until_waiting(database, 1)
            with pytest.raises(QueueFull) as refusal:
                r.writer.put(event_row(11)).send(None)  # its first step: it waits for nothing
            assert int(refusal.value.headers["Retry-After"]) >= 1
            assert r.counts == {EventStatus.UNAVAILABLE: 1}
        assert await asyncio.gather(*puts) == [STORED] * 10
        assert await r.writer.put(event_row(11)) is STORED
        assert (r.writer.held_events(), r.writer.held_bytes()) == (0, 0)


async def test_a_full_queue_is_a_503_over_http(database: str) -> None:
    async with run_collector(database, queue_max_events=10) as collector, locked(database):
        puts = [asyncio.create_task(collector.track()) for _ in range(40)]
        refused, _ = await asyncio.wait(puts, timeout=2)
        assert {put.result()[0] for put in refused} == {503}
        assert {put.result()[1]["error"] for put in refused} == {"queue_full"}
        assert len(refused) == 30
        async with collector.client.get("/metrics") as answer:
            assert "ct_queue_events 10.0" in (await answer.text()).splitlines()


async def test_what_postgres_does_not_take_in_time_goes_to_the_spool_and_is_never_twice(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path, timeout_seconds=0.5) as r:
        async with locked(database):
            assert await r.writer.put(event_row(1)) is SPOOLED
            assert r.outage.is_away
            started = time.monotonic()
            assert await asyncio.gather(*(r.writer.put(e) for e in events(9, first=2))) == (
                [SPOOLED] * 9
            )
            assert time.monotonic() - started < 0.4  # it did not wait for Postgres again
        replayer = Replayer(r.spool, r.store, r.outage, lambda _count: None)
        async with asyncio.timeout(20):
            await replayer.drain()
        assert await r.writer.put(event_row(11)) is STORED
    assert sorted(await stored_ids(database)) == [UUID(int=n) for n in range(1, 12)]


async def test_no_backend_of_a_given_up_statement_waits_for_the_lock(
    database: str, tmp_path: Path
) -> None:
    async with running(database, tmp_path, timeout_seconds=0.5) as r, locked(database):
        assert await r.writer.put(event_row(1)) is SPOOLED
        await until_waiting(database, 0)


async def test_with_a_full_spool_and_no_postgres_the_event_is_refused_and_both_are_tried_again(
    database: str, tmp_path: Path
) -> None:
    big: dict[str, Any] = {"metadata": {"text": "x" * 100_000}}
    async with running(database, tmp_path, timeout_seconds=0.3, spool_bytes=1 << 20) as r:
        async with locked(database):
            results: Counter[Any] = Counter()
            for n in range(1, 20):
                try:
                    results[await r.writer.put(event_row(n, **big))] += 1
                except SpoolFull:
                    results[SpoolFull] += 1
            assert results[SPOOLED] > 3
            assert results[SpoolFull] > 3
        # Nothing replays here: the writer itself finds out that Postgres is back.
        assert await r.writer.put(event_row(100, **big)) is STORED
        assert not r.outage.is_away


async def test_writers_on_the_same_events_and_sessions_in_any_order_never_deadlock(
    database: str, tmp_path: Path
) -> None:
    await empty_tables(database)

    async def write(store: Store, number: int) -> list[int]:
        counts = []
        for turn in range(8):
            shared = [event_row(turn * 1_000 + n, session_id=f"s{n * 7 % 20}") for n in range(300)]
            own = [
                event_row(10_000 * (number + 1) + turn * 1_000 + n, session_id=f"s{n % 20}")
                for n in range(20)
            ]
            mixed = shared + own
            batch = mixed if number % 2 else mixed[::-1]
            counts.append(len(await store.insert_events(batch)))
        return counts

    async with open_store(database, 6, 60) as store:
        counts = await asyncio.gather(*(write(store, number) for number in range(6)))
    assert [sum(turn) for turn in zip(*counts, strict=True)] == [300 + 6 * 20] * 8
