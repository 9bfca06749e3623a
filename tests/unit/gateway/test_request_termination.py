"""request-termination; the row was compared with a real Kong 3.9.1."""

from typing import Any

import pytest

from local.gateway.config.schema import complete, find_violations
from local.gateway.errors import EarlyAnswerError
from local.gateway.plugins.request_termination import RequestTermination
from tests.unit.gateway.exchanges import make_exchange

CONFIG = {"status_code": 200, "content_type": "application/json", "body": "{}"}


async def test_every_request_gets_the_configured_answer() -> None:
    with pytest.raises(EarlyAnswerError) as caught:
        await RequestTermination().access(make_exchange("OPTIONS", "/"), CONFIG)
    answer = caught.value.answer
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers == {"Content-Type": "application/json", "Content-Length": "2"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (CONFIG | {"message": "a"}, "x.message: not implemented by the local gateway"),
        (CONFIG | {"echo": True}, "x.echo: not implemented by the local gateway"),
        (CONFIG | {"body": None}, "x.body: required field missing"),
        (CONFIG | {"status_code": 99}, "x.status_code: value should be between 100 and 599"),
    ],
)
def test_what_answers_otherwise_is_refused(config: dict[str, Any], message: str) -> None:
    schema = RequestTermination.config_schema
    assert [str(one) for one in find_violations(schema, complete(schema, config), "x")] == [message]
