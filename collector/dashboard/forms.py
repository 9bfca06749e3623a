"""Reading forms: small, of one kind, each field once."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from collector.dashboard.errors import InvalidRequest, UnsupportedForm

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 65_536
MOST_FIELDS = 50

Form = Mapping[str, str]


async def read_form(request: web.Request) -> Form:
    """The fields of a form. Raises UnsupportedForm, and InvalidRequest where it is broken."""
    if request.content_type != FORM or "Content-Encoding" in request.headers:
        raise UnsupportedForm(f"a form is sent as {FORM}")
    body = await request.read()
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise InvalidRequest("the form cannot be read") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequest("a field of the form is there twice")
    return form


def text_field(form: Form, name: str, most: int, *, required: bool = True) -> str:
    """A text of one line, without blanks around it. Raises InvalidRequest."""
    text = form.get(name, "").strip()
    if required and not text:
        raise InvalidRequest(f"{name} is empty")
    if len(text) > most:
        raise InvalidRequest(f"{name} has more than {most} characters")
    if not text.isprintable():
        raise InvalidRequest(f"{name} has characters that cannot be shown")
    return text
