"""An event as bytes on disk, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from collector.codec import UnreadableEvent, decode_event, decode_row, encode_row
from collector.event import Event, FunnelStage, SourceType
from collector.event_row import make_row
from tests.unit.events import LEAST, event

texts = st.text(st.characters(codec="utf-8"))  # U+0000 too
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
times = st.datetimes(
    timezones=st.just(UTC) | st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
)
money = st.decimals(0, 10**15, allow_nan=False, places=3)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "UUID": st.uuids(),
    "str": texts,
    "int": st.integers(),
    "bool": st.booleans(),
    "Decimal": money,
    "datetime": times,
    "FunnelStage": st.sampled_from(FunnelStage),
    "SourceType": st.sampled_from(SourceType),
    "Mapping[str, str]": st.dictionaries(texts, texts, max_size=3),
    "Mapping[str, Any]": st.dictionaries(texts, json_values, max_size=3),
    "tuple[str, ...]": st.lists(texts, max_size=3).map(tuple),
    "None": st.none(),
}


def values_of(annotation: str) -> st.SearchStrategy[Any]:
    """Any value of a field, by its annotation: `UUID | None` is a UUID or None."""
    return st.one_of([VALUES[kind] for kind in annotation.split(" | ")])


any_event = st.builds(
    Event, **{name: values_of(kinds) for name, kinds in Event.__annotations__.items()}
)


@given(any_event)
def test_any_event_comes_back_as_it_was(sent: Event) -> None:
    read = decode_event(encode_row(make_row(sent)))
    assert read == sent
    assert [type(getattr(read, f.name)) for f in fields(Event)] == [
        type(getattr(sent, f.name)) for f in fields(Event)
    ]


@given(any_event)
def test_a_row_that_was_spooled_is_the_row_that_would_have_been_stored(sent: Event) -> None:
    assert decode_row(encode_row(make_row(sent))) == make_row(sent)


def test_money_keeps_its_digits_and_time_its_microseconds() -> None:
    moment = datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC)
    sent = event(conversion_value=Decimal("10.00"), occurred_at=moment)
    read = decode_event(encode_row(make_row(sent)))
    assert (str(read.conversion_value), read.occurred_at) == ("10.00", moment)


# As version 1 wrote it on 2026-11-22: what was written then must be readable for ever.
WRITTEN = (
    b'{"version":1,"event":{"id":"00000000-0000-0000-0000-000000000001","session_id":"s1",'
    b'"event_type":"page_view","event_name":"Page","funnel_stage":"visited_pricing",'
    b'"source_type":"direct","channel":"Direct","channel_rule":"direct",'
    b'"conversion_value":"9.90","currency":"USD",'
    b'"received_at":"2026-11-22T12:00:00+00:00"}}'
)


def test_an_event_of_an_older_collector_has_the_empty_value_for_fields_it_lacks() -> None:
    expected = replace(
        LEAST, funnel_stage=FunnelStage.VISITED_PRICING, conversion_value=Decimal("9.90")
    )
    assert decode_event(WRITTEN) == expected


def test_the_empty_list_that_older_collectors_wrote_is_null_in_the_table() -> None:
    sent = make_row(LEAST)
    older = encode_row(sent).replace(b'"received_at"', b'"truncated_fields":[],"received_at"')
    assert decode_row(older) == sent
    assert b"truncated_fields" not in sent.json


def test_fields_of_a_newer_collector_are_left_out() -> None:
    content = json.loads(encode_row(make_row(LEAST)))
    content["event"]["mood"] = {"of": "the visitor"}
    assert decode_event(json.dumps(content).encode()) == LEAST


def test_a_row_that_utf_8_cannot_hold_is_unreadable_and_holds_up_no_other() -> None:
    with pytest.raises(UnreadableEvent, match="not a row: UnicodeEncodeError"):
        decode_row(WRITTEN.replace(b'"Page"', b'"\\ud800"'))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an event: JSONDecodeError"),
        (b"\xc3", "not an event: UnicodeDecodeError"),
        (b"[]", "not an event: TypeError"),
        (b"{}", "not an event: KeyError"),
        (b'{"version": 1, "event": []}', "version 1 is not known"),
        (WRITTEN.replace(b'"version":1', b'"version":2'), "version 2 is not known"),
        (WRITTEN.replace(b"session_id", b"old_name"), "session_id is missing"),
        (WRITTEN.replace(b"9.90", b"ten"), "conversion_value cannot be read: InvalidOperation"),
        (WRITTEN.replace(b"2026-11-22T", b"today "), "received_at cannot be read: ValueError"),
        (WRITTEN.replace(b"visited_pricing", b"moon"), "funnel_stage cannot be read: ValueError"),
        (WRITTEN.replace(b'"9.90"', b"[]"), "conversion_value cannot be read: ValueError"),
    ],
)
def test_what_cannot_be_read_says_which_field_without_its_value(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableEvent) as caught:
        decode_event(data)
    assert str(caught.value) == message
