"""What a visitor consented to, in the words in which pages say it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.consent import SIGNALS, WORDS
from collector.contract.models import ConversionEventRequest
from collector.contract.reader import EVENTS
from collector.contract.validation import read_request
from collector.event import Mark

LEAST = {"session_id": "s1", "event_type": "purchase", "event_name": "Purchase"}
UNREADABLE, MENDED = (Mark.CONSENT_UNREADABLE,), (Mark.FORM_MENDED,)
ADS = ("ad_storage", "ad_user_data", "ad_personalization")


def parse(consent: object) -> ConversionEventRequest:
    return EVENTS.read({**LEAST, "consent": consent})


def all_ads(answer: str) -> dict[str, str]:
    return dict.fromkeys(ADS, answer)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ({"ad_storage": "granted"}, {"ad_storage": "granted"}),
        ({"ad_storage": "DENIED "}, {"ad_storage": "denied"}),
        ({"analytics_storage": True}, {"analytics_storage": "granted"}),
        ({"ad_user_data": False}, {"ad_user_data": "denied"}),
        ({"ad_user_data": "True"}, {"ad_user_data": "granted"}),
        ({"ad_user_data": "false"}, {"ad_user_data": "denied"}),
        ({"marketing": True}, all_ads("granted")),
        ({"marketing": "denied"}, all_ads("denied")),
        ({"analytics": False}, {"analytics_storage": "denied"}),
        (
            {"analytics": True, "marketing": False},
            all_ads("denied") | {"analytics_storage": "granted"},
        ),
        # A signal's own answer comes first, wherever it stands.
        (
            {"ad_storage": "denied", "marketing": True},
            all_ads("granted") | {"ad_storage": "denied"},
        ),
        (
            {"marketing": False, "ad_storage": "granted"},
            all_ads("denied") | {"ad_storage": "granted"},
        ),
        # No answer at all.
        ({"ad_storage": None, "marketing": True}, all_ads("granted")),
        ({"ad_storage": ""}, None),
        ({"marketing": None}, None),
        ({}, None),
        ("", None),
        (None, None),
    ],
)
def test_the_answer_to_each_signal_is_known_by_its_name(sent: object, known: object) -> None:
    payload = parse(sent)
    assert payload.consent == known
    assert (payload.marks, payload.unknown) == ((), 0)


@pytest.mark.parametrize(
    ("sent", "known", "marks"),
    [
        ('{"marketing": false}', all_ads("denied"), MENDED),
        ({"ad_storage": ["granted", "granted"]}, {"ad_storage": "granted"}, MENDED),
        ([], None, MENDED),
        (False, None, MENDED),
        ("null", None, MENDED),
    ],
)
def test_other_forms_are_taken_as_those_of_any_object(
    sent: object, known: object, marks: object
) -> None:
    payload = parse(sent)
    assert (payload.consent, payload.marks) == (known, marks)


@pytest.mark.parametrize(
    "answer", ["yes", "1", 1, 0, 1.5, ["granted", "denied"], [True], {"a": 1}, "undefined"]
)
def test_an_answer_that_cannot_be_read_is_none_and_costs_the_mark(answer: object) -> None:
    payload = parse({"ad_storage": answer, "analytics": True})
    assert payload.consent == {"analytics_storage": "granted"}
    assert payload.marks == UNREADABLE
    # Who said something else of the signal did not mean that of its word.
    assert "ad_storage" not in (parse({"ad_storage": answer, "marketing": True}).consent or {})


@pytest.mark.parametrize("sent", ["granted", True, 7, 1.5, ["granted"], [{}]])
def test_what_is_no_object_is_no_consent_and_never_costs_the_event(sent: object) -> None:
    body = json.dumps({**LEAST, "consent": sent}).encode()
    payload = read_request(EVENTS, body)
    assert payload.consent is None
    assert payload.marks == UNREADABLE


def test_other_signals_are_counted_as_unknown_fields() -> None:
    payload = parse({"functionality_storage": "x", "region": ["DE"], "ad_storage": "denied"})
    assert payload.consent == {"ad_storage": "denied"}
    assert (payload.unknown, payload.marks, payload.cut) == (2, (), ())


answers: st.SearchStrategy[Any] = st.sampled_from(
    [True, False, None, "", "granted", "Denied", "TRUE", "maybe", 1, [], ["denied"], {}]
)


@given(
    st.dictionaries(st.sampled_from([*SIGNALS, *WORDS, "region"]), answers)
    | st.dictionaries(st.text(), st.text() | answers)
)
def test_whatever_is_sent_no_signal_is_granted_that_was_not(sent: dict[str, Any]) -> None:
    known = read_request(EVENTS, json.dumps({**LEAST, "consent": sent}).encode()).consent
    assert known is None or (known and set(known.values()) <= {"granted", "denied"})
    for signal in (signal for signal, answer in (known or {}).items() if answer == "granted"):
        word = next(word for word in WORDS if signal in WORDS[word])
        said = sent.get(signal)
        said = sent.get(word) if said in (None, "") else said
        assert said is True or str(said).lower() in ("granted", "true")


@given(st.dictionaries(st.sampled_from(SIGNALS), st.sampled_from(["granted", "denied"])))
def test_what_is_stored_is_read_as_it_is(stored: dict[str, str]) -> None:
    assert parse(stored).consent == (stored or None)
