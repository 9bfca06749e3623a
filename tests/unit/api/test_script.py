"""What a client is given of the script: by its Accept-Encoding and by what it has already."""

import pytest
from aiohttp import ETag
from hypothesis import given
from hypothesis import strategies as st

from collector.api.script import accepts_gzip, is_known


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.8, *;q=0.1", True),
        ("deflate,gzip ; q=0.001", True),
        ("*", True),
        ("gzip, *;q=0", True),
        ("", False),
        ("identity", False),
        ("br, zstd", False),
        ("gzip;q=0", False),
        ("gzip; Q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("not-gzip", False),
    ],
)
def test_gzip_is_for_those_who_accept_it(accept_encoding: str, accepted: bool) -> None:
    assert accepts_gzip(accept_encoding) is accepted


@given(st.text())
def test_any_accept_encoding_can_be_read(accept_encoding: str) -> None:
    assert accepts_gzip(accept_encoding) in (True, False)


@given(st.lists(st.sampled_from(["br", "deflate", "zstd", "identity;q=0.5"])), st.integers(0, 9))
def test_gzip_is_found_wherever_it_stands(others: list[str], position: int) -> None:
    codings = [*others[:position], "gzip;q=0.3", *others[position:]]
    assert accepts_gzip(", ".join(codings))
    assert not accepts_gzip(", ".join(others))


@pytest.mark.parametrize(
    ("if_none_match", "known"),
    [
        ((), False),
        ((ETag("mine"),), True),
        ((ETag("mine", is_weak=True),), True),
        ((ETag("other"), ETag("mine")), True),
        ((ETag("*"),), True),
        ((ETag("other"), ETag("MINE")), False),
    ],
)
def test_a_client_has_what_one_of_its_etags_names(
    if_none_match: tuple[ETag, ...], known: bool
) -> None:
    assert is_known("mine", if_none_match) is known
