"""By what a person is known, in what was sent."""

from __future__ import annotations

import json
from hashlib import sha256
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.codec import encode_row
from collector.privacy.identity import (
    IdKind,
    Matcher,
    Tombstone,
    digest_of,
    ids_in,
    parse_tombstone,
    user_uuid,
)
from collector.settings import DEFAULT_USER_ID_NAMESPACE
from tests.unit.events import event_row, user

NAMED: list[tuple[bytes, set[tuple[IdKind, str]]]] = [
    (b'{"session_id": "a", "visitor_id": "b"}', {(IdKind.SESSION, "a"), (IdKind.VISITOR, "b")}),
    (b'{"user_id": 42}', {(IdKind.USER, "42")}),
    (b'{"user_id": 42.0}', {(IdKind.USER, "42")}),
    (b'{"user_id": ["a", "a"]}', {(IdKind.USER, "a")}),
    (b'{"user_id": " a "}', {(IdKind.USER, "a"), (IdKind.USER, " a ")}),
    (b'{"user_id": true, "session_id": null, "visitor_id": {}}', set()),
    (b'{"events": [{"session_id": "a"}, 3, null]}', {(IdKind.SESSION, "a")}),
    (b'{"form_data": {"user_id": "a"}}', {(IdKind.USER, "a")}),
    (b'{"page_title": "user_id", "x": "a"}', set()),
    (b'{"session_id": "a", "visitor_id": "b', {(IdKind.SESSION, "a")}),
    (b'{"session_id": "a\\u0041"', {(IdKind.SESSION, "aA")}),
    (b'{"user_id" : 42, ', {(IdKind.USER, "42")}),
    (b"[" * 100_000, set()),
    (b"\xff\x00", set()),
    (b"", set()),
]


@pytest.mark.parametrize(("body", "ids"), NAMED)
def test_a_body_names_the_ids_of_its_fields(body: bytes, ids: set[tuple[IdKind, str]]) -> None:
    assert set(ids_in(body)) == ids


@given(st.binary())
def test_any_bytes_are_read(body: bytes) -> None:
    assert all(kind in IdKind for kind, _ in ids_in(body))


@given(session=st.text(), cut=st.booleans())
def test_an_id_is_found_whole_or_in_a_body_that_is_cut_off(session: str, *, cut: bool) -> None:
    body = json.dumps({"session_id": session, "event_type": "page_view"}).encode()
    matcher = Matcher(frozenset([digest_of(IdKind.SESSION, session)]), DEFAULT_USER_ID_NAMESPACE)
    assert matcher.matches(body[:-1] if cut else body)
    assert not matcher.matches(body.replace(b'"session_id"', b'"visitor_id"'))


def test_a_spooled_event_is_found_by_each_of_its_ids() -> None:
    row = encode_row(event_row(session_id="s", visitor_id="v", user_id=user(1)))
    ids = [(IdKind.SESSION, "s"), (IdKind.VISITOR, "v"), (IdKind.USER, str(user(1)))]
    for kind, value in ids:
        matcher = Matcher(frozenset([digest_of(kind, value)]), DEFAULT_USER_ID_NAMESPACE)
        assert matcher.matches(row)
    others = frozenset(digest_of(kind, "x" + value) for kind, value in ids)
    assert not Matcher(others, DEFAULT_USER_ID_NAMESPACE).matches(row)


def test_a_user_is_known_by_the_id_as_sent_and_as_stored() -> None:
    stored = uuid5(DEFAULT_USER_ID_NAMESPACE, "42")
    assert user_uuid("42", DEFAULT_USER_ID_NAMESPACE) == stored
    assert user_uuid(str(stored).upper(), DEFAULT_USER_ID_NAMESPACE) == stored


@given(
    st.sampled_from(IdKind), st.binary(min_size=32, max_size=32), st.integers(-(2**63), 2**63 - 1)
)
def test_a_tombstone_is_read_as_it_was_written(kind: IdKind, digest: bytes, key: int) -> None:
    stone = Tombstone(kind, digest, key)
    assert parse_tombstone(stone.as_text()) == stone


@pytest.mark.parametrize(
    "text",
    ["", "user", "user:00:1", f"user:{'0' * 64}", f"user:{'0' * 64}:1.0", f"order:{'0' * 64}:1"],
)
def test_what_is_no_tombstone_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of whatever is wrong
        parse_tombstone(text)


def test_one_id_of_two_kinds_has_two_digests() -> None:
    assert digest_of(IdKind.USER, "a") == sha256(b"user:a").digest()
    assert digest_of(IdKind.USER, "a") != digest_of(IdKind.VISITOR, "a")
