"""From the spool to a real Postgres, with everything that may come between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collector.background import run_in_background
from collector.errors import StoreUnavailable
from collector.one_by_one import TRIES
from collector.outage import Outage
from collector.postgres.store import Store, open_store
from collector.spool.orphaned import drain_if_orphaned
from collector.spool.replayer import (
    BUSY_SHARE,
    IDLE_SECONDS,
    MAX_BACKOFF_SECONDS,
    MAX_PAUSE_SECONDS,
    Replayer,
    backoff_seconds,
    pause_seconds,
    replay_batch,
)
from collector.spool.spool import Spool, open_spool, spool_names
from tests.support import execute, fetch
from tests.unit.events import event_row

NO_LIMIT = 1_000_000_000


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    async with open_store(database, 2, 5) as opened:
        yield opened


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    async with open_spool(tmp_path / "spool", "spool-0", NO_LIMIT) as opened:
        yield opened


def replayer_of(spool: Spool, store: Store, outage: Outage, counted: list[int]) -> Replayer:
    """A replayer whose jitter is none, and that counts into a list."""
    return Replayer(spool, store, outage, counted.append, jitter=lambda: 0.0)


async def stored_numbers(database: str) -> list[int]:
    """The ids in Postgres."""
    rows = await fetch(database, "SELECT id FROM conversion_events ORDER BY id")
    return [row["id"].int for row in rows]


async def test_a_batch_goes_from_the_spool_to_postgres_oldest_first(
    spool: Spool, store: Store, database: str
) -> None:
    await spool.append([event_row(n) for n in (5, 3, 4)])
    moved = await replay_batch(spool, store, limit=2)
    assert (moved.stored, moved.refused, spool.depth) == (2, 0, 1)
    assert await stored_numbers(database) == [3, 5]


async def test_a_batch_that_is_replayed_twice_is_stored_once(
    spool: Spool, store: Store, database: str
) -> None:
    """As after a kill between the commit in Postgres and the removal from the spool."""
    await spool.append([event_row(1), event_row(2), event_row(2)])
    await store.insert_events([event_row(1), event_row(2)])
    moved = await replay_batch(spool, store)
    assert (moved.stored, spool.depth) == (3, 0)
    assert await stored_numbers(database) == [1, 2]


async def test_an_event_that_postgres_refuses_is_set_aside_and_the_rest_is_stored(
    spool: Spool, store: Store, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = event_row(3, currency="Euro", page_title="Erika Mustermann")
    await spool.append([event_row(1), event_row(2), bad, event_row(4)])
    moved = await replay_batch(spool, store)
    assert (moved.stored, moved.refused) == (3, 1)
    assert (spool.depth, spool.refused) == (0, 1)
    assert await stored_numbers(database) == [1, 2, 4]
    assert "event 3 is set aside" in caplog.text
    assert "Erika" not in caplog.text


async def test_while_postgres_fails_everything_stays_in_the_spool(
    spool: Spool, store: Store, database: str
) -> None:
    await spool.append([event_row(1), event_row(2)])
    await execute(database, "ALTER TABLE conversion_events RENAME TO away")
    with pytest.raises(StoreUnavailable):
        await replay_batch(spool, store)
    assert (spool.depth, spool.refused) == (2, 0)


async def test_the_first_success_says_that_postgres_is_back(
    spool: Spool, store: Store, database: str
) -> None:
    outage, counted = Outage("Postgres"), list[int]()
    replayer = replayer_of(spool, store, outage, counted)
    await spool.append([event_row(1)])
    outage.begin()
    await execute(database, "ALTER TABLE conversion_events RENAME TO away")
    waits = [await replayer.step() for _ in range(8)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.05, MAX_BACKOFF_SECONDS / 2)
    assert outage.is_away
    await execute(database, "ALTER TABLE away RENAME TO conversion_events")
    assert await replayer.step() < MAX_PAUSE_SECONDS
    assert not outage.is_away
    assert (counted, spool.depth) == ([1], 0)
    assert await replayer.step() == IDLE_SECONDS


async def test_with_an_empty_spool_it_asks_postgres_whether_it_is_back(
    spool: Spool, store: Store, database: str
) -> None:
    outage = Outage("Postgres")
    replayer = replayer_of(spool, store, outage, [])
    outage.begin()
    await execute(database, "ALTER TABLE conversion_events RENAME TO away")
    await replayer.step()
    assert outage.is_away
    await execute(database, "ALTER TABLE away RENAME TO conversion_events")
    await replayer.step()
    assert not outage.is_away


async def test_it_runs_in_the_background_until_the_spool_is_empty(
    spool: Spool, store: Store, database: str
) -> None:
    await spool.append([event_row(n) for n in range(1, 1_001)])
    async with run_in_background(replayer_of(spool, store, Outage("Postgres"), []).run()):
        async with asyncio.timeout(60):
            while spool.depth:  # noqa: ASYNC110  # the replayer tells nobody
                await asyncio.sleep(0.01)
    assert await stored_numbers(database) == list(range(1, 1_001))


async def test_cancelling_it_at_any_point_loses_and_doubles_nothing(
    spool: Spool, store: Store, database: str
) -> None:
    await spool.append([event_row(n) for n in range(1, 2_001)])
    for milliseconds in range(0, 60, 3):
        async with run_in_background(replayer_of(spool, store, Outage("Postgres"), []).run()):
            await asyncio.sleep(milliseconds / 1_000)
    await replayer_of(spool, store, Outage("Postgres"), []).drain()
    assert await stored_numbers(database) == list(range(1, 2_001))


async def test_a_spool_that_another_process_left_is_drained_and_its_damage_counted(
    spool: Spool, store: Store, database: str
) -> None:
    folder = spool.path.parent
    counted: list[int] = []

    async def drain() -> None:
        await drain_if_orphaned(
            spool, "spool-7", NO_LIMIT, lambda s: replayer_of(s, store, Outage("Postgres"), counted)
        )

    async with open_spool(folder, "spool-7", NO_LIMIT) as orphaned:
        await orphaned.append([event_row(n) for n in (1, 2, 3)])
        await drain()
        assert orphaned.depth == 3  # not while it is open
    [log] = folder.glob("spool-7.*.events")
    content = log.read_bytes()
    log.write_bytes(content[:-20] + bytes(20))
    await drain()
    await drain()
    assert counted == [2]
    assert await stored_numbers(database) == [1, 2]
    assert spool.damaged == 1


async def test_an_orphaned_spool_that_cannot_be_drained_is_named_and_holds_up_no_other(
    spool: Spool, store: Store, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = spool.path.parent
    long_name = "a" * 245
    (folder / f"{long_name}.sqlite3").write_bytes(b"damaged" * 1_000)
    async with open_spool(folder, "spool-1", NO_LIMIT) as orphaned:
        await orphaned.append([event_row(1)])
    for name in spool_names(folder):
        await drain_if_orphaned(
            spool, name, NO_LIMIT, lambda s: replayer_of(s, store, Outage("Postgres"), [])
        )
    assert await stored_numbers(database) == [1]
    assert "an orphaned spool is not drained" in caplog.text
    assert "File name too long" in caplog.text  # to rename it is what fails


TRIGGER = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {condition} THEN RAISE EXCEPTION 'unheard of' USING ERRCODE = 'XX999'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail BEFORE INSERT ON conversion_events FOR EACH ROW EXECUTE FUNCTION fail()
"""


