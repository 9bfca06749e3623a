"""Who a customer is, as pages and servers write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.models import ConversionEventRequest
from collector.contract.reader import EVENTS
from collector.contract.user_data import MAX_TEXT, NAMES
from collector.contract.validation import read_request
from collector.event import Mark

LEAST = {"session_id": "s1", "event_type": "purchase", "event_name": "Purchase"}


def parse(user_data: object) -> ConversionEventRequest:
    return read_request(EVENTS, json.dumps({**LEAST, "user_data": user_data}).encode())


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ({name: f"{name} 1" for name in NAMES}, {name: f"{name} 1" for name in NAMES}),
        ({"email": " Jane@Example.com \n"}, {"email": "Jane@Example.com"}),
        ({"phone": 4_930_123_456}, {"phone": "4930123456"}),
        ({"postal_code": 8001.0}, {"postal_code": "8001"}),
        ({"email": "", "city": None}, None),
        ({"email": "x" * 300 + " "}, None),
        ({"first_name": " " * 300 + "Zoë" + " " * 300}, {"first_name": "Zoë"}),
        ({}, None),
        (None, None),
        ("", None),
    ],
)
def test_each_text_is_known_without_the_blanks_around_it(sent: object, known: object) -> None:
    assert parse(sent).user_data == known


@pytest.mark.parametrize(
    ("sent", "known", "mark"),
    [
        ({"email": ["a@example.com", "b@example.com"]}, {"email": "a@example.com"}, "form_mended"),
        ({"postal_code": [1.5, 2.5]}, {"postal_code": "1.5"}, "form_mended"),
        ('{"phone": 49.0}', {"phone": "49"}, "form_mended"),
        ({"email": []}, None, "form_mended"),
        ([], None, "form_mended"),
        ({"email": "undefined", "city": "Bern"}, {"city": "Bern"}, "placeholder_id"),
        ({"email": "{{ user.email }}"}, None, "placeholder_id"),
        ({"email": {"a": 1}, "city": "Bern"}, {"city": "Bern"}, "user_data_unreadable"),
        ({"email": True}, None, "user_data_unreadable"),
        ({"email": [["a"]]}, None, "user_data_unreadable"),
        ({"email": "x" * (MAX_TEXT + 1)}, None, "user_data_unreadable"),
        ("jane@example.com", None, "user_data_unreadable"),
        (7.5, None, "user_data_unreadable"),
        ([1.5], None, "user_data_unreadable"),
        (True, None, "user_data_unreadable"),
    ],
)
def test_what_is_no_text_is_left_out_and_never_costs_the_event(
    sent: object, known: object, mark: str
) -> None:
    payload = parse(sent)
    assert payload.user_data == known
    assert payload.marks == (Mark(mark),)


def test_a_text_of_the_longest_length_is_taken_whole() -> None:
    assert parse({"street": "é" * MAX_TEXT}).user_data == {"street": "é" * MAX_TEXT}


def test_other_names_are_counted_as_unknown_fields() -> None:
    payload = parse({"gender": "f", "address": {"city": "Bern"}, "age": 1.5, "city": "Bern"})
    assert payload.user_data == {"city": "Bern"}
    assert (payload.unknown, payload.marks, payload.cut) == (3, (), ())


def test_what_is_unstorable_is_replaced_as_in_any_text() -> None:
    assert parse({"city": "B\0rn", "last_name": "\ud800"}).user_data == {
        "city": "B\ufffdrn",
        "last_name": "\ufffd",
    }


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), values, max_size=9) | values)
def test_whatever_is_sent_is_texts_that_fit_or_none(sent: Any) -> None:
    known = parse(sent).user_data
    assert known is None or known
    for name, text in (known or {}).items():
        assert name in NAMES
        assert text == text.strip()
        assert 0 < len(text) <= MAX_TEXT
