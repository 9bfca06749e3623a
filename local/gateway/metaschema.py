"""Is a plugin's schema itself one that Kong would load? (kong/db/schema/metaschema.lua)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.gateway import lua_pattern
from local.gateway.schema import VALID_TYPES, Field, Violation, find_violations, named_fields

# References are resolved in the fields of config, which itself is at depth 0.
_REFERENCE_DEPTH = 1
_UNKNOWN = "unknown to Kong, or not implemented by the local gateway"
_REQUIRED_ATTRIBUTES = {
    "array": ("elements",),
    "set": ("elements",),
    "map": ("keys", "values"),
    "record": ("fields",),
}
_ATTRIBUTE_TYPES = {
    "between": {"integer", "number"},
    "len_eq": {"array", "set", "string", "map"},
    "match": {"string"},
    "one_of": {"string", "number", "integer"},
    "contains": {"array", "set"},
    "is_regex": {"string"},
    "timestamp": {"number", "integer"},
    "uuid": {"string"},
}

_STRING = {"type": "string"}
_BOOLEAN = {"type": "boolean"}
_INTEGER = {"type": "integer"}
_ANY = {"type": "any"}
_ANYS = {"type": "array", "elements": _ANY}
_PATTERNS = {
    "type": "array",
    "elements": {
        "type": "record",
        "fields": [{"pattern": {"type": "string", "required": True}}, {"err": _STRING}],
    },
}
_MATCH_ANY = {
    "type": "record",
    "fields": [
        {"patterns": {"type": "array", "elements": _STRING, "required": True}},
        {"err": _STRING},
    ],
}

# What a field may say about itself. It grows below by elements, keys, values and fields,
# which are fields again.
_FIELD: dict[str, Any] = {
    "type": "record",
    "unknown_message": _UNKNOWN,
    "fields": [
        {"type": {"type": "string", "one_of": list(VALID_TYPES), "required": True}},
        {"required": _BOOLEAN},
        {"description": {"type": "string", "len_min": 10, "len_max": 500}},
        {"examples": _ANYS},
        {"default": _ANY},
        {"err": _STRING},
        {"encrypted": _BOOLEAN},
        {"referenceable": _BOOLEAN},
        {"between": {"type": "array", "elements": {"type": "number"}, "len_eq": 2}},
        {"eq": _ANY},
        {"ne": _ANY},
        {"gt": {"type": "number"}},
        {"len_eq": _INTEGER},
        {"len_min": _INTEGER},
        {"len_max": _INTEGER},
        {"match": _STRING},
        {"not_match": _STRING},
        {"match_all": _PATTERNS},
        {"match_none": _PATTERNS},
        {"match_any": _MATCH_ANY},
        {"starts_with": _STRING},
        {"one_of": _ANYS},
        {"not_one_of": _ANYS},
        {"contains": _ANY},
        {"is_regex": _BOOLEAN},
        {"timestamp": _BOOLEAN},
        {"uuid": _BOOLEAN},
    ],
}
_FIELDS = {
    "type": "array",
    "elements": {"type": "map", "keys": _STRING, "values": _FIELD, "len_eq": 1},
}
_FIELD["fields"] += [
    {"elements": _FIELD},
    {"keys": _FIELD},
    {"values": _FIELD},
    {"fields": _FIELDS},
]

_PLUGIN_SCHEMA = {
    "type": "record",
    "unknown_message": _UNKNOWN,
    "fields": [
        {"name": {"type": "string", "required": True}},
        {"fields": {**_FIELDS, "required": True}},
    ],
}


def find_schema_violations(schema: Mapping[str, Any]) -> list[Violation]:
    """List what Kong's loader would refuse in a plugin's schema; empty if it would load."""
    broken = list(find_violations(_PLUGIN_SCHEMA, schema, "schema"))
    if broken:
        return broken
    return [
        violation
        for name, field in named_fields(schema).items()
        for violation in _find_field_violations(field, f"schema.{name}", depth=0)
    ]


def _find_field_violations(field: Field, path: str, depth: int) -> Iterator[Violation]:
    mistake = _find_attribute_mistake(field)
    if depth > _REFERENCE_DEPTH and field.get("referenceable"):
        mistake = (
            "referenceable below the config's own fields: not implemented by the local gateway"
        )
    if mistake:
        yield Violation(path, mistake)
        return
    malformed = list(_find_pattern_violations(field, path))
    yield from malformed
    if malformed:
        return
    for part in ("elements", "keys", "values"):
        if part in field:
            yield from _find_field_violations(field[part], f"{path}.{part}", depth + 1)
    for name, inner in named_fields(field).items() if "fields" in field else ():
        yield from _find_field_violations(inner, f"{path}.{name}", depth + 1)
    if field.get("default") is not None:
        yield from find_violations(field, field["default"], f"{path}.default")


def _find_attribute_mistake(field: Field) -> str | None:
    kind = field["type"]
    for attribute in _REQUIRED_ATTRIBUTES.get(kind, ()):
        if attribute not in field:
            return f"field of type '{kind}' must declare '{attribute}'"
    for attribute in field:
        if kind not in _ATTRIBUTE_TYPES.get(attribute, {kind}):
            return f"field of type '{kind}' cannot have attribute '{attribute}'"
    return None


def _find_pattern_violations(field: Field, path: str) -> Iterator[Violation]:
    # Kong finds a malformed pattern only when it first matches; here it stops the start.
    patterns = [field[rule] for rule in ("match", "not_match") if rule in field]
    patterns += [
        one["pattern"] for rule in ("match_all", "match_none") for one in field.get(rule, ())
    ]
    patterns += field.get("match_any", {}).get("patterns", [])
    for pattern in patterns:
        try:
            lua_pattern.compile_lua_pattern(pattern)
        except lua_pattern.LuaPatternError as error:
            yield Violation(path, str(error))
