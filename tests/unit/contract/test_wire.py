"""From bytes to a storable JSON object."""

import gzip
import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.contract.wire import (
    LIMITS,
    WireNumber,
    clean_text,
    gunzip,
    is_deeper,
    load_json,
    load_json_slowly,
    read_object,
)
from collector.errors import BodyTooLarge, InvalidEvent, InvalidJson

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_an_object_comes_through_unchanged_but_for_what_postgres_cannot_store(
    value: dict[str, Any],
) -> None:
    # Not the escape of a backslash, before which there is another.
    expected = json.loads(re.sub(r"(?<!\\)((?:\\\\)*)\\u0000", r"\1\\ufffd", json.dumps(value)))
    assert read_object(json.dumps(value).encode()) == expected


def outcome(load: Callable[[str], Any], text: str) -> str:
    """What a loader makes of a text: the value with types and digits, or its refusal."""

    def shown(value: Any) -> object:
        if isinstance(value, dict):
            return [(key, shown(item)) for key, item in value.items()]
        if isinstance(value, list):
            return ["list", *map(shown, value)]
        return (type(value).__name__, getattr(value, "digits", repr(value)))

    try:
        return repr(shown(load(text)))
    except (InvalidJson, InvalidEvent) as error:
        return f"{error.code}: {error.message}"


@given(
    json_values.map(json.dumps)
    | json_values.map(lambda value: json.dumps(value, ensure_ascii=False))
    | st.text()
    | st.from_regex(r"\A-?[0-9]{0,25}\.?[0-9]{0,5}([eE][+-]?[0-9]{1,5})?\Z")
    | st.sampled_from(["NaN", "[1, -Infinity]", '"\\ud800"', '"\\ud83d\\ude00"', '{"a":1,"a":2}'])
)
def test_the_fast_and_the_slow_reader_read_the_same(text: str) -> None:
    assert outcome(load_json, text) == outcome(load_json_slowly, text)


@given(st.binary())
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        value: object = read_object(body)
    except (InvalidJson, InvalidEvent):
        value = {}
    assert isinstance(value, dict)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"{'a': 1}",
        b'{"a": 1} x',
        b"\xff\xfe{}",
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_json_object_in_utf_8_is_invalid_json(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        read_object(body)


@pytest.mark.parametrize("body", ['{"a": 1.10}', '{"a": "\ufeff"}', "{}"])
def test_a_byte_order_mark_before_the_object_is_passed_over(body: str) -> None:
    assert repr(read_object(BOM_UTF8 + body.encode())) == repr(read_object(body.encode()))


@pytest.mark.parametrize("body", [BOM_UTF8, BOM_UTF8 * 2 + b"{}", "{}".encode("utf-16")])
def test_what_is_no_object_after_a_byte_order_mark_is_invalid_json(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        read_object(body)


@pytest.mark.parametrize("levels", [LIMITS.max_depth + 1, 1_000, 100_000])
def test_deep_nesting_breaks_the_contract(levels: int) -> None:
    inner = b"[" * (levels - 1) + b"]" * (levels - 1)
    with pytest.raises(InvalidEvent) as refusal:
        read_object(b'{"metadata": ' + inner + b"}")
    assert "nested" in refusal.value.errors[0].message


def test_nesting_up_to_the_limit_is_accepted() -> None:
    inner = b"[" * (LIMITS.max_depth - 1) + b"]" * (LIMITS.max_depth - 1)
    value = read_object(b'{"a": ' + inner + b', "b": [[], [], {"c": []}]}')
    assert is_deeper(value, LIMITS.max_depth - 1)
    assert not is_deeper(value, LIMITS.max_depth)


@pytest.mark.parametrize(
    ("escaped", "clean"),
    [
        (r"a\u0000b", "a\ufffdb"),
        (r"a\ud800b", "a\ufffdb"),
        (r"a\uDFFFb", "a\ufffdb"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\\u0000", r"\u0000"),
    ],
)
def test_what_postgres_cannot_store_is_replaced_in_keys_and_nested_values(
    escaped: str, clean: str
) -> None:
    body = f'{{"{escaped}": [{{"k": "{escaped}"}}]}}'.encode()
    assert read_object(body) == {clean: [{"k": clean}]}


@given(st.text(alphabet=st.characters()))
def test_a_clean_text_can_be_encoded_and_holds_no_nul(text: str) -> None:
    assert b"\x00" not in clean_text(text).encode()


@pytest.mark.parametrize("digits", ["29.99", "0.1", "1e400", "12345678901234567890.5"])
def test_a_number_with_a_fraction_remembers_its_digits(digits: str) -> None:
    number = read_object(f'{{"a": {digits}}}'.encode())["a"]
    assert isinstance(number, WireNumber)
    assert number.digits == digits


@given(st.binary(max_size=2_000))
def test_gzip_is_undone(content: bytes) -> None:
    assert gunzip(gzip.compress(content), 2_000) == content


def test_a_gzip_bomb_is_refused_without_being_unpacked() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)
    with pytest.raises(BodyTooLarge):
        gunzip(bomb, 1_000_000)


GZIPPED = gzip.compress(b"{}", mtime=0)  # without the time, so that each run has the same tests


@pytest.mark.parametrize("body", [b"", b"{}", GZIPPED[:-5], GZIPPED + b"more"])
def test_what_is_not_one_whole_gzip_stream_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        gunzip(body, 1_000)
