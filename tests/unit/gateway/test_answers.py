"""Bodies of Kong's own answers; each row was compared with a real Kong 3.9.1."""

import pytest

from local.gateway.answers import choose_error_type, error_answer, error_page

JSON, PLAIN = "application/json; charset=utf-8", "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/plain", PLAIN),
        ("TEXT/Plain", PLAIN),
        ("text/*", PLAIN),
        ("text/plain;q=0.1, application/json;q=0.9", JSON),
        ("image/png, text/plain", JSON),
        ("garbage, text/plain", PLAIN),
        ("text/html", JSON),
    ],
)
def test_accept_chooses_the_form(accept: str | None, content_type: str) -> None:
    assert choose_error_type(accept) == content_type


def test_an_error_is_json_with_two_spaces() -> None:
    answer = error_answer(404, "gone", None, "abc")
    assert answer.body == b'{\n  "message":"gone",\n  "request_id":"abc"\n}'
    assert answer.headers == {"Content-Type": JSON, "Content-Length": str(len(answer.body))}


def test_an_error_in_plain_text_has_the_request_id_in_its_second_line() -> None:
    assert error_answer(404, "gone", "text/plain", "abc").body == b"gone\nrequest_id: abc\n"


@pytest.mark.parametrize(
    ("status", "accept", "content_type", "shown", "message", "form"),
    [
        (502, "*/*", None, 502, "An invalid response was received from the upstream server", JSON),
        (504, None, "application/json", 504, "The upstream server is timing out", JSON),
        (502, None, None, 502, "An invalid response was received from the upstream server", PLAIN),
        (400, None, None, 400, "Bad request", PLAIN),
        (494, None, None, 400, "Request header or cookie too large", PLAIN),
    ],
)
def test_nginxs_errors_follow_the_requests_own_content_type(  # noqa: PLR0917 (columns)
    status: int,
    accept: str | None,
    content_type: str | None,
    shown: int,
    message: str,
    form: str,
) -> None:
    page = error_page(status, accept, content_type, "abc")
    assert page.status == shown
    assert message in page.body.decode()
    assert page.headers["Content-Type"] == form
