"""Any body is read, or refused for what is wrong with it."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic_core import CoreSchema, SchemaValidator

from collector.contract.fields import MAX_EPOCH_MILLISECONDS, MAX_SEQUENCE, FieldType
from collector.contract.models import ConversionEventRequest, FunnelStageRequest, R, UTMParams
from collector.contract.reader import EVENTS, STAGES, Reader
from collector.contract.validation import read_request
from collector.contract.wire import LIMITS, decode_text, load_json_slowly, settle
from collector.errors import CollectorError, InvalidJson

LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
UUID_TEXT = "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"


def nested(levels: int) -> Any:
    return {"a": [nested(levels - 1)]} if levels else 1


# Values at the edges of what fields take; any of them may stand in any field.
EDGES: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.5, 1e22, MAX_SEQUENCE, MAX_SEQUENCE + 1, 1 << 70),
    *(MAX_EPOCH_MILLISECONDS - 1, MAX_EPOCH_MILLISECONDS, 1_795_348_800_123, "1795348800123"),
    *("", " ", "\u00a0\u2003", "a", "é" * 50, "😀" * 256, "x" * 100, "x" * 101, "x" * 256),
    *("x" * 501, "x" * 1_025, "USD", "usd", "USD\n", "US", "2026-11-22T12:00:00Z", "29.99"),
    *(UUID_TEXT, UUID_TEXT.upper(), UUID_TEXT.replace("-", ""), "{" + UUID_TEXT + "}"),
    *("visited_pricing", "urn:uuid:" + UUID_TEXT, "\x00", "\\u0000", "nul\x00 byte"),
    *([], {}, [1], {"gclid": "x"}, {"gclid": 5}, {"gclid": None}, {"": "x"}, {"k" * 51: "x"}),
    *({"utm_source": "google"}, {"utm_source": "x" * 101}, {"utm_source": ""}, {"utm_id": "x"}),
    *({str(n): "x" for n in range(count)} for count in (32, 33, LIMITS.max_keys + 1)),
    *({"UTM_Source": inner, "utm_source": "x"} for inner in (1.5, nested(LIMITS.max_depth))),
    *({"a": nested(levels)} for levels in (1, 2, 10, LIMITS.max_depth // 2, LIMITS.max_depth)),
    *({"ad_storage": answer} for answer in ("granted", "denied", "GRANTED", "x")),
    *({"ad_storage": True}, {"ad_storage": 1.5}, {"ad_storage": []}, {"marketing": False}),
    *({"marketing": True, "ad_storage": "denied"}, {"analytics": False, "region": ["DE"]}),
    *({"email": text} for text in ("jane@example.com", " j ", "", "x" * 256, 1.50, [1.5, 2.5])),
    *({"email": "null", "phone": 49.0}, {"country": {}, "age": 1.5}, {"city": [[1.5]]}),
    {"a": float("inf")},
    {"a": float("nan")},
    *(["a", "a"], ["a", "b"], [None, "", "a"], [1.5, 1.5], [True], [[]], ["USD"], [UUID_TEXT]),
    *('{"a": 1.50}', "{}", "[]", "[object Object]", "undefined", "0", 0.0, "5.0", float("nan")),
    *("0" * 32, "f" * 32, "00000000-0000-0000-0000-000000000000", 1_795_348_800),
]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
values = st.sampled_from(EDGES) | json_values


def fields_of(model: type[BaseModel]) -> st.SearchStrategy[str]:
    """The names of its fields, and some that are none of the contract's."""
    return st.sampled_from([*model.model_fields, "cut", "marks", "unknown", "new_field", "mood"])


def outcome(read: Any) -> object:
    """What reading gave, or what was wrong."""
    try:
        request = read()
    except CollectorError as error:
        return type(error), error.message, error.errors
    return request, request.cut, request.marks, request.unknown


def read_as_python_does(reader: Reader[R], body: bytes) -> R:
    """The same request by Python's json, and with nothing taken for granted."""
    value = load_json_slowly(decode_text(body))
    if not isinstance(value, dict):
        raise InvalidJson("The body must be a JSON object.")
    return reader.read(settle(value))


def assert_both_read_the_same(reader: Reader[R], body: bytes) -> None:
    expected = outcome(lambda: read_as_python_does(reader, body))
    assert repr(outcome(lambda: read_request(reader, body))) == repr(expected)


