"""The events of a batch, whether they stay as they were sent or the whole must be read."""

import json
from codecs import BOM_UTF8
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.validation import Batch, load_whole, read_batch, read_event, sent_event_id
from collector.contract.wire import load_value, split_batch
from collector.errors import BatchTooLarge, InvalidBatch, InvalidEvent, InvalidJson

LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
UUID_TEXT = "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"

EVENTS: list[Any] = [
    LEAST,
    LEAST | {"event_id": UUID_TEXT, "metadata": {"a": [1, 2.5, None]}, "conversion_value": 29.99},
    LEAST | {"event_id": "no UUID"},
    LEAST | {"event_id": UUID_TEXT, "currency": "Euro"},
    LEAST | {"mood": "good"},
    {"session_id": " ", "event_type": "page_view", "event_name": "Page"},
    {},
    [],
    None,
    7,
    "text",
]


def outcomes(batch: Batch) -> list[object]:
    """What reading each event gives, and the id that it was sent with."""
    return [(outcome(event), sent_event_id(event)) for event in batch.events]


def outcome(event: object) -> object:
    try:
        return repr(read_event(event))
    except InvalidEvent as error:
        return sorted((e.field, e.message) for e in error.errors)


@given(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=8))
def test_events_read_as_the_same_from_their_bytes_and_from_the_whole(events: list[Any]) -> None:
    body = json.dumps({"events": events}).encode()
    sent = split_batch(body)
    assert sent is not None
    assert outcomes(Batch(sent["events"], 0)) == outcomes(Batch(load_whole(body)["events"], 0))


@pytest.mark.parametrize(
    "body",
    [
        {"events": [LEAST], "sent_by": "a server"},
        {"events": [LEAST | {"event_name": "nul \0"}]},
        {"events": [LEAST | {"metadata": {"a": "\ud800"}}]},
        {"events": [LEAST, LEAST | {"form_data": {"a": float("nan")}}]},
    ],
    ids=["unknown field", "U+0000", "lone surrogate", "NaN"],
)
def test_what_is_no_strict_batch_is_read_all_the_same(body: dict[str, Any]) -> None:
    batch = read_batch(json.dumps(body).encode())
    assert batch.unknown == len(body) - 1
    assert read_event(batch.events[0]).session_id == "s1"


def test_a_byte_order_mark_before_a_batch_is_passed_over() -> None:
    sent = [LEAST | {"metadata": {str(n): n for n in range(90)}}] * 200
    body = BOM_UTF8 + json.dumps({"events": sent}).encode()  # more values than a loose batch has
    assert {read_event(event).session_id for event in read_batch(body).events} == {"s1"}


def test_an_event_that_holds_what_cannot_be_stored_is_kept_as_it_was_sent() -> None:
    event = json.dumps(LEAST | {"event_name": "\0"}, separators=(",", ":")).encode()
    batch = read_batch(b'{"events":[%b]}' % event)
    assert batch.events == [event]
    assert read_event(event).event_name == "\ufffd"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", InvalidJson),
        (b"[]", InvalidJson),
        (b'{"events": [}', InvalidJson),
        (b'{"events": [{"session_id": "\xff"}], "x": 1}', InvalidJson),
        (b'{"events": [{"session_id": "\xff"}]}', InvalidJson),
        (b"{}", InvalidBatch),
        (b'{"events": []}', InvalidBatch),
        (b'{"events": {}}', InvalidBatch),
        (b'{"events": null}', InvalidBatch),
    ],
)
def test_what_is_no_batch_says_what_it_is(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_batch(body)


# Deeper than any Python reads: 3.11 gives up at 1,000, 3.13 at 10,000.
DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"events": [{"session_id": "s1", "metadata": {"a": ' + DEEP + b"]" * 100_000 + b"}}]}",
        b'{"events": ' + DEEP,
    ],
    ids=["in an event", "unclosed"],
)
def test_what_is_too_deep_to_be_read_is_refused(body: bytes) -> None:
    with pytest.raises((InvalidJson, InvalidEvent)):
        read_batch(body)


def test_an_event_with_a_number_too_long_to_be_read_does_not_hold_up_the_others() -> None:
    number = b"9" * 5_000
    batch = read_batch(b'{"events": [{"sequence": %b}, %b]}' % (number, json.dumps(LEAST).encode()))
    broken, whole = batch.events
    with pytest.raises(InvalidEvent) as refusal:
        read_event(broken)
    assert "too many digits" in refusal.value.errors[0].message
    assert read_event(whole).session_id == "s1"


def test_too_many_events_are_refused_before_any_is_looked_at() -> None:
    with pytest.raises(BatchTooLarge):
        read_batch(b'{"events": [%b]}' % b",".join([b"1"] * 501))


def test_the_id_of_a_broken_event_is_found() -> None:
    assert sent_event_id(json.dumps({"event_id": UUID_TEXT}).encode()) == UUID(UUID_TEXT)


@pytest.mark.parametrize(
    "value", ["no UUID", "0" * 32, "\ud800", "\0" * 36, "\ud800" * 36, 7, None, []]
)
def test_what_is_no_id_is_none_whether_or_not_it_can_be_stored(value: object) -> None:
    body = json.dumps({"event_id": value}).encode()
    assert sent_event_id(body) is None
    assert sent_event_id(load_value(body)[0]) is None


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"a": "é" * 131_072}, "at most 262144 are allowed"),
        ({"a": [1] * 2_000}, "holds more than 2000 values"),
        ({"a": {str(n): n for n in range(101)}}, "more than 100 keys"),
    ],
)
def test_an_event_that_holds_too_much_is_refused_in_a_batch_with_nan_too(
    metadata: dict[str, Any], message: str
) -> None:
    nan = LEAST | {"metadata": {"a": float("nan")}}
    body = json.dumps({"events": [LEAST | {"metadata": metadata}, nan, LEAST]}).encode()
    refused, _, whole = read_batch(body).events
    with pytest.raises(InvalidEvent) as refusal:
        read_event(refused)
    assert message in refusal.value.errors[0].message
    assert read_event(whole).session_id == "s1"
