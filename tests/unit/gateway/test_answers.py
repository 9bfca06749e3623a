"""Bodies of Kong's own answers; each row was compared with a real Kong 3.9.1."""

import pytest

from local.gateway.answers import error_answer, error_page

JSON = "application/json; charset=utf-8"


def test_an_error_is_json_with_two_spaces() -> None:
    answer = error_answer(404, "gone", "abc")
    assert answer.body == b'{\n  "message":"gone",\n  "request_id":"abc"\n}'
    assert answer.headers == {"Content-Type": JSON, "Content-Length": str(len(answer.body))}


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Bad request"),
        (502, "An invalid response was received from the upstream server"),
        (504, "The upstream server is timing out"),
        (418, "The upstream server responded with 418"),
    ],
)
def test_nginxs_errors_have_kongs_words(status: int, message: str) -> None:
    page = error_page(status, "abc")
    assert page.status == status
    assert f'"message":"{message}"' in page.body.decode()
