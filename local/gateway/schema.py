"""Kong's schema language: fill in defaults, and check a value (kong/db/schema/init.lua).

A field is a mapping such as ``{"type": "array", "elements": {...}, "required": True}``;
a record's ``fields`` is a list of mappings with one key each, the field's name.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.gateway import lua_pattern

Field = Mapping[str, Any]

VALID_TYPES = ("array", "set", "string", "number", "boolean", "integer", "map", "record")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_PYTHON_TYPES: Mapping[str, tuple[type, str]] = {
    "boolean": (bool, "expected a boolean"),
    "record": (dict, "expected a record"),
    "map": (dict, "expected a map"),
    "array": (list, "expected an array"),
    "set": (list, "expected a set"),
    "string": (str, "expected a string"),
}


@dataclass(frozen=True)
class Violation:
    """One rule that a value breaks: where (``config.methods[0]``) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def named_fields(record: Field) -> dict[str, Field]:
    """Give a record's fields by name."""
    return {name: field for entry in record["fields"] for name, field in entry.items()}


def is_reference(value: object) -> bool:
    """Say whether a value is a vault reference, such as ``{vault://env/secret}``."""
    return isinstance(value, str) and value.startswith("{vault://") and value.endswith("}")


def complete(field: Field, value: Any) -> Any:
    """Fill in the defaults of records inside a value; values of a wrong type stay."""
    kind = field["type"]
    if kind == "record" and isinstance(value, dict):
        return _complete_record(field, value)
    if kind in {"array", "set"} and isinstance(value, list):
        items = [complete(field["elements"], item) for item in value]
        return _without_repeats(items) if kind == "set" else items
    if kind == "map" and isinstance(value, dict):
        return {key: complete(field["values"], item) for key, item in value.items()}
    return value


def find_violations(field: Field, value: Any, path: str) -> Iterator[Violation]:
    """Yield every rule of the field that the value breaks."""
    if value is None:
        if field.get("required"):
            yield Violation(path, "required field missing")
        elif "default" in field:
            # Only an explicit null is left by complete(); Kong treats it in several ways.
            yield Violation(path, "null is not implemented by the local gateway: leave it out")
        return
    wrong_type = _find_type_error(field["type"], value)
    if wrong_type:
        yield Violation(path, wrong_type)
        return
    if field.get("referenceable") and is_reference(value):
        return
    inner = list(_find_inner_violations(field, value, path))
    yield from inner
    if not inner:
        yield from _find_rule_violations(field, value, path)


def _complete_record(record: Field, value: dict[str, Any]) -> dict[str, Any]:
    fields = named_fields(record)
    completed = {
        name: item
        for name, item in value.items()
        if item is not None or {"default", "required"} & set(fields.get(name, {}))
    }
    for name, field in fields.items():
        if name in completed:
            completed[name] = complete(field, completed[name])
        elif "default" in field:
            completed[name] = complete(field, copy.deepcopy(field["default"]))
        elif field["type"] == "record" and field.get("required"):
            completed[name] = _complete_record(field, {})
    return completed


def _without_repeats(items: list[Any]) -> list[Any]:
    return [item for position, item in enumerate(items) if item not in items[:position]]


def _find_type_error(kind: str, value: object) -> str | None:
    if kind in {"number", "integer"}:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or (kind == "integer" and value != int(value)):  # type: ignore[call-overload]  # is_number
            return "expected an integer" if kind == "integer" else "expected a number"
        return None
    if kind == "any":
        return None
    if kind not in _PYTHON_TYPES:
        return f"fields of type '{kind}' are not implemented by the local gateway"
    expected, message = _PYTHON_TYPES[kind]
    return None if isinstance(value, expected) else message


def _find_inner_violations(field: Field, value: Any, path: str) -> Iterator[Violation]:
    kind = field["type"]
    if kind in {"array", "set"}:
        for position, item in enumerate(value):
            element = {**field["elements"], "required": True}
            yield from find_violations(element, item, f"{path}[{position}]")
    elif kind == "map":
        for key, item in value.items():
            yield from find_violations({**field["keys"], "required": True}, key, f"{path}.{key}")
            yield from find_violations({**field["values"], "required": True}, item, f"{path}.{key}")
    elif kind == "record":
        yield from _find_record_violations(field, _complete_record(field, value), path)