@pytest.mark.parametrize("name", [*ConversionEventRequest.model_fields, "new_field"])
def test_every_field_reads_every_value_whichever_reader_of_json_it_comes_from(name: str) -> None:
    for value in EDGES:
        fields = {**LEAST, name: value}
        for ascii_only in (True, False):
            body = json.dumps(fields, ensure_ascii=ascii_only).encode()
            assert_both_read_the_same(EVENTS, body)


@given(st.dictionaries(fields_of(ConversionEventRequest), values))
def test_any_event_is_read_or_refused(fields: dict[str, Any]) -> None:
    body = json.dumps({**LEAST, **fields}).encode()
    assert_both_read_the_same(EVENTS, body)


@given(st.dictionaries(fields_of(FunnelStageRequest), values))
def test_any_stage_is_read_or_refused(fields: dict[str, Any]) -> None:
    body = {"session_id": "s1", "stage": "visited_docs", **fields}
    assert_both_read_the_same(STAGES, json.dumps(body).encode())


def read_by(schema: CoreSchema, value: object) -> object:
    """What one of a field's two ways makes of a value; None where it refuses it."""
    cut: list[str] = []
    try:
        return SchemaValidator(schema).validate_python(value, context=cut), cut
    except ValidationError:
        return None


WITH_NATIVE = {
    name: kind
    for model in (UTMParams, ConversionEventRequest, FunnelStageRequest)
    for name, field in model.model_fields.items()
    for kind in field.metadata
    if isinstance(kind, FieldType) and kind.native is not None
}


@pytest.mark.parametrize("name", WITH_NATIVE)
def test_what_needs_no_parser_is_what_the_parser_makes_of_it(name: str) -> None:
    kind: FieldType = WITH_NATIVE[name]
    assert kind.native is not None
    values = [load_json_slowly(json.dumps(value)) for value in EDGES]
    native = [read_by(kind.native, value) for value in values]
    parsed = [read_by(kind.parsed(), value) for value in values]
    pairs = [(n, p) for n, p in zip(native, parsed, strict=True) if n is not None]
    assert pairs
    assert [n for n, _ in pairs] == [p for _, p in pairs]


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
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        with pytest.raises(InvalidJson):
            read_request(EVENTS, body)
    else:
        assert_both_read_the_same(EVENTS, body)


def test_what_reading_finds_out_cannot_be_sent() -> None:
    body = json.dumps({**LEAST, "cut": ["user_id"], "unknown": 7}).encode()
    request = read_request(EVENTS, body)
    assert (request.cut, request.unknown) == ((), 2)


def test_what_trackers_send_is_read() -> None:
    sent: dict[str, Any] = {
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
    request = read_request(EVENTS, json.dumps(sent).encode())
    found = {name: getattr(request, name) for name in ConversionEventRequest.model_fields}
    tags = found.pop("utm_params")
    assert {name: getattr(tags, name) for name in UTMParams.model_fields} == {
        **dict.fromkeys(UTMParams.model_fields),
        **sent.pop("utm_params"),
    }
    assert found == {
        **dict.fromkeys(found),  # what was not sent is none
        **sent,
        "event_id": UUID(UUID_TEXT),
        "occurred_at": datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC),
    }
    assert request.unknown == 0


@pytest.mark.parametrize(
    ("metadata", "code", "message"),
    [
        ({"a": "x" * 262_144}, "event_too_large", "at most 262144 are allowed"),
        ({"a": [1.5] * 2_000}, "invalid_event", "holds more than 2000 values"),
        ({"a": [{}] * 2_000}, "invalid_event", "holds more than 2000 values"),
        ({"a": {str(n): n for n in range(101)}}, "invalid_event", "more than 100 keys"),
    ],
)
def test_an_event_that_holds_too_much_is_refused(metadata: Any, code: str, message: str) -> None:
    with pytest.raises(CollectorError) as refusal:
        read_request(EVENTS, json.dumps({**LEAST, "metadata": metadata}).encode())
    assert refusal.value.code == code
    assert message in refusal.value.errors[0].message


@pytest.mark.parametrize("text", [",[{" * 3_000, '",' * 3_000, "\\" * 3_001, '\\",[' * 2_000])
def test_what_stands_in_a_text_is_not_counted(text: str) -> None:
    body = json.dumps({**LEAST, "metadata": {"a": text, "b": [1] * 100}}).encode()
    assert read_request(EVENTS, body).metadata == {"a": text, "b": [1] * 100}
