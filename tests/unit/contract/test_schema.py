"""The JSON schema of the contract says what the contract takes, as far as a schema can."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from collector.contract.models import (
    MAX_BATCH_EVENTS,
    BatchRequest,
    ConversionEventRequest,
    FunnelStageRequest,
    PixelQuery,
    UTMParams,
)
from collector.contract.reader import EVENTS
from collector.contract.validation import read_request
from collector.errors import CollectorError
from collector.event import FunnelStage

LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
STAGE = {"session_id": "s1", "stage": "visited_docs"}
UUID_TEXT = "018f4d3e-7c1a-7b2e-9a51-2f3c4d5e6f70"

TAKEN: list[tuple[str, list[Any]]] = [
    ("session_id", ["s", "x" * 255, " x ", 42, ["s", "s"], "undefined"]),
    ("event_name", ["e", "é" * 255, ["e"]]),
    ("user_id", ["", "x" * 255, 42, 1.5, [], {}, False, ["u", "u"], "{{ user.id }}"]),
    ("event_id", ["", UUID_TEXT, UUID_TEXT.upper(), UUID_TEXT.replace("-", ""), [UUID_TEXT]]),
    ("event_id", ["{" + UUID_TEXT + "}", "urn:uuid:" + UUID_TEXT, "0" * 32, "null", 0, " Nil "]),
    ("conversion_value", [0, -0.0, 29.99, 10**15, "29.99", " 5 ", "1e3", "+5"]),
    ("conversion_value", ["", " ", "null", False, [], ["5", "5"]]),
    ("currency", ["", "USD", "usd", " USD ", ["USD"], "Undefined"]),
    ("occurred_at", ["", "2026-11-22", "2026-11-22T12:00:00Z", 0, -1, 1_795_348_800_123.5, "1"]),
    ("occurred_at", [1.7e12, "1.7E12"]),
    ("sent_at", [True, {"a": 1}, 10**30, "yesterday"]),
    ("sequence", [1, 2**31 - 1, 5.0, "5", " 5.0 ", "", "null", [5, 5]]),
    ("click_ids", [{}, {"gclid": "x" * 2_000}, {"k" * 50: 5}, {"k" * 51: None}, {"": ""}]),
    ("click_ids", [[], "", '{"gclid": "x"}', {"gclid": ["x", "x"]}, {"gclid": False}]),
    ("page_url", ["", "x" * 5_000, 7, ["x", "y"], []]),
    ("page_title", ["", "x" * 501, 1.5, [None, "x"]]),
    ("form_data", [{}, {"a": [1, {"b": None}]}]),
    ("metadata", [[], "", '{"a": 1}', " [ ] ", "null", "[object Object]", False]),
    ("utm_params", [{}, {"utm_source": "x" * 101}, {"utm_term": 5}, {"utm_id": []}]),
    ("utm_params", [[], "", '{"utm_source": "x"}', {"utm_source": ["x", "y"]}]),
    ("consent", [{"ad_storage": "granted"}, {"marketing": True}, "x", 7, [], {"region": []}]),
    ("user_data", [{"email": "a@example.com"}, {"phone": 49}, {"email": {}}, "x", 7, [1]]),
    ("new_field", [1, [], {}]),
]
REFUSED: list[tuple[str, list[Any]]] = [
    ("session_id", [None, "", "  ", "\x1f", "x" * 256, True, {}]),
    ("event_type", [None, "x" * 101, 42, ["x" * 101]]),
    ("user_id", ["x" * 256, True, [True], {"id": 1}]),
    ("event_id", ["x", 7, UUID_TEXT + "0", "order-123"]),
    ("conversion_value", [-1, 10**15 + 1, 1e16, True, "1,5", "29.99 USD", "NaN", [-1]]),
    ("currency", ["US", "EURO", "U$D", "USD\n", 840]),
    ("sequence", [0, -1, 2**31, 1.5, True, "1.5", "five"]),
    ("click_ids", [[1], "x", {"": "x"}, {"k" * 51: "x"}, {"k": [[]]}, {"k": True}]),
    ("click_ids", [{str(number): "x" for number in range(33)}]),
    ("page_url", [True, [True], {"a": 1}]),
    ("metadata", [[1], "text", 1]),
    ("utm_params", [[1], "text", {"utm_source": [[]]}, {"utm_term": True}]),
]


def schema_of(model: type[BaseModel]) -> Draft202012Validator:
    schema = model.model_json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


EVENT = schema_of(ConversionEventRequest)


def is_taken(body: object) -> bool:
    """Whether the collector takes an event."""
    try:
        read_request(EVENTS, json.dumps(body).encode())
    except CollectorError:
        return False
    return True


@pytest.mark.parametrize(("field", "values"), TAKEN)
def test_what_is_taken_is_valid(field: str, values: list[Any]) -> None:
    events = [{**LEAST, field: value} for value in values]
    assert [is_taken(event) for event in events] == [True] * len(events)
    assert [error.message for event in events for error in EVENT.iter_errors(event)] == []


@pytest.mark.parametrize(("field", "values"), REFUSED)
def test_what_is_refused_is_not_valid(field: str, values: list[Any]) -> None:
    events = [{**LEAST, field: value} for value in values]
    assert [is_taken(event) for event in events] == [False] * len(events)
    assert [event for event in events if EVENT.is_valid(event)] == []


def test_null_is_valid_where_a_field_need_not_be_there() -> None:
    fields = ConversionEventRequest.model_fields
    optional = {name for name, field in fields.items() if not field.is_required()}
    assert EVENT.is_valid(LEAST | dict.fromkeys(optional))
    assert [name for name in LEAST if EVENT.is_valid({**LEAST, name: None})] == []
    assert [name for name in LEAST if EVENT.is_valid({n: "x" for n in LEAST if n != name})] == []


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(
    st.dictionaries(
        st.sampled_from([*ConversionEventRequest.model_fields, "new_field"]),
        scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(), scalars, max_size=2),
    )
)
def test_whatever_is_taken_is_valid(fields: dict[str, Any]) -> None:
    event = {**LEAST, **fields}
    assert EVENT.is_valid(event) or not is_taken(event)


def test_a_stage_is_one_of_the_eight() -> None:
    schema = schema_of(FunnelStageRequest)
    assert all(schema.is_valid({**STAGE, "stage": stage.value}) for stage in FunnelStage)
    assert not any(schema.is_valid({**STAGE, "stage": stage}) for stage in ("paid", "", None, 3))


@pytest.mark.parametrize(
    ("count", "valid"), [(0, False), (1, True), (MAX_BATCH_EVENTS, True), (501, False)]
)
def test_a_batch_has_one_event_to_five_hundred(count: int, valid: bool) -> None:
    assert schema_of(BatchRequest).is_valid({"events": [LEAST] * count}) is valid


def test_a_query_needs_no_field_and_has_those_of_the_campaign_by_themselves() -> None:
    schema = PixelQuery.model_json_schema()
    assert "required" not in schema
    names = {*ConversionEventRequest.model_fields, *UTMParams.model_fields}
    assert set(schema["properties"]) == names
    assert schema_of(PixelQuery).is_valid({"utm_source": "mail", "session_id": "s1"})
    assert not schema_of(PixelQuery).is_valid({"session_id": ""})
