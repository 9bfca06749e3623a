"""Consumers and collectors of different versions beside each other, as in an upgrade."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from collector.codec import VERSION, encode_row
from collector.event_row import EventRow
from collector.queue.lanes import LIVE, subject_of
from local.nats import NatsCluster
from tests.faults import newer_consumer
from tests.faults.collector_process import ConsumerProcess, started
from tests.nats import as_environment, connected
from tests.support import fetch
from tests.unit.events import event_row
from tests.unit.test_codec import WRITTEN
from tests.waiting import eventually, until

PARTITIONS = 17


class NewerConsumer(ConsumerProcess):
    """A consumer of the next version."""

    program = (sys.executable, newer_consumer.__file__)


@pytest.fixture
def consumers(
    queue: NatsCluster, tmp_path: Path, database: str
) -> Iterator[tuple[ConsumerProcess, ConsumerProcess]]:
    """Ours, which is the older one here, and one of the next version."""
    settings = as_environment(queue)
    older = ConsumerProcess(tmp_path, database, **settings)
    newer = NewerConsumer(tmp_path, database, **settings)
    with started(older), started(newer):
        yield older, newer


async def publish(queue: NatsCluster, messages: Sequence[tuple[EventRow, bytes]]) -> None:
    """Put messages where a collector puts the events of their sessions."""
    async with connected(queue) as client:
        for row, data in messages:
            headers = {"Nats-Msg-Id": str(row.id)}
            await client.jetstream().publish(subject_of(row, LIVE), data, headers=headers)


def rows(first: int) -> Sequence[EventRow]:
    """One event each of sessions that are in all partitions."""
    return [event_row(number, session_id=f"s{number}") for number in range(first, first + 100)]


def of_next_version(row: EventRow) -> bytes:
    """As a collector of the next version writes it, in a form that is not known yet."""
    return encode_row(row).replace(b'{"version":%d' % VERSION, newer_consumer.NEXT[:-1])


def with_a_field_more(row: EventRow) -> bytes:
    """As a collector of the next version writes it, where it only knows one field more."""
    content = json.loads(encode_row(row))
    content["event"]["mood"] = {"of": "the visitor"}
    return json.dumps(content).encode()


async def stored(database: str) -> int:
    """How many events are in Postgres; none is among the rejects."""
    assert await fetch(database, "SELECT FROM rejected_events") == []
    return len(await fetch(database, "SELECT FROM conversion_events"))


async def has(database: str, count: int) -> bool:
    """Whether so many are stored."""
    return await stored(database) == count


async def share_themselves(consumers: Sequence[ConsumerProcess]) -> None:
    """Return when each holds its half."""
    await eventually(lambda: sorted(map(held, consumers)) == [8, 9])


def held(process: ConsumerProcess) -> float:
    """How many partitions it holds."""
    return process.metric("ct_consumer_partitions")


async def test_each_reads_what_an_older_and_a_newer_collector_write(
    queue: NatsCluster, database: str, consumers: tuple[ConsumerProcess, ConsumerProcess]
) -> None:
    await share_themselves(consumers)
    plain, more = rows(20_000), rows(20_100)
    await publish(queue, [(row, encode_row(row)) for row in plain])
    await publish(queue, [(row, with_a_field_more(row)) for row in more])
    # The form that collectors wrote first, of which one session is enough.
    await publish(queue, [(event_row(20_200), WRITTEN)])
    await until(lambda: has(database, 201))
    for process in consumers:
        assert process.labelled("ct_consumer_events_total", result="stored") > 0


async def test_a_form_that_is_not_known_yet_waits_for_a_consumer_that_knows_it(
    queue: NatsCluster, database: str, consumers: tuple[ConsumerProcess, ConsumerProcess]
) -> None:
    older, newer = consumers
    await share_themselves(consumers)
    events = rows(20_300)
    await publish(queue, [(row, of_next_version(row)) for row in events])
    left = ("ct_consumer_events_total", "unavailable")
    await eventually(lambda: older.labelled(left[0], result=left[1]) > 0)
    await eventually(lambda: newer.labelled(left[0], result="stored") > 0)
    assert 0 < await stored(database) < 100
    assert older.metric("ct_consumer_postgres_away") == 0
    # What is known is stored meanwhile, also by the older one.
    await publish(queue, [(row, encode_row(row)) for row in rows(20_400)])
    await eventually(lambda: older.labelled(left[0], result="stored") > 0)
    older.signal(signal.SIGTERM)
    await eventually(lambda: held(newer) == PARTITIONS)
    await until(lambda: has(database, 200))
    assert "bring consumers to its version" in older.log.read_text()
