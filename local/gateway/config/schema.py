"""Kong's schema language, as far as kong.yml and the plugins use it (kong/db/schema/init.lua).

A field is a mapping such as ``{"type": "array", "elements": {...}, "required": True}``;
a record's ``fields`` is a list of mappings with one key each, the field's name.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Field = Mapping[str, Any]

NOT_IMPLEMENTED = "not implemented by the local gateway"

_PYTHON_TYPES: Mapping[str, tuple[type, str]] = {
    "boolean": (bool, "expected a boolean"),
    "record": (dict, "expected a record"),
    "map": (dict, "expected a map"),
    "array": (list, "expected an array"),
    "string": (str, "expected a string"),
}
# Lua patterns that mean the same as regular expressions: characters, sets, repetitions, ends.
_PLAIN_PATTERN = re.compile(r"\^?(?:(?:\[[A-Za-z0-9_-]+\]|[A-Za-z0-9_])[*+?]?)+\$?")


@dataclass(frozen=True)
class Violation:
    """One rule that a value breaks: where (``config.methods[0]``) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def record(*fields: Field) -> dict[str, Any]:
    """A record of this gateway's own: fields that it does not list are not implemented."""
    return {
        "type": "record",
        "required": True,
        "unknown_message": NOT_IMPLEMENTED,
        "fields": [*fields],
    }


def only(value: object, **rules: object) -> dict[str, Any]:
    """A field whose other values Kong takes and this gateway does not."""
    kind = "boolean" if isinstance(value, bool) else "string"
    err = f"only {str(value).lower()} is implemented by the local gateway"
    return {"type": kind, "one_of": [value], "err": err, **rules}


def named_fields(record: Field) -> dict[str, Field]:
    """Give a record's fields by name."""
    return {name: field for entry in record["fields"] for name, field in entry.items()}


def is_reference(value: object) -> bool:
    """Say whether a value is a vault reference, such as ``{vault://env/secret}``."""
    return isinstance(value, str) and value.startswith("{vault://") and value.endswith("}")


def complete(field: Field, value: Any) -> Any:
    """Fill in the defaults of records inside a value; values of a wrong type stay."""
    if field["type"] == "array" and isinstance(value, list):
        return [complete(field["elements"], item) for item in value]
    if field["type"] != "record" or not isinstance(value, dict):
        return value
    completed = dict(value)
    for name, inner in named_fields(field).items():
        if name in value:
            completed[name] = complete(inner, value[name])
        elif "default" in inner:
            completed[name] = copy.deepcopy(inner["default"])
    return completed


def find_violations(field: Field, value: Any, path: str) -> Iterator[Violation]:
    """Yield every rule of the field that the value, which complete() gave, breaks."""
    if value is None:
        if field.get("required"):
            yield Violation(path, "required field missing")
        elif "default" in field:
            # Only an explicit null is left by complete(); Kong treats it in several ways.
            yield Violation(path, f"null is {NOT_IMPLEMENTED}: leave it out")
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


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a Lua pattern. Raises ValueError for one that reads differently in Python."""
    if not _PLAIN_PATTERN.fullmatch(pattern):
        raise ValueError(f"the Lua pattern {pattern!r} is {NOT_IMPLEMENTED}")
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def compile_regex(pattern: str) -> re.Pattern[str]:
    """Compile a PCRE as far as Python's syntax covers it. Raises re.error."""
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", pattern))


def _find_type_error(kind: str, value: object) -> str | None:
    if kind == "any":
        return None
    if kind in {"number", "integer"}:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or (kind == "integer" and value != int(value)):  # type: ignore[call-overload]  # is_number
            return "expected an integer" if kind == "integer" else "expected a number"
        return None
    expected, message = _PYTHON_TYPES[kind]
    return None if isinstance(value, expected) else message


def _find_inner_violations(field: Field, value: Any, path: str) -> Iterator[Violation]:
    if field["type"] == "array":
        element = {**field["elements"], "required": True}
        for position, item in enumerate(value):
            yield from find_violations(element, item, f"{path}[{position}]")
    elif field["type"] == "record":
        fields = named_fields(field)
        for name in value:
            if name not in fields:
                yield Violation(f"{path}.{name}", field.get("unknown_message", "unknown field"))
        for name, inner in fields.items():
            yield from find_violations(inner, value.get(name), f"{path}.{name}")


def _find_rule_violations(field: Field, value: Any, path: str) -> Iterator[Violation]:
    # Kong sets len_min 1 on every string field that has none.
    rules = {"len_min": 1, **field} if field["type"] == "string" else field
    for rule, check in _RULES.items():
        if rule in rules:
            message = check(value, rules[rule])
            if message:
                yield Violation(path, field.get("err") or message)
                return


def _length(value: Any) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value)


def _unless(holds: object, message: str) -> str | None:
    return None if holds else message


# In Kong's order: the first rule that is broken is the one that is reported. ``regex`` is this
# gateway's own, for its entities.
_RULES: Mapping[str, Callable[[Any, Any], str | None]] = {
    "one_of": lambda v, rule: _unless(v in rule, f"expected one of: {', '.join(map(str, rule))}"),
    "gt": lambda v, rule: _unless(v > rule, f"value must be greater than {rule}"),
    "between": lambda v, rule: _unless(
        rule[0] <= v <= rule[1], f"value should be between {rule[0]} and {rule[1]}"
    ),
    "len_eq": lambda v, rule: _unless(_length(v) == rule, f"length must be {rule}"),
    "len_min": lambda v, rule: _unless(_length(v) >= rule, f"length must be at least {rule}"),
    "len_max": lambda v, rule: _unless(_length(v) <= rule, f"length must be at most {rule}"),
    "match": lambda v, rule: _unless(compile_pattern(rule).search(v), f"invalid value: {v}"),
    "regex": lambda v, rule: _unless(re.fullmatch(rule, v), f"invalid value: {v}"),
    "contains": lambda v, rule: _unless(rule in v, f"expected to contain: {rule}"),
}
