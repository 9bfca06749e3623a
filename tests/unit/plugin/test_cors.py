"""Which CORS headers go on which answer."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversion_tracking_plugin import cors
from tests.unit.plugin.cors_case import SHOP, CorsCase, preflight
from tests.unit.plugin.cors_cases import CASES


def as_lists(headers: Mapping[str, str]) -> dict[str, list[str]]:
    """Headers as they come over MessagePack."""
    return {name: [value] for name, value in headers.items()}


def cors_part(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in headers.items()
        if name.lower() == "vary" or name.lower().startswith("access-control-")
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table_of_cors_behaviour_holds(case: CorsCase) -> None:
    policy = cors.parse_policy(case.config)
    decide = cors.preflight_headers if case.method == "OPTIONS" else cors.answer_headers

    assert cors_part(decide(policy, as_lists(case.request))) == case.expected
    assert cors_part(decide(policy, case.request)) == case.expected, "headers as str"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_browser_reaches_the_same_verdict_as_under_the_bundled_plugin(case: CorsCase) -> None:
    deliberate = {
        "one origin that is not written as a browser writes it",
        "an alternation is anchored as a whole",
    }
    if case.bundled is None or case.name in deliberate:
        return
    assert "access-control-allow-origin" not in case.expected
    assert case.bundled.get("access-control-allow-origin") != case.request.get("origin", "none")


POST_BODY = {"content-length": "2"}


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (preflight(SHOP), cors.RequestKind.PREFLIGHT),
        (preflight(SHOP) | {"content-length": "0"}, cors.RequestKind.PREFLIGHT),
        (preflight(SHOP) | POST_BODY, cors.RequestKind.UNDECIDED),
        (preflight(SHOP) | {"transfer-encoding": "chunked"}, cors.RequestKind.UNDECIDED),
        ({"access-control-request-method": "POST"}, cors.RequestKind.UNDECIDED),
        (POST_BODY, cors.RequestKind.ORDINARY),
        (POST_BODY | {"origin": SHOP}, cors.RequestKind.ORDINARY),
        ({"transfer-encoding": "chunked"}, cors.RequestKind.ORDINARY),
        ({"content-length": "00"}, cors.RequestKind.UNDECIDED),
        ({"origin": SHOP}, cors.RequestKind.UNDECIDED),
        ({}, cors.RequestKind.UNDECIDED),
    ],
)
def test_headers_tell_a_preflight_from_an_ordinary_request_or_leave_it_open(
    headers: dict[str, str], kind: cors.RequestKind
) -> None:
    assert cors.classify_request(as_lists(headers)) is kind
    assert cors.classify_request(headers) is kind


@pytest.mark.parametrize("headers", [preflight(SHOP), {}, {"origin": SHOP}])
def test_every_options_answer_names_the_methods_in_header_and_body(
    headers: dict[str, str],
) -> None:
    policy = cors.parse_policy({"origins": [SHOP], "allow": ["GET", "OPTIONS"]})

    body, answer = cors.options_answer(policy, as_lists(headers))

    assert json.loads(body) == {"allow": "GET, OPTIONS"}
    assert answer["Allow"] == "GET, OPTIONS"
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, {"vary": "Origin"}),
        (
            {"origin": SHOP},
            {"vary": "Origin", "access-control-allow-origin": SHOP},
        ),
        ({"origin": "https://evil.example"}, {"vary": "Origin"}),
        ({"access-control-request-method": "POST"}, {"vary": "Origin"}),
    ],
)
def test_a_bare_options_carries_the_headers_of_an_ordinary_answer(
    headers: dict[str, str], expected: dict[str, str]
) -> None:
    policy = cors.parse_policy({"origins": [SHOP]})

    _, answer = cors.options_answer(policy, headers)

    assert cors_part(answer) == expected


@pytest.mark.parametrize("origins", [["*"], [SHOP]])
def test_a_request_without_origin_gets_nothing_where_the_configuration_says_so(
    origins: list[str],
) -> None:
    policy = cors.parse_policy({"origins": origins, "allow_origin_absent": False})

    assert cors.answer_headers(policy, {}) == {}


def test_two_origins_in_one_request_are_nobody() -> None:
    policy = cors.parse_policy({"origins": [".*"], "credentials": True})

    answer = cors.answer_headers(policy, {"origin": [SHOP, "https://evil.example"]})

    assert answer == {"Vary": "Origin"}


def test_fields_that_are_null_or_absent_have_the_defaults_of_the_schema() -> None:
    policy = cors.parse_policy({"max_age": None, "methods": None, "__plugin_id": "x"})

    answer = cors.preflight_headers(policy, preflight(SHOP))

    assert "Access-Control-Max-Age" not in answer
    assert answer["Access-Control-Allow-Methods"].startswith("GET,HEAD,PUT")
    assert answer["Access-Control-Allow-Origin"] == "*"


header_values = st.one_of(st.text(max_size=400), st.lists(st.text(max_size=50), max_size=3))


@given(
    origin=header_values,
    asked=header_values,
    credentials=st.booleans(),
    origins=st.sampled_from([[], ["*"], [SHOP], [SHOP, r".*\.example"], [".*"]]),
)
def test_no_request_makes_the_decisions_raise_or_leak_to_a_malformed_origin(
    origin: str | list[str], asked: str | list[str], credentials: bool, origins: list[str]
) -> None:
    policy = cors.parse_policy({"origins": origins, "credentials": credentials})
    headers = {"origin": origin, "access-control-request-headers": asked}

    for answer in (cors.preflight_headers(policy, headers), cors.answer_headers(policy, headers)):
        value = answer.get("Access-Control-Allow-Origin", "")
        assert value.isascii()
        assert " " not in value
        assert len(value) <= 300
        assert value or list(answer) in ([], ["Vary"])
