"""Which plugin schemas Kong would load; the rules are its metaschema's."""

from typing import Any

import pytest

from local.gateway.config.plugin_schema import find_schema_violations


def schema_of(field: object) -> dict[str, Any]:
    config = {"type": "record", "fields": [{"one": field}]}
    return {"name": "probe", "fields": [{"config": config}]}


def messages(field: object) -> list[str]:
    return [str(one) for one in find_schema_violations(schema_of(field))]


STRING = {"type": "string"}


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string", "description": "ten letters", "default": "a", "one_of": ["a"]},
        {"type": "array", "elements": STRING, "default": []},
        {"type": "string", "referenceable": True, "len_min": 0, "default": ""},
        {"type": "string", "match": "^ct_[a-z0-9_]+$"},
        {"type": "array", "elements": {"type": "string", "one_of": ["a"]}, "default": ["a"]},
        {"type": "integer", "between": [0, 10], "default": 10},
    ],
)
def test_a_schema_that_kong_loads_is_accepted(field: dict[str, Any]) -> None:
    assert messages(field) == []


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ({}, "one.type: expected one of: string"),
        ({"type": "text"}, "one.type: expected one of: string"),
        ({"type": ["string"]}, "one.type: expected one of: string"),
        ({"type": "record", "fields": []}, "one.type: expected one of: string"),
        ({"type": "string", "description": "short"}, "description: length must be at least 10"),
        ({"type": "string", "description": "x" * 501}, "description: length must be at most 500"),
        ({"type": "array"}, "one.elements: required field missing"),
        ({"type": "array", "elements": {"type": "array"}}, "elements.type: expected one of"),
        ({"type": "string", "between": [1, 2]}, "between: unknown to Kong, or not implemented"),
        ({"type": "integer", "match": "a"}, "match: unknown to Kong, or not implemented"),
        ({"type": "integer", "between": [1]}, "between: length must be 2"),
        ({"type": "string", "default": 1}, "default: expected a string"),
        ({"type": "string", "default": ""}, "default: length must be at least 1"),
        ({"type": "string", "one_of": ["a"], "default": "b"}, "default: expected one of: a"),
        ({"type": "array", "elements": STRING, "default": [1]}, "default[0]: expected a string"),
        ({"type": "string", "match": "[a"}, "the Lua pattern '[a' is not implemented"),
        ({"type": "string", "match": "[a", "default": "a"}, "the Lua pattern '[a'"),
        ({"type": "string", "colour": "red"}, "unknown to Kong"),
        ({"type": "string", "required": "yes"}, "required: expected a boolean"),
        ({"type": "array", "elements": {**STRING, "referenceable": True}}, "referenceable"),
        (STRING["type"], "one.type: expected one of: string"),
    ],
)
def test_a_schema_that_stops_kongs_start_is_refused(field: Any, part: str) -> None:
    assert any(part in message for message in messages(field)), messages(field)


CONFIG = {"type": "record", "fields": []}


@pytest.mark.parametrize(
    ("schema", "messages"),
    [
        (
            {"colour": 1},
            [
                "schema.colour: unknown to Kong, or not implemented by the local gateway",
                "schema.name: required field missing",
                "schema.fields: required field missing",
            ],
        ),
        (
            {"name": "p", "fields": [{"config": CONFIG, "b": CONFIG}]},
            ["schema.fields[0]: length must be 1"],
        ),
        (
            {"name": "p", "fields": []},
            ["schema: fields other than config alone: not implemented by the local gateway"],
        ),
        (
            {"name": "p", "fields": [{"config": CONFIG}, {"x": STRING}]},
            ["schema: fields other than config alone: not implemented by the local gateway"],
        ),
        (
            {"name": "p", "fields": [{"config": {"type": "record"}}]},
            ["schema.config.fields: required field missing"],
        ),
    ],
)
def test_a_schema_without_its_frame_is_refused(schema: dict[str, Any], messages: list[str]) -> None:
    assert [str(one) for one in find_schema_violations(schema)] == messages
