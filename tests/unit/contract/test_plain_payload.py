"""Reading a payload in one go gives what parsing it gives."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import MsgspecError, Struct
from msgspec.structs import asdict

from collector.contract.fields import MAX_EPOCH_MILLISECONDS, MAX_SEQUENCE
from collector.contract.payload import FunnelPayload, P, TrackPayload, parse_payload
from collector.contract.plain_payload import DECODERS, read_payload
from collector.contract.wire import MAX_DEPTH, parse_object
from collector.errors import CollectorError

LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
UUID_TEXT = "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"


def nested(levels: int) -> Any:
    return {"a": [nested(levels - 1)]} if levels else 1


# Values at the edges of what fields take; any of them may stand in any field.
EDGES = [
    *(None, True, False, 0, 1, -1, 1.5, 1e22, MAX_SEQUENCE, MAX_SEQUENCE + 1, 1 << 70),
    *(MAX_EPOCH_MILLISECONDS - 1, MAX_EPOCH_MILLISECONDS, 1_795_348_800_123, "1795348800123"),
    *("", " ", "\u00a0\u2003", "a", "é" * 50, "😀" * 256, "x" * 100, "x" * 101, "x" * 256),
    *("x" * 501, "x" * 1_025, "USD", "usd", "USD\n", "US", "2026-11-22T12:00:00Z", "29.99"),
    *(UUID_TEXT, UUID_TEXT.upper(), UUID_TEXT.replace("-", ""), "{" + UUID_TEXT + "}"),
    *("visited_pricing", "urn:uuid:" + UUID_TEXT, "\x00", "\\u0000", "nul\x00 byte"),
    *([], {}, [1], {"gclid": "x"}, {"gclid": 5}, {"gclid": None}, {"": "x"}, {"k" * 51: "x"}),
    *({"utm_source": "google"}, {"utm_source": "x" * 101}, {"utm_source": ""}, {"utm_id": "x"}),
    *({str(n): "x" for n in range(count)} for count in (32, 33)),
    *({"a": nested(levels)} for levels in (1, 2, 10, MAX_DEPTH // 2, MAX_DEPTH)),
    {"a": float("inf")},
    {"a": float("nan")},
]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
values = st.sampled_from(EDGES) | json_values


def fields_of(model: type[Struct]) -> st.SearchStrategy[str]:
    """The names of its fields, and some that are none of the contract's."""
    return st.sampled_from([*model.__struct_fields__, "new_field", "mood"])


def outcome(read: Any) -> object:
    """What reading gave, or what was wrong; a payload of either kind as its plain fields."""
    try:
        payload: Struct = read()
    except CollectorError as error:
        return type(error), error.message, sorted((e.field, e.message) for e in error.errors)
    fields = asdict(payload)
    utm = fields["utm_params"]
    return fields | {"utm_params": utm and asdict(utm)}


def assert_both_read_the_same(model: type[P], body: bytes) -> None:
    parsed = outcome(lambda: parse_payload(model, parse_object(body)))
    assert repr(outcome(lambda: read_payload(model, body))) == repr(parsed).replace(
        "WireNumber", "float"
    )


@pytest.mark.parametrize("name", [*TrackPayload.__struct_fields__, "new_field"])
def test_every_field_reads_every_value_as_its_parser_does(name: str) -> None:
    for value in EDGES:
        fields = {**LEAST, name: value}
        assert_both_read_the_same(TrackPayload, json.dumps(fields).encode())
        assert_both_read_the_same(TrackPayload, json.dumps(fields, ensure_ascii=False).encode())


@given(st.dictionaries(fields_of(TrackPayload), values))
def test_any_event_is_read_as_it_is_parsed(fields: dict[str, Any]) -> None:
    assert_both_read_the_same(TrackPayload, json.dumps({**LEAST, **fields}).encode())


@given(st.dictionaries(fields_of(FunnelPayload), values))
def test_any_stage_is_read_as_it_is_parsed(fields: dict[str, Any]) -> None:
    body = {"session_id": "s1", "stage": "visited_docs", **fields}
    assert_both_read_the_same(FunnelPayload, json.dumps(body).encode())


@given(st.binary())
@example(b"")
@example(b"[]")
@example(b'{"session_id": "\xff", "event_type": "a", "event_name": "b"}')
@example(b'{"session_id": "a\\ud800", "event_type": "a", "event_name": "b"}')
@example(b'{"session_id": "a\\u0000", "event_type": "a", "event_name": "b"}')
@example(b'{"session_id": "a", "event_type": "a", "event_name": "b", "metadata": {"a": 1e400}}')
@example(b'{"session_id": "a", "event_type": "a", "event_name": "b", "sequence": 1.0}')
@example(
    b'{"session_id": "a", "event_type": "a", "event_name": "b", "conversion_value": '
    + b"[" * 5_000
    + b"]" * 5_000
    + b"}"
)
@example(
    b'{"session_id": "a", "event_type": "a", "event_name": "b", "conversion_value": "\xff",'
    b'"conversion_value": 5}'
)
@example(b'{"session_id": "a", "session_id": "b", "event_type": "a", "event_name": "b"}')
def test_any_bytes_are_read_as_they_are_parsed(body: bytes) -> None:
    assert_both_read_the_same(TrackPayload, body)


def test_what_reading_finds_out_cannot_be_sent() -> None:
    payload = read_payload(
        TrackPayload, json.dumps({**LEAST, "cut": ["user_id"], "unknown": 7}).encode()
    )
    assert (payload.cut, payload.unknown) == ((), 2)


def test_what_trackers_send_needs_no_parser() -> None:
    sent = {
        **LEAST,
        "event_id": UUID_TEXT,
        "occurred_at": 1_795_348_800_123,
        "sequence": 3,
        "utm_params": {"utm_source": "google"},
        "click_ids": {"gclid": "x"},
        "page_url": "https://example.com/",
        "user_id": None,
        "metadata": {"screen": "1x1", "load_ms": 3.5, "experiment": {"name": "hero", "arms": [1]}},
    }
    assert isinstance(DECODERS[TrackPayload].decode(json.dumps(sent)), TrackPayload)
    with pytest.raises(MsgspecError):
        DECODERS[TrackPayload].decode(json.dumps({**sent, "new_field": 1}))
