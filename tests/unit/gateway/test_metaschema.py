"""Which plugin schemas Kong would load; the rules are its metaschema's."""

from typing import Any

import pytest

from local.gateway.metaschema import find_schema_violations


def schema_of(field: dict[str, Any]) -> dict[str, Any]:
    config = {"type": "record", "fields": [{"one": field}]}
    return {"name": "probe", "fields": [{"config": config}]}


def messages(field: dict[str, Any]) -> list[str]:
    return [str(one) for one in find_schema_violations(schema_of(field))]


STRING = {"type": "string"}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "description": "ten letters", "default": "a", "one_of": ["a"]},
        {"type": "array", "elements": STRING, "default": []},
        {"type": "set", "elements": {"type": "string", "is_regex": True}},
        {"type": "map", "keys": STRING, "values": {"type": "integer"}},
        {"type": "record", "fields": [{"inner": {"type": "number", "gt": 0, "default": 1}}]},
        {"type": "string", "referenceable": True, "len_min": 0, "default": ""},
        {"type": "string", "match": "^%d+$"},
        {"type": "integer", "between": [0, 10], "default": 10},
    ],
)
def test_a_schema_that_kong_loads_is_accepted(field: dict[str, Any]) -> None:
    assert messages(field) == []


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ({}, "type: required field missing"),
        ({"type": "text"}, "type: expected one of: array"),
        ({"type": "string", "description": "short"}, "description: length must be at least 10"),
        ({"type": "string", "description": "x" * 501}, "description: length must be at most 500"),
        ({"type": "array"}, "must declare 'elements'"),
        ({"type": "map", "keys": STRING}, "must declare 'values'"),
        ({"type": "record"}, "must declare 'fields'"),
        ({"type": "array", "elements": {"type": "array"}}, "must declare 'elements'"),
        ({"type": "string", "between": [1, 2]}, "cannot have attribute 'between'"),
        ({"type": "integer", "match": "a"}, "cannot have attribute 'match'"),
        ({"type": "integer", "between": [1]}, "between: length must be 2"),
        ({"type": "string", "default": 1}, "default: expected a string"),
        ({"type": "string", "default": ""}, "default: length must be at least 1"),
        ({"type": "string", "one_of": ["a"], "default": "b"}, "default: expected one of: a"),
        ({"type": "array", "elements": STRING, "default": [1]}, "default[0]: expected a string"),
        ({"type": "string", "match": "[a"}, "malformed pattern"),
        ({"type": "string", "match": "[a", "default": "a"}, "malformed pattern"),
        ({"type": "string", "colour": "red"}, "unknown to Kong"),
        ({"type": "string", "required": "yes"}, "required: expected a boolean"),
        ({"type": "foreign"}, "type: expected one of"),
        ({"type": "array", "elements": {**STRING, "referenceable": True}}, "referenceable"),
        (
            {"type": "record", "fields": [{"inner": {**STRING, "referenceable": True}}]},
            "referenceable",
        ),
        ({"type": "record", "fields": [{"a": STRING, "b": STRING}]}, "length must be 1"),
    ],
)
def test_a_schema_that_stops_kongs_start_is_refused(field: dict[str, Any], part: str) -> None:
    assert any(part in message for message in messages(field)), messages(field)


def test_a_schema_without_name_or_fields_is_refused() -> None:
    assert [str(one) for one in find_schema_violations({"colour": 1})] == [
        "schema.colour: unknown to Kong, or not implemented by the local gateway",
        "schema.name: required field missing",
        "schema.fields: required field missing",
    ]
