"""How origins are parsed, compiled and compared."""

import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracking_plugin.origins import (
    Origin,
    is_well_formed,
    match_origin,
    parse_origin,
    parse_origin_rules,
)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example", Origin("https://shop.example", "shop.example")),
        ("https://shop.example:443", Origin("https://shop.example", "shop.example")),
        ("http://shop.example:80", Origin("http://shop.example", "shop.example")),
        ("http://shop.example:443", Origin("http://shop.example:443", "shop.example")),
        ("https://shop.example/a/b", Origin("https://shop.example", "shop.example")),
        ("https://user@shop.example", Origin("https://shop.example", "shop.example")),
        ("http://[::1]:5177", Origin("http://[::1]:5177", "[::1]")),
        ("//shop.example:8080", Origin("shop.example:8080", "shop.example")),
        ("null", Origin("null", "null")),
        ("shop.example:8080", Origin("shop.example:8080", "shop.example:8080")),
        ("chrome-extension://abc", Origin("chrome-extension://abc", "abc")),
        ("", Origin("", "")),
    ],
)
def test_an_origin_is_split_as_kong_splits_it(text: str, origin: Origin) -> None:
    assert parse_origin(text) == origin


@given(st.text(max_size=200))
def test_parsing_an_origin_never_raises_and_parsing_its_text_again_changes_nothing(
    text: str,
) -> None:
    once = parse_origin(text)

    assert parse_origin(once.text) == once


@given(
    host=st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,6}){1,3}", fullmatch=True),
    port=st.integers(min_value=1, max_value=65535),
    scheme=st.sampled_from(["http", "https"]),
)
def test_an_exact_entry_allows_its_own_origin_and_no_longer_name(
    host: str, port: int, scheme: str
) -> None:
    origin = f"{scheme}://{host}:{port}"
    rules = parse_origin_rules([origin])

    assert match_origin(rules, origin) == parse_origin(origin).text
    assert match_origin(rules, f"{scheme}://{host}.evil.example:{port}") is None
    assert match_origin(rules, f"{scheme}://evil{host}:{port}") is None


@pytest.mark.parametrize(
    ("origin", "well_formed"),
    [
        ("https://shop.example", True),
        ("null", True),
        ("", False),
        ("https://a.example, https://b.example", False),
        ("https://bücher.example", False),
        ("https://shop.example\udcff", False),
        ("https://shop.example\t", False),
        ("https://" + "a" * 292, True),
        ("https://" + "a" * 293, False),
    ],
)
def test_only_what_a_browser_can_send_is_looked_at(origin: str, well_formed: bool) -> None:
    assert is_well_formed(origin) is well_formed


@pytest.mark.parametrize("entry", ["https://(", r"\p{L}+\.example", "[[:alpha:]]+\\.example"])
def test_an_expression_that_python_cannot_use_is_logged_and_matches_nothing(
    entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    rules = parse_origin_rules([entry, "https://shop.example"])

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert repr(entry) in caplog.text
    assert match_origin(rules, "https://a.example") is None
    assert match_origin(rules, "https://shop.example") == "https://shop.example"


@pytest.mark.parametrize(
    "entry", [r"(.+\.)*shop\.example", r"https://([a-z]+)*\.example", r"([0-9]+)+\.example"]
)
def test_an_expression_that_would_hang_the_server_is_refused_within_a_second(
    entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    started = time.process_time()

    rules = parse_origin_rules([entry])

    assert rules.patterns == ()
    assert "exponential time" in caplog.text
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "entry",
    [
        r".*\.shop\.example",
        r"https://(\w+\.)?shop\.example",
        r"https?://([a-z0-9-]+\.)*shop\.example(:\d+)?",
        r"(?i)^https://.*$",
    ],
)
def test_ordinary_expressions_are_not_taken_for_dangerous_ones(
    entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(parse_origin_rules([entry]).patterns) == 1
    assert caplog.text == ""
