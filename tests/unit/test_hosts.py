"""Hosts of URLs and the domains that they were registered under."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.address import (
    host_of,
    is_address,
    is_same_site,
    normalize_host,
    public_suffix,
    registrable_domain,
    with_parents,
)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.example.com/path?q#f", "www.example.com"),
        ("HTTPS://User:secret@WWW.Example.DE.:8443/x", "www.example.de"),
        ("  https://example.com", "example.com"),
        ("http://a@b@example.com", "example.com"),
        ("http://münchen.de/", "xn--mnchen-3ya.de"),
        ("http://FAß.de/", "xn--fa-hia.de"),
        ("http://日本語.jp:8080/", "xn--wgv71a119e.jp"),
        ("http://xn--mnchen-3ya.de/", "xn--mnchen-3ya.de"),
        ("http://my_site.example.com/", "my_site.example.com"),
        ("http://127.0.0.1:3000/", "127.0.0.1"),
        ("http://[2001:DB8::1]:80/", "2001:db8::1"),
        ("http://localhost:5177/", "localhost"),
        ("https://google.com\\@evil.example/", "google.com"),
        ("android-app://com.linkedin.android/", "android.linkedin.com"),
        ("ANDROID-APP://com.google.android.gm", "gm.android.google.com"),
        ("http://[::1", None),
        ("http://]/", None),
        ("http://a..b/", None),
        ("http://%67oogle.com/", None),
        ("http://exa mple.com/", None),
        ("http://\ud800.com/", None),
        ("http://" + "a" * 64 + ".com/", None),
        ("http://" + "a." * 5000 + "com/", None),
        ("https:///path", None),
        ("//example.com/", None),
        ("www.example.com", None),
        ("/pricing", None),
        ("about:blank", None),
        ("javascript:alert(1)", None),
        ("file:///C:/page.html", None),
        ("", None),
        (None, None),
    ],
)
def test_the_host_of_a_url(url: str | None, host: str | None) -> None:
    assert host_of(url) == host


@given(st.text(st.characters(exclude_categories=())))  # lone surrogates too
def test_no_text_makes_host_of_raise_and_what_it_returns_is_normal(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/path", f"android-app://{text}"):
        host = host_of(url)
        assert host is None or (host.isascii() and normalize_host(host) == host)


@given(st.characters(), st.characters(), st.text(max_size=20))
def test_a_host_that_normalizes_has_a_registrable_domain_or_none(
    first: str, second: str, rest: str
) -> None:
    host = normalize_host(f"{first}{rest}.{second}.com")
    if host is not None:
        domain = registrable_domain(host)
        assert domain is None or domain in with_parents(host)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.google.co.uk", "google.co.uk"),
        ("google.co.uk", "google.co.uk"),
        ("a.b.c.example.com", "example.com"),
        ("alice.github.io", "alice.github.io"),
        ("www.alice.github.io", "alice.github.io"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("shop.example.unknowntld", "example.unknowntld"),
        ("co.uk", None),
        ("github.io", None),
        ("localhost", None),
        ("127.0.0.1", None),
        ("2001:db8::1", None),
    ],
)
def test_the_registrable_domain_of_a_host(host: str, domain: str | None) -> None:
    assert registrable_domain(host) == domain


def test_a_registrys_suffix_leaves_out_companies_that_give_names_away() -> None:
    assert public_suffix("alice.github.io") == "io"
    assert public_suffix("www.google.co.uk") == "co.uk"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("example.com", False), ("1.2.3.com", False)],
)
def test_an_address_is_told_from_a_name(host: str, expected: bool) -> None:
    assert is_address(host) is expected


def test_the_parents_of_a_host_come_from_the_longest_to_the_shortest() -> None:
    assert list(with_parents("a.b.example.com")) == [
        "a.b.example.com",
        "b.example.com",
        "example.com",
        "com",
    ]


@pytest.mark.parametrize(
    ("host", "other", "expected"),
    [
        ("www.example.co.uk", "shop.example.co.uk", True),
        ("localhost", "localhost", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("alice.github.io", "bob.github.io", False),
        ("example.com", "example.org", False),
    ],
)
def test_two_hosts_are_one_site_below_one_registrable_domain(
    host: str, other: str, expected: bool
) -> None:
    assert is_same_site(host, other) is expected


@pytest.mark.parametrize("host", ["ü/x", "ü@x", "ü:80", "ü#", "ü%2e", "ü x", "ü\t", "ü\\", "[ü]"])
def test_what_is_no_international_host_is_none(host: str) -> None:
    assert normalize_host(host) is None
