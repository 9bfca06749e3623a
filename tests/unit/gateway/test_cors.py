"""Kong's cors plugin; every row was compared with a real Kong 3.9.1."""

from typing import Any

import pytest
from multidict import CIMultiDict

from local.gateway.errors import EarlyAnswerError
from local.gateway.plugins.cors import Cors, find_allowed_origin, normalize_origin
from local.gateway.schema import complete
from tests.unit.gateway.exchanges import make_exchange

MANY = ["https://a.test", "http://b.test:8080", r".*\.c\.test"]


@pytest.mark.parametrize(
    ("origins", "origin", "allowed", "varies"),
    [
        ([], "https://x.test", "*", False),
        (["*"], "https://x.test", "*", False),
        (["https://a.test"], "https://evil.test", "https://a.test", True),
        (["https://a.test"], None, "https://a.test", True),
        (MANY, "https://a.test", "https://a.test", True),
        (MANY, "https://a.test:443", "https://a.test", True),
        (MANY, "http://b.test", None, True),
        (MANY, "http://x.c.test:9", "http://x.c.test:9", True),
        (MANY, "http://x.c.test.evil", None, True),
        (MANY, "null", None, True),
        (MANY, None, None, True),
        (["https://a.test", "*"], "https://x.test", "*", True),
        ([r"^https?://x\d+\.test$"], "http://x1.test", "http://x1.test", True),
        ([r"^https?://x\d+\.test$"], "http://x1.test.evil", None, True),
    ],
)
def test_an_origin_is_allowed_as_in_kong(
    origins: list[str],
    origin: str | None,
    allowed: str | None,
    varies: bool,
) -> None:
    assert find_allowed_origin(origins, origin) == (allowed, varies)


@pytest.mark.parametrize(
    ("origin", "normalized"),
    [
        ("https://a.test:443", "https://a.test"),
        ("http://a.test:80", "http://a.test"),
        ("http://a.test:443", "http://a.test:443"),
        ("http://a.test:x", "http://a.test:x"),
        ("null", "null"),
    ],
)
def test_a_default_port_is_dropped(origin: str, normalized: str) -> None:
    assert normalize_origin(origin) == normalized


def complete_config(**fields: object) -> dict[str, Any]:
    config: dict[str, Any] = complete(Cors.config_schema, fields)
    return config


async def test_a_preflight_is_answered_with_what_the_config_allows() -> None:
    exchange = make_exchange(
        "OPTIONS",
        "/",
        {
            "Origin": "https://a.test",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "X-A",
            "Access-Control-Request-Private-Network": "true",
        },
    )
    config = complete_config(
        origins=["*"], credentials=True, max_age=60, methods=["POST"], private_network=True
    )
    with pytest.raises(EarlyAnswerError) as caught:
        await Cors().access(exchange, config)
    assert caught.value.answer.status == 200
    assert dict(exchange.response_headers) == {
        "vary": "Origin",
        "Access-Control-Allow-Origin": "https://a.test",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": "X-A",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Max-Age": "60",
        "Access-Control-Allow-Private-Network": "true",
    }


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("OPTIONS", {"Origin": "https://a.test"}),
        ("OPTIONS", {"Access-Control-Request-Method": "POST"}),
        ("POST", {"Origin": "https://a.test", "Access-Control-Request-Method": "POST"}),
    ],
)
async def test_what_is_no_preflight_goes_on_to_the_upstream(
    method: str, headers: dict[str, str]
) -> None:
    exchange = make_exchange(method, "/", headers)
    await Cors().access(exchange, complete_config())
    assert not exchange.response_headers


def test_an_actual_response_replaces_the_upstreams_origin_and_adds_to_its_vary() -> None:
    exchange = make_exchange("GET", "/", {"Origin": "https://a.test"})
    headers = CIMultiDict({"Access-Control-Allow-Origin": "up", "Vary": "X"})
    config = complete_config(origins=MANY, exposed_headers=["X-A", "X-B"], credentials=True)
    Cors().header_filter(exchange, config, headers)
    assert headers.getall("Access-Control-Allow-Origin") == ["https://a.test"]
    assert headers.getall("Vary") == ["X", "Origin"]
    assert headers["Access-Control-Expose-Headers"] == "X-A,X-B"
    assert headers["Access-Control-Allow-Credentials"] == "true"


def test_an_origin_that_is_no_regular_expression_is_an_error() -> None:
    assert Cors().find_config_errors({"origins": ["*", "a.test", "(("]}) == [
        "origins: '((' is not a valid regex"
    ]
