"""No body takes long, whatever it holds: the thread that reads it serves everybody.

The promise is 10 ms a body of one event and 50 ms a batch, on a machine that reads and writes a
MiB of plain JSON in some 25 ms. Processor time against that work holds on a busy machine too.
"""

import gzip

import pytest

from bench.worst_bodies import (
    BODY_BYTES,
    WORST_BATCHES,
    WORST_EVENTS,
    read_batch,
    read_event,
    share_of_reference,
)
from collector.contract.validation import Validator
from collector.contract.wire import gunzip

# Of the reference: 10 and 50 ms of 25, and half of that again for what one machine and one
# Python differ from another and from themselves.
EVENT_SHARE, BATCH_SHARE = 0.6, 3.0


@pytest.mark.parametrize("name", WORST_EVENTS)
def test_no_event_takes_long(name: str) -> None:
    assert share_of_reference(read_event, WORST_EVENTS[name]) < EVENT_SHARE


@pytest.mark.parametrize("name", WORST_BATCHES)
def test_no_batch_takes_long(name: str) -> None:
    assert share_of_reference(read_batch, WORST_BATCHES[name]) < BATCH_SHARE


def test_to_unpack_a_body_takes_no_longer() -> None:
    packed = gzip.compress(b'{"a":[' + b"1.5," * 262_000 + b"NaN]}")
    assert len(packed) < 2_000

    def unpack(_: Validator, sent: bytes) -> None:
        gunzip(sent, 2 * BODY_BYTES)

    assert share_of_reference(unpack, packed) < EVENT_SHARE