def _find_record_violations(record: Field, value: dict[str, Any], path: str) -> Iterator[Violation]:
    fields = named_fields(record)
    for name in value:
        if name not in fields:
            yield Violation(f"{path}.{name}", record.get("unknown_message", "unknown field"))
    for name, field in fields.items():
        yield from find_violations(field, value.get(name), f"{path}.{name}")


def _find_rule_violations(field: Field, value: Any, path: str) -> Iterator[Violation]:
    # Kong sets len_min 1 on every string field that has none.
    rules = {"len_min": 1, **field} if field["type"] == "string" else field
    for rule, check in _RULES.items():
        if rule in rules and rules[rule] is not None:
            message = check(value, rules[rule])
            if message:
                yield Violation(path, field.get("err") or message)
                return


def _length(value: Any) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value)


def _match_any(value: str, rule: Mapping[str, Any]) -> str | None:
    if any(lua_pattern.matches(pattern, value) for pattern in rule["patterns"]):
        return None
    return str(rule.get("err") or f"invalid value: {value}")


def _match_none(value: str, rule: list[Mapping[str, Any]]) -> str | None:
    broken = (one for one in rule if lua_pattern.matches(one["pattern"], value))
    return next((str(one.get("err") or f"invalid value: {value}") for one in broken), None)


def _match_all(value: str, rule: list[Mapping[str, Any]]) -> str | None:
    broken = (one for one in rule if not lua_pattern.matches(one["pattern"], value))
    return next((str(one.get("err") or f"invalid value: {value}") for one in broken), None)


def _is_regex(value: str, wanted: bool) -> str | None:
    if not wanted:
        return None
    try:
        compile_pcre(value)
    except re.error:
        return f"not a valid regex: {value}"
    return None


def compile_pcre(pattern: str) -> re.Pattern[str]:
    """Compile a PCRE as far as Python's syntax covers it. Raises re.error."""
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern))


def _unless(holds: bool, message: str) -> str | None:
    return None if holds else message


# In Kong's order: the first rule that is broken is the one that is reported.
_RULES: Mapping[str, Callable[[Any, Any], str | None]] = {
    "eq": lambda v, rule: _unless(v == rule, f"value must be {rule}"),
    "ne": lambda v, rule: _unless(v != rule, f"value must not be {rule}"),
    "not_one_of": lambda v, rule: _unless(
        v not in rule, f"must not be one of: {', '.join(map(str, rule))}"
    ),
    "one_of": lambda v, rule: _unless(v in rule, f"expected one of: {', '.join(map(str, rule))}"),
    "gt": lambda v, rule: _unless(v > rule, f"value must be greater than {rule}"),
    "timestamp": lambda v, rule: _unless(not rule or v > 0, "expected a valid timestamp"),
    "uuid": lambda v, rule: _unless(not rule or bool(_UUID.match(v)), "expected a valid UUID"),
    "is_regex": _is_regex,
    "between": lambda v, rule: _unless(
        rule[0] <= v <= rule[1], f"value should be between {rule[0]} and {rule[1]}"
    ),
    "len_eq": lambda v, rule: _unless(_length(v) == rule, f"length must be {rule}"),
    "len_min": lambda v, rule: _unless(_length(v) >= rule, f"length must be at least {rule}"),
    "len_max": lambda v, rule: _unless(_length(v) <= rule, f"length must be at most {rule}"),
    "starts_with": lambda v, rule: _unless(v.startswith(rule), f"should start with: {rule}"),
    "not_match": lambda v, rule: _unless(not lua_pattern.matches(rule, v), f"invalid value: {v}"),
    "match_none": _match_none,
    "match": lambda v, rule: _unless(lua_pattern.matches(rule, v), f"invalid value: {v}"),
    "match_all": _match_all,
    "match_any": _match_any,
    "contains": lambda v, rule: _unless(rule in v, f"expected to contain: {rule}"),
}
