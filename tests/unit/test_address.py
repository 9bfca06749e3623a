"""The campaign tags and click ids in addresses."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, quote_from_bytes, unquote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from collector.address import (
    NO_TAGS,
    TAGS,
    AddressReader,
    Campaign,
    _suffixes,
    meant_name,
    meant_value,
    split_address,
    unescape,
)

CLICK_IDS = ("gclid", "sccid")
READER = AddressReader(CLICK_IDS, 100)
GOOGLE = Campaign("google", "cpc")


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/?utm_source=google&utm_medium=cpc",
        "https://x.com?utm_source=google&utm_medium=cpc",
        "/pricing?utm_source=google&utm_medium=cpc",
        "https://x.com/#utm_source=google&utm_medium=cpc",
        "https://x.com/#/pricing?utm_source=google&utm_medium=cpc",
        "https://x.com/#!/pricing?utm_source=google&utm_medium=cpc",
        "https://x.com/?plan=pro#/?utm_source=google&utm_medium=cpc",
        "https://x.com/?UTM_Source=google&Utm_Medium=cpc",
        "https://x.com/?utm%5Fsource=google&utm%5fmedium=cpc",
        "https://x.com/?a=1&amp;utm_source=google&amp;utm_medium=cpc",
        "https://x.com/?utm_source=google&amp;amp;utm_medium=cpc",
        "https://x.com/?utm_source=google&#038;utm_medium=cpc",
        "https://x.com/?utm_source=google&#x26;utm_medium=cpc",
        "https://x.com/?ref=a?utm_source=google&utm_medium=cpc",
        "https://x.com/??utm_source=google&utm_medium=cpc",
        "https://x.com/?utm_source%3Dgoogle%26utm_medium%3Dcpc",
        "https://x.com/?utm_source=google%26utm_medium=cpc",
        "https://x.com/?utm_source=google%26amp%3Butm_medium%3Dcpc",
        "https://x.com/?utm_source=google%20&utm_medium=+cpc",
        "https://x.com/?utm_source=&utm_source=google&utm_medium=cpc&utm_medium=email",
        "https://x.com/?utm_source=google&utm_medium=cpc#utm_source=news&utm_campaign=nov",
        "https://x.com/?mtm_source=google&mtm_medium=cpc",
        "https://x.com/?pk_source=google&pk_medium=cpc",
        "https://x.com/?utm_source=google&utm_medium=cpc&pk_campaign=old&mtm_campaign=older",
        "https://x.com/?url=https://y.com/?utm_campaign=other&utm_source=google&utm_medium=cpc",
    ],
)
def test_tags_are_read_however_the_link_was_made(url: str) -> None:
    assert READER.read_tags(url).campaign == GOOGLE


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://x.com/",
        "https://x.com/?",
        "https://x.com/#",
        "https://x.com/?utm_source",
        "https://x.com/?utm_source=",
        "https://x.com/?utm_source=%20+",
        "https://x.com/?utm_sources=google",
        "https://x.com/?xutm_source=google",
        "https://x.com/?url=https://y.com/?utm_source=google",
        "https://x.com/?url=https%3A%2F%2Fy.com%2F%3Futm_source%3Dgoogle%26utm_medium%3Dcpc",
        "https://x.com/?https%3A%2F%2Fy.com%2F%3Futm_source%3Dgoogle",
        "https://x.com/utm_source=google",
        "http://[::1/?utm_source=google",
        "https://x.com/#section",
    ],
)
def test_an_address_without_tags_has_none(url: str | None) -> None:
    assert READER.read_tags(url).campaign == NO_TAGS.campaign


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("cpc", "cpc"),
        ("paid%20social", "paid social"),
        ("paid%2520social", "paid social"),
        ("cpc%20", "cpc"),
        (" cpc\n", "cpc"),
        ("Black &amp; White", "Black & White"),
        ("Black%20%26amp%3B%20White", "Black & White"),
        ("100%", "100%"),
        ("50%25", "50%"),
        ("100%DE", "100%DE"),  # no text in UTF-8
        ("m%C3%BCnchen", "münchen"),
        ("a+b", "a+b"),
        ("a%00b", "a\ufffdb"),
        ("%20", ""),
    ],
)
def test_a_value_is_read_as_it_was_meant(sent: str, meant: str) -> None:
    assert meant_value(sent) == meant


def test_an_address_is_taken_apart_once_for_all() -> None:
    address = split_address("https://x.com/a?b=1#/c?d=2")
    assert address == ("https://x.com/a", "b=1", "/c?d=2")
    assert address.fragment_query == "d=2"


def test_no_more_parameters_are_looked_at_than_may_be() -> None:
    reader = AddressReader(CLICK_IDS, 2)
    assert reader.parameters_in("a=1&gclid=x") == {"gclid": "x"}
    assert reader.parameters_in("a=1&b=2&gclid=x") == {}
    assert reader.parameters_in("a=1?b=2?gclid=x") == {}


def test_of_escaped_names_the_first_twenty_are_read() -> None:
    filters = "".join(f"filter%5B{number}%5D=a&" for number in range(19))
    assert READER.parameters_in(f"{filters}%67clid=x") == {"gclid": "x"}
    assert READER.parameters_in(f"a%5B%5D=1&{filters}%67clid=x") == {}
    assert READER.parameters_in(f"a%5B%5D=1&{filters}gclid=x") == {"gclid": "x"}


def test_of_a_long_query_the_beginning_is_looked_at() -> None:
    assert READER.parameters_in(f"a={'b' * 20_000}&gclid=x") == {}
    assert READER.parameters_in(f"gclid=x&a={'b' * 20_000}") == {"gclid": "x"}


def test_matomos_keyword_is_the_term() -> None:
    assert READER.read_tags("/?mtm_campaign=a&mtm_kwd=b").campaign == Campaign(None, None, "a", "b")


ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
PIECES = st.sampled_from(
    [*TAGS, *CLICK_IDS, "?", "#", "&", "=", "%", "%3D", "%26", "&amp;", "&#038;", "://", "[", "\0"]
)
ADDRESSES = st.lists(PIECES | ANY_TEXT).map("".join)


@given(ADDRESSES)
def test_no_address_makes_the_reader_raise(url: str) -> None:
    campaign, click_ids = READER.read_tags(url)
    values = [value for value in campaign if value is not None]
    assert all(value and "\0" not in value for value in values)
    assert click_ids.keys() <= set(CLICK_IDS)


@given(ANY_TEXT)
def test_no_text_makes_a_name_or_a_value_raise(text: str) -> None:
    meant_name(text)
    meant_value(text)


PLAIN_NAMES = st.sampled_from([*CLICK_IDS, "utm_source", "plan", "ref", "q"])
PLAIN_VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


@given(st.dictionaries(PLAIN_NAMES, PLAIN_VALUES))
def test_a_plain_query_is_read_as_the_standard_library_reads_it(pairs: dict[str, str]) -> None:
    query = urlencode(pairs)
    expected = {
        name: value
        for name, value in parse_qsl(query)
        if name in {*CLICK_IDS, "utm_source"} and not value.isspace()
    }
    assert READER.parameters_in(query) == expected


@given(PLAIN_VALUES, st.integers(0, 3))
def test_a_value_that_was_encoded_again_is_the_same(value: str, times: int) -> None:
    plain = meant_value(value)
    encoded = plain
    for _ in range(times):
        encoded = quote(encoded)
    assert "%" in plain or meant_value(encoded) == meant_value(plain)


@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.text("%=+ _\r\n0aF\u00e9", max_size=40)
    | st.binary().map(quote_from_bytes)
)
@example("%e2%82%acé%c3é%=3D%3d=41+_%" + "%%" * 40)
def test_a_value_is_decoded_as_urllib_decodes_it(text: str) -> None:
    assert unescape(text) == unquote(text)


def test_the_public_suffixes_are_those_that_the_package_reads_from_its_list() -> None:
    whole, registries = _suffixes()
    assert vars(whole) == vars(PublicSuffixList())
    assert vars(registries) == vars(PublicSuffixList(only_icann=True))
