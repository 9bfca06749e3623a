"""request-termination; every row was compared with a real Kong 3.9.1."""

from typing import Any

import pytest

from local.gateway.answers import Answer
from local.gateway.errors import EarlyAnswerError
from local.gateway.plugins.request_termination import RequestTermination
from local.gateway.schema import complete
from tests.unit.gateway.exchanges import make_exchange

JSON = "application/json; charset=utf-8"


async def answer_of(config: dict[str, Any]) -> Answer:
    plugin = RequestTermination()
    with pytest.raises(EarlyAnswerError) as caught:
        await plugin.access(make_exchange("OPTIONS", "/"), complete(plugin.config_schema, config))
    return caught.value.answer


@pytest.mark.parametrize(
    ("config", "status", "content_type", "body"),
    [
        (
            {"status_code": 200, "content_type": "application/json", "body": "{}"},
            200,
            "application/json",
            b"{}",
        ),
        ({}, 503, JSON, b'{"message":"Service unavailable"}'),
        ({"status_code": 418, "message": "no"}, 418, JSON, b'{"message":"no"}'),
        ({"status_code": 202}, 202, None, b""),
    ],
)
async def test_every_request_gets_the_configured_answer(
    config: dict[str, Any], status: int, content_type: str | None, body: bytes
) -> None:
    answer = await answer_of(config)

    assert (answer.status, answer.body) == (status, body)
    assert answer.headers.get("Content-Type") == content_type
    assert answer.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"message": "a", "body": "b"}, "message cannot be used with content_type or body"),
        ({"content_type": "text/plain"}, "content_type requires a body"),
    ],
)
def test_a_body_excludes_a_message_and_a_type_asks_for_one(
    config: dict[str, Any], error: str
) -> None:
    assert RequestTermination().find_config_errors(config) == [error]
