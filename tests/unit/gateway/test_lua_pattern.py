"""Lua patterns; the expected results are Lua 5.1's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.lua_pattern import LuaPatternError, compile_lua_pattern, matches


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^%d+$", "123", True),
        ("^%d+$", "12a", False),
        (r"^\d+$", "123", False),
        ("^%u+$", "POST", True),
        ("^%u+$", "Post", False),
        ("^%S+$", "a b", False),
        ("^[%w%.%-]+$", "a-b.c", True),
        ("^[^,/]+$", "a,b", False),
        ("^[%]]$", "]", True),
        ("^[]]$", "]", True),
        ("^[a-c]+$", "abcd", False),
        ("^a.-b$", "a\nxb", True),
        ("^.$", "\N{LATIN SMALL LETTER A WITH DIAERESIS}", False),
        ("^..$", "\N{LATIN SMALL LETTER A WITH DIAERESIS}", True),
        ("a$b", "a$b", True),
        ("^(%a+)://", "https://x", True),
        ("%%", "100%", True),
        ("x*", "", True),
        ("a|b", "a", False),
    ],
)
def test_a_pattern_matches_what_lua_matches(pattern: str, text: str, found: bool) -> None:
    assert matches(pattern, text) is found


@pytest.mark.parametrize(
    "pattern", ["[a", "%", "(a", "a)", ")(", "[z-a]", "%bxy", "%f[a]", "(a)%1"]
)
def test_a_malformed_or_unsupported_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(LuaPatternError):
        compile_lua_pattern(pattern)


@given(st.text(max_size=30))
def test_any_text_either_compiles_or_is_refused(pattern: str) -> None:
    try:
        compile_lua_pattern(pattern)
    except LuaPatternError:
        return
    except re.error as error:
        raise AssertionError(pattern) from error


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_an_escaped_text_matches_itself(text: str) -> None:
    escaped = "".join(f"%{one}" if one.isascii() and not one.isalnum() else one for one in text)
    assert matches(f"^{escaped}$", text)
