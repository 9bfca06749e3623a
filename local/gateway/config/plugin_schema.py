"""Is a plugin's schema itself one that Kong would load? (kong/db/schema/metaschema.lua)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.gateway.config.schema import (
    NOT_IMPLEMENTED,
    Field,
    Violation,
    compile_pattern,
    find_violations,
    named_fields,
)

_BOOLEAN = {"type": "boolean"}
_VALUES = {"type": "array", "elements": {"type": "any"}}
_FIELDS = {"type": "array", "required": True, "elements": {"type": "map", "len_eq": 1}}


def _record(*attributes: Field) -> Field:
    return {
        "type": "record",
        "unknown_message": f"unknown to Kong, or {NOT_IMPLEMENTED}",
        "fields": [{"type": {"type": "string", "required": True}}, *attributes],
    }


_ANY_FIELD: tuple[Field, ...] = (
    {"required": _BOOLEAN},
    {"default": {"type": "any"}},
    {"description": {"type": "string", "len_min": 10, "len_max": 500}},
)
_STRING = (
    {"one_of": _VALUES},
    {"len_min": {"type": "integer"}},
    {"match": {"type": "string"}},
)
_INTEGER = (
    {"one_of": _VALUES},
    {"between": {"type": "array", "elements": {"type": "number"}, "len_eq": 2}},
)

# What a field may say about itself, by its type.
_CONFIG_FIELDS = {
    "string": _record(*_ANY_FIELD, *_STRING, {"referenceable": _BOOLEAN}),
    "integer": _record(*_ANY_FIELD, *_INTEGER),
    "boolean": _record(*_ANY_FIELD),
    "array": _record(*_ANY_FIELD, {"elements": {"type": "map", "required": True}}),
}
_ELEMENTS = {"string": _record(*_STRING), "integer": _record(*_INTEGER)}
_CONFIG = {"record": _record({"required": _BOOLEAN}, {"fields": _FIELDS})}


def find_schema_violations(schema: Mapping[str, Any]) -> list[Violation]:
    """List what Kong's loader would refuse in a plugin's schema; empty if it would load."""
    plugin = _record({"name": {"type": "string", "required": True}}, {"fields": _FIELDS})
    broken = list(find_violations(plugin, {"type": "record", **schema}, "schema"))
    if broken:
        return broken
    fields = named_fields(schema)
    if list(fields) != ["config"]:
        return [Violation("schema", f"fields other than config alone: {NOT_IMPLEMENTED}")]
    return list(_find_violations(fields["config"], "schema.config", _CONFIG))


def _find_violations(field: Any, path: str, schemas: Mapping[str, Field]) -> Iterator[Violation]:
    kind = str(field.get("type")) if isinstance(field, dict) else ""
    if kind not in schemas:
        expected = ", ".join(schemas)
        yield Violation(f"{path}.type", f"expected one of: {expected}; others: {NOT_IMPLEMENTED}")
        return
    broken = list(find_violations(schemas[kind], field, path)) or list(_find_inner(field, path))
    yield from broken
    if not broken and field.get("default") is not None:
        yield from find_violations(field, field["default"], f"{path}.default")


def _find_inner(field: Field, path: str) -> Iterator[Violation]:
    for name, inner in named_fields(field).items() if "fields" in field else ():
        yield from _find_violations(inner, f"{path}.{name}", _CONFIG_FIELDS)
    if "elements" in field:
        yield from _find_violations(field["elements"], f"{path}.elements", _ELEMENTS)
    if "match" in field:
        try:
            compile_pattern(field["match"])
        except ValueError as error:
            yield Violation(path, str(error))