async def test_an_event_that_fails_for_a_reason_that_nobody_knows_is_set_aside_after_some_tries(
    spool: Spool, store: Store, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    await execute(database, TRIGGER.format(condition="NEW.page_title = 'Erika'"))
    bad = [event_row(1, page_title="Erika"), event_row(2, page_title="Erika")]
    await spool.append([*bad, *(event_row(n) for n in range(3, 301))])
    replayer = replayer_of(spool, store, Outage("Postgres"), [])
    for _ in range(TRIES + 3):
        await replayer.step()
    assert await stored_numbers(database) == list(range(3, 301))
    assert (spool.depth, spool.refused) == (0, 2)
    assert "event 1 is set aside" in caplog.text
    assert "Erika" not in caplog.text


async def test_where_no_event_passes_none_is_set_aside(
    spool: Spool, store: Store, database: str
) -> None:
    await execute(database, TRIGGER.format(condition="true"))
    await spool.append([event_row(n) for n in range(1, 301)])
    replayer = replayer_of(spool, store, Outage("Postgres"), [])
    for _ in range(3 * TRIES):
        await replayer.step()
    assert (spool.depth, spool.refused) == (300, 0)


def test_the_pause_leaves_most_of_the_time_to_live_traffic() -> None:
    assert 0.1 / (0.1 + pause_seconds(0.1)) == pytest.approx(BUSY_SHARE)
    assert pause_seconds(1_000) == MAX_PAUSE_SECONDS


@pytest.mark.parametrize(
    ("failures", "jitter", "seconds"),
    [(1, 0.0, 0.05), (1, 1.0, 0.1), (2, 1.0, 0.2), (6, 1.0, 2.0), (10_000, 0.0, 1.0)],
)
def test_the_wait_after_failures_grows_to_a_cap(
    failures: int, jitter: float, seconds: float
) -> None:
    assert backoff_seconds(failures, jitter) == pytest.approx(seconds)
