"""Kong's schema language: defaults, and every rule."""

from typing import Any

import pytest

from local.gateway.config.schema import compile_pattern, complete, find_violations, only

STRINGS = {"type": "array", "elements": {"type": "string"}}


def messages(field: dict[str, Any], value: object) -> list[str]:
    return [str(one) for one in find_violations(field, value, "x")]


@pytest.mark.parametrize(
    ("field", "good", "bad", "message"),
    [
        ({"type": "string"}, "a", 1, "x: expected a string"),
        ({"type": "string"}, "a", "", "x: length must be at least 1"),
        ({"type": "string", "len_min": 0}, "", None, None),
        ({"type": "string", "required": True}, "a", None, "x: required field missing"),
        ({"type": "integer"}, 3, 3.5, "x: expected an integer"),
        ({"type": "integer"}, 3.0, True, "x: expected an integer"),
        ({"type": "number"}, 3.5, "3", "x: expected a number"),
        ({"type": "boolean"}, False, 0, "x: expected a boolean"),
        (STRINGS, ["a"], ["a", 1], "x[1]: expected a string"),
        (STRINGS, [], {"a": "b"}, "x: expected an array"),
        (STRINGS, ["a"], [None], "x[0]: required field missing"),
        ({"type": "string", "one_of": ["a", "b"]}, "a", "c", "x: expected one of: a, b"),
        ({"type": "integer", "between": [1, 3]}, 3, 4, "x: value should be between 1 and 3"),
        ({"type": "number", "gt": 0}, 1, 0, "x: value must be greater than 0"),
        ({"type": "string", "match": "^[0-9]+$"}, "12", "12\n", "x: invalid value: 12\n"),
        ({"type": "string", "regex": "[A-Z]+"}, "AB", "AB\n", "x: invalid value: AB\n"),
        ({"type": "string", "len_max": 2}, "ab", "abc", "x: length must be at most 2"),
        ({"type": "string", "len_max": 1}, "a", "\N{EURO SIGN}", "x: length must be at most 1"),
        ({"type": "string", "len_eq": 2}, "ab", "a", "x: length must be 2"),
        ({**STRINGS, "contains": "a"}, ["a"], ["b"], "x: expected to contain: a"),
        ({"type": "string", "one_of": ["a"], "err": "own words"}, "a", "b", "x: own words"),
        (only(False), False, True, "x: only false is implemented by the local gateway"),
        ({"type": "map"}, {"a": 1}, [], "x: expected a map"),
    ],
)
def test_each_rule_takes_the_good_and_names_the_bad(
    field: dict[str, Any], good: object, bad: object, message: str | None
) -> None:
    assert messages(field, good) == []
    assert messages(field, bad) == ([message] if message else [])


RECORD = {
    "type": "record",
    "fields": [
        {"plain": {"type": "string"}},
        {"given": {"type": "string", "default": "d"}},
        {"origins": {"type": "array", "elements": {"type": "string"}, "default": []}},
        {
            "nested": {
                "type": "record",
                "fields": [{"depth": {"type": "integer", "default": 1}}],
            }
        },
    ],
}


def test_defaults_are_filled_in_and_what_is_given_stays() -> None:
    assert complete(RECORD, {}) == {"given": "d", "origins": []}
    given = {"given": "g", "origins": ["a", "b"], "nested": {}}
    assert complete(RECORD, given) == {**given, "nested": {"depth": 1}}


def test_a_default_is_not_shared_between_two_values() -> None:
    complete(RECORD, {})["origins"].append("x")
    assert complete(RECORD, {})["origins"] == []


def test_unknown_fields_are_named_by_their_path() -> None:
    value = complete(RECORD, {"typo": 1, "nested": {"deep": 1}})
    assert sorted(messages(RECORD, value)) == [
        "x.nested.deep: unknown field",
        "x.typo: unknown field",
    ]


@pytest.mark.parametrize("pattern", ["^%d+$", "a-", "(a)", "a.b", "[^a]", "a|b", r"\d", "a{2}", ""])
def test_a_lua_pattern_that_python_reads_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not implemented by the local gateway"):
        compile_pattern(pattern)


def test_a_reference_passes_every_rule_where_the_field_may_hold_one() -> None:
    field = {"type": "string", "referenceable": True, "len_max": 3}
    assert messages(field, "{vault://env/secret}") == []
    assert messages({"type": "string", "len_max": 3}, "{vault://env/secret}") != []
