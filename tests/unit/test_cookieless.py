"""Visitor ids that are good for a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from collector.cookieless import Salts, daily_visitor_id, site_of

SALT, OTHER = b"s" * 32, b"t" * 32
PAGE, IP, AGENT = "https://www.example.com/a?b", "203.0.113.77", "A browser"
ONE = daily_visitor_id(SALT, PAGE, IP, AGENT)

SAME = [
    ("https://www.example.com/other", IP, AGENT),
    ("https://shop.example.com/", IP, AGENT),
    (PAGE, "203.0.113.78", AGENT),
    (PAGE, "::ffff:203.0.113.1", AGENT),
]
DIFFERENT = [
    ("https://www.example.org/", IP, AGENT),
    (None, IP, AGENT),
    (PAGE, "203.0.114.77", AGENT),
    (PAGE, "2001:db8::1", AGENT),
    (PAGE, IP, "Another browser"),
]
NOBODY = [(PAGE, None, AGENT), (PAGE, IP, None), (PAGE, "no address", AGENT), (PAGE, "", AGENT)]


@pytest.mark.parametrize("request_says", SAME)
def test_one_browser_of_a_site_and_a_network_is_one(
    request_says: tuple[str | None, str | None, str | None],
) -> None:
    assert daily_visitor_id(SALT, *request_says) == ONE


@pytest.mark.parametrize("request_says", DIFFERENT)
def test_another_site_network_or_browser_is_another(
    request_says: tuple[str | None, str | None, str | None],
) -> None:
    found = daily_visitor_id(SALT, *request_says)
    assert found is not None
    assert found != ONE


@pytest.mark.parametrize("request_says", NOBODY)
def test_who_cannot_be_told_from_strangers_gets_none(
    request_says: tuple[str | None, str | None, str | None],
) -> None:
    assert daily_visitor_id(SALT, *request_says) is None


def test_another_day_s_salt_makes_another_id() -> None:
    assert daily_visitor_id(OTHER, PAGE, IP, AGENT) != ONE
    assert ONE is not None
    assert len(ONE) == len("daily-") + 32


def test_parts_do_not_run_into_each_other() -> None:
    ids = {daily_visitor_id(SALT, PAGE, IP, agent) for agent in ("a\nb", "a", "a\n", "b")}
    assert len(ids) == 4


def test_a_header_that_is_not_utf_8_is_taken_as_it_is() -> None:
    assert daily_visitor_id(SALT, PAGE, IP, "a\udcff") is not None


@pytest.mark.parametrize(
    ("page", "site"),
    [
        (PAGE, "example.com"),
        ("https://a.b.example.co.uk/", "example.co.uk"),
        ("http://localhost:5177/", "localhost"),
        ("http://192.0.2.1/", "192.0.2.1"),
        ("/pricing", ""),
        (None, ""),
    ],
)
def test_a_site_is_its_registrable_domain(page: str | None, site: str) -> None:
    assert site_of(page) == site


def test_a_salt_is_that_of_the_day_in_utc() -> None:
    salts = Salts()
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert salts.of(midnight) is None
    salts.replace({date(2026, 11, 22): SALT, date(2026, 11, 23): OTHER})
    assert salts.of(midnight - timedelta(microseconds=1)) == SALT
    assert salts.of(midnight.astimezone(timezone(timedelta(hours=-5)))) == OTHER
    salts.replace({date(2026, 11, 23): OTHER})
    assert salts.of(midnight - timedelta(microseconds=1)) is None
