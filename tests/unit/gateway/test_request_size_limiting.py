"""request-size-limiting: Content-Length, or without one the body itself."""

import pytest

from local.gateway.config.schema import complete
from local.gateway.errors import EarlyAnswerError
from local.gateway.plugins.request_size_limiting import RequestSizeLimiting
from tests.unit.gateway.exchanges import make_exchange

CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(
    ("config", "headers", "body_size", "status"),
    [
        ({"size_unit": "bytes"}, {"Content-Length": "10"}, 10, None),
        ({"size_unit": "bytes"}, {"Content-Length": "11"}, 11, 413),
        ({"size_unit": "bytes"}, {"Content-Length": "11", "Expect": "100-continue"}, 11, 417),
        ({"size_unit": "bytes"}, CHUNKED, 10, None),
        ({"size_unit": "bytes"}, CHUNKED, 11, 413),
        ({"size_unit": "bytes"}, {}, 0, None),
        ({"size_unit": "kilobytes"}, {"Content-Length": "10240"}, 0, None),
        ({"size_unit": "kilobytes"}, {"Content-Length": "10241"}, 0, 413),
        ({}, {"Content-Length": str(10 * 2**20)}, 0, None),
        ({}, {"Content-Length": str(10 * 2**20 + 1)}, 0, 413),
    ],
)
async def test_a_body_is_refused_when_it_is_over_the_limit(
    config: dict[str, object], headers: dict[str, str], body_size: int, status: int | None
) -> None:
    plugin = RequestSizeLimiting()
    completed = complete(plugin.config_schema, {"allowed_payload_size": 10, **config})
    exchange = make_exchange("POST", "/", headers, body=b"x" * body_size)
    if status is None:
        await plugin.access(exchange, completed)
        return
    with pytest.raises(EarlyAnswerError) as caught:
        await plugin.access(exchange, completed)
    assert caught.value.answer.status == status
