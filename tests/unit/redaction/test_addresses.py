"""What is cut out of an address, and that nothing else is."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.classify.source_lists import load_source_lists
from collector.contract.models import UTMParams
from collector.redaction.addresses import LONGEST_READ, MARK, AddressRedactor, load_names

REDACT = AddressRedactor(100).redact
SITE = "https://www.example.com/"
# What each address becomes in the browser's tracker and in the collector.
TABLE: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[2] / "data" / "addresses.json").read_text("utf-8")
)
UNCHANGED = [row["address"] for row in TABLE if row["address"] == row["collector"]]

# Pieces that mean something to a redactor, in any order; and any text.
PIECES = st.lists(
    st.sampled_from(
        [
            *("?", "&", "#", ";", "=", "/", "//", ":", "@", "%", ",", " ", "a", "x1", ".com", MARK),
            *("%3D", "%26", "%3f", "%23", "%253D", "%2526", "%40", "%2540", "%20", "%2B", "%C3%BC"),
            *(
                "token",
                "email",
                "code",
                "key",
                "password",
                "phone",
                "1234567890" * 2,
                "\n",
                "ü",
                "ß",
                "İ",
            ),
        ]
    ),
    max_size=25,
).map("".join)
ADDRESSES = st.one_of(PIECES, PIECES.map(lambda text: SITE + text), st.text(max_size=60))


@pytest.mark.parametrize("row", TABLE, ids=[row["address"] for row in TABLE])
def test_of_an_address_what_is_secret_or_personal_is_cut(row: dict[str, str]) -> None:
    assert REDACT(row["address"]) == row["collector"]


@pytest.mark.parametrize("row", TABLE, ids=[row["address"] for row in TABLE])
def test_what_the_tracker_left_becomes_the_same(row: dict[str, str]) -> None:
    sent = row["address"] if "#" in row["tracker"] else row["address"].partition("#")[0]
    assert REDACT(row["tracker"]) == REDACT(sent)


@given(ADDRESSES)
@example("https://a@b.example/?token=a/b&x=1")
@example("//a@b.co@c.example")
@example(f"{SITE}?next=%3Fßtoken%3dabc%26x%3D1")
def test_a_redacted_address_stays_as_it_is(address: str) -> None:
    redacted = REDACT(address)
    assert REDACT(redacted) == redacted


@given(ADDRESSES)
def test_what_is_left_stands_as_it_was_sent_and_in_its_order(address: str) -> None:
    left = REDACT(address).split(MARK)
    pattern = ".*".join(map(re.escape, left))
    assert re.fullmatch(pattern, address, re.DOTALL)


@given(
    st.text(st.characters(exclude_characters="&#@%;?=/", exclude_categories=["Cs"]), min_size=1),
    st.sampled_from(["token", "accessToken", "password", "email", "user[phone]", "billing_phone"]),
)
def test_no_value_of_a_secret_parameter_is_left(value: str, name: str) -> None:
    assert REDACT(f"{SITE}?a=1&{name}={value}&b=2") == f"{SITE}?a=1&{name}={MARK}&b=2"


def test_what_attribution_needs_is_not_cut() -> None:
    click_ids = load_source_lists().click_ids
    redact = AddressRedactor(100, kept_names=[*click_ids, "partner_token"]).redact
    value = "EAIaIQobChMI-1234567890_abcdef"
    for name in (*click_ids, "Partner_Token", *UTMParams.model_fields, "utm_id", "q", "s"):
        address = f"{SITE}?{name}={value}"
        assert redact(f"{address}&token=1") == f"{address}&token={MARK}"


def test_what_a_deployment_names_is_cut_even_where_attribution_needs_it() -> None:
    redact = AddressRedactor(100, ("GCLID",), ("gclid",)).redact
    assert redact(f"{SITE}?gclid=1") == f"{SITE}?gclid={MARK}"


@pytest.mark.parametrize(
    ("name", "value", "cut"),
    [
        ("code", "SUMMER20", False),
        ("code", "1234567890123456789", False),
        ("code", "12345678901234567890", True),
        ("state", "CA", False),
        ("state", "af0ifjsldkj0123456789", True),
        ("invite_code", "12345678901234567890", True),
        ("country_code", "US", False),
        ("session_id", "cs_test_1", True),
        ("session", "2026-spring", False),
        ("session", "0123456789abcdef0123", True),
        ("resort", "12345678901234567890", False),
        ("", "12345678901234567890", False),
    ],
)
def test_a_word_of_many_meanings_is_secret_where_its_value_is_long(
    name: str, value: str, cut: bool
) -> None:
    assert REDACT(f"{SITE}?{name}={value}") == f"{SITE}?{name}={MARK if cut else value}"


def test_a_deployment_names_more_parameters() -> None:
    redact = AddressRedactor(100, ("customer", "ref[id]")).redact
    address = f"{SITE}?Customer=1&customer_type=2&ref[id]=3&token=4&a=5#customer=6"
    assert redact(address) == (
        f"{SITE}?Customer={MARK}&customer_type=2&ref[id]={MARK}&token={MARK}&a=5#customer={MARK}"
    )


def test_past_the_parameters_that_are_looked_at_the_rest_is_cut() -> None:
    redact = AddressRedactor(3).redact
    assert redact(f"{SITE}?a=1&b=2&token=3") == f"{SITE}?a=1&b=2&token={MARK}"
    assert redact(f"{SITE}?a=1&b=2&c=3&token=4") == f"{SITE}?a=1&b=2&{MARK}"
    assert redact(f"{SITE}?a=1&b=2&c=3&d=4") == f"{SITE}?a=1&b=2&c=3&d=4"


def test_past_twenty_that_are_cut_the_rest_is_cut() -> None:
    def cut(count: int, piece: str, end: str) -> str:
        return REDACT(f"{SITE}?{piece * count}a=1{end}")

    assert cut(20, "token=1&", "&b=2") == f"{SITE}?{f'token={MARK}&' * 20}a=1&b=2"
    assert cut(21, "token=1&", "&b=2") == f"{SITE}?{f'token={MARK}&' * 20}{MARK}"
    assert cut(19, "q=a@b.co&", "&b=2") == f"{SITE}?{f'q={MARK}&' * 19}a=1&b=2"
    assert cut(21, "q=a@b.co&", "&b=2") == f"{SITE}?{f'q={MARK}&' * 19}q={MARK}"


def test_of_a_very_long_address_with_something_to_cut_the_rest_is_cut() -> None:
    plain = f"{SITE}?q={'a' * 300_000}"
    assert REDACT(plain) == plain
    long = f"{SITE}?token=1&q={'a' * LONGEST_READ}&b=jane@example.com"
    assert REDACT(long) == f"{SITE}?token={MARK}&{MARK}"
    assert REDACT(f"{SITE}{'a/' * LONGEST_READ}jane@example.com").endswith(f"/a/{MARK}")


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"/@{piece * (most // len(piece))}"
            for piece in ("a/", "a", "a@", "a@b.co/", "%C3", "%20", "@")
            for most in (LONGEST_READ - 10, 300_000)
        ),
        *("?token=&" + piece * 60_000 for piece in ("a=&", "token=x&", "%26token%3Dx", ";", "//")),
        *(piece * 60_000 for piece in ("token", "phone ", "?code", "%25", "pass.", "//")),
    ],
    ids=lambda text: text[:12],
)
def test_no_address_takes_long(text: str) -> None:
    REDACT(text)
    started = time.process_time()
    REDACT(text)
    assert time.process_time() - started < 0.03  # some 2 ms


def test_the_names_are_plain_enough_for_every_engine() -> None:
    for table in load_names().values():
        for text in (*table.get("parts", ()), *table.get("words", ())):
            assert re.fullmatch(r"[a-z0-9.?*$|^&()\[\]:-]+", text), text
            re.compile(text)


def test_the_table_has_addresses_of_which_nothing_is_cut() -> None:
    assert len(UNCHANGED) >= 20
