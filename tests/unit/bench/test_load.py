"""Files of requests, and what wrk prints about them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.load.requests import END, ID, LAP, compose_request, fill_in
from bench.load.wrk import parse_result

RESULT = (
    'wrk-result {"requests":1200,"seconds":4.0,"p50_ms":1.5,"p99_ms":9.25,"p999_ms":20.0,'
    '"max_ms":31.0,"bad_status":3,"socket_errors":2}'
)
UUID_TEXT = "6f0a3d0e-6a7c-5c0e-9d5b-3f6d0b8b7c11"

values = st.text(st.characters(exclude_characters=[ID, LAP, END], exclude_categories=["Cs"]))


def test_the_result_is_found_among_what_wrk_prints() -> None:
    load = parse_result(f"Running 4s test @ http://127.0.0.1:8000\n{RESULT}\nRequests/sec: 300\n")
    assert (load.rate, load.p99_ms, load.errors) == (300.0, 9.25, 5)


@pytest.mark.parametrize("output", ["", "Running 4s test\nRequests/sec: 300", "wrk-results {}"])
def test_an_output_without_a_result_is_an_error_that_shows_it(output: str) -> None:
    with pytest.raises(BenchError, match=output.splitlines()[0] if output else "no result"):
        parse_result(output)


@given(values, st.integers(0, 3), st.integers(0, 3))
def test_content_length_is_that_of_the_filled_body(text: str, ids: int, laps: int) -> None:
    body = "x" + text + ID * ids + text + LAP * laps
    request = compose_request("POST", "/track", {"Host": "h"}, body)
    head, _, filled = fill_in(request, UUID_TEXT, 7).partition("\r\n\r\n")
    assert f"Content-Length: {len(filled.encode())}" in head


def test_a_request_without_a_body_ends_after_its_headers() -> None:
    request = compose_request("OPTIONS", "/track", {"Host": "h", "Origin": "http://o"})
    assert request == "OPTIONS /track HTTP/1.1\r\nHost: h\r\nOrigin: http://o\r\n\r\n"


def test_tokens_are_characters_that_json_never_holds() -> None:
    assert not {ID, LAP, END} & set(json.dumps(ID + LAP + END))
