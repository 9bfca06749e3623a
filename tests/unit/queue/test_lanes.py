"""Which subject an event goes on."""

from collections import Counter

import pytest

from collector.queue.lanes import LIVE, PARTITIONS, REPLAYS, subject_of
from tests.unit.events import event_row


# Fixed for ever: what waits under one number must not be another's after an upgrade.
@pytest.mark.parametrize(
    ("session_id", "subject"),
    [("s1", "ct.events.0"), ("session_1703721234567_abc", "ct.events.5"), ("ü", "ct.events.5")],
)
def test_a_session_has_the_same_partition_always(session_id: str, subject: str) -> None:
    rows = [event_row(number, session_id=session_id) for number in (1, 2)]
    assert {subject_of(row, LIVE) for row in rows} == {subject}


def test_sessions_are_spread_over_all_partitions() -> None:
    rows = [event_row(number, session_id=f"session {number}") for number in range(1_600)]
    found = Counter(subject_of(row, LIVE) for row in rows)
    assert set(found) == set(LIVE.consumers.values())
    assert len(found) == PARTITIONS
    assert max(found.values()) < 200


def test_replays_are_one_partition() -> None:
    assert subject_of(event_row(1), REPLAYS) == "ct.replays.0"
    assert REPLAYS.consumers == {"partition-0": "ct.replays.0"}
