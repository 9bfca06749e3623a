"""Paths: what nginx refuses, and what Kong's router makes of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.proxying.paths import escape, is_acceptable, normalize


@pytest.mark.parametrize(
    ("path", "normalized"),
    [
        ("/", "/"),
        ("/a//b", "/a/b"),
        ("/a/./b/.", "/a/b/"),
        ("/a/b/..", "/a/"),
        ("/a/..", "/"),
        ("/a/../b/", "/b/"),
        ("/%7Euser/%41", "/~user/A"),
        ("/a%2fb%3f", "/a%2Fb%3F"),
        ("/%e4", "/\xe4"),
    ],
)
def test_a_path_is_normalised_as_kong_does(path: str, normalized: str) -> None:
    assert normalize(path) == normalized


@pytest.mark.parametrize(
    ("path", "acceptable"),
    [
        ("/a/../b", True),
        ("/%20", True),
        ("/../b", False),
        ("/a/../../b", False),
        ("/%2e%2e/b", False),
        ("/%zz", False),
        ("/%4", False),
        ("/%00", False),
        ("*", False),
        ("", False),
    ],
)
def test_nginx_refuses_a_path_that_it_cannot_read(path: str, acceptable: bool) -> None:
    assert is_acceptable(path) is acceptable


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalize("/" + text.replace("%", ""))
    assert normalize(once) == once


@given(st.text(st.characters(max_codepoint=0xFF)))
def test_an_escaped_path_is_plain_ascii(text: str) -> None:
    assert escape(text).isascii()
    assert " " not in escape(text)
