"""Answers in JSON."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE
from multidict import CIMultiDict

ENCODER = msgspec.json.Encoder()
JSON_TYPE = "application/json; charset=utf-8"


def json_response(
    answer: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer as JSON; cheaper than aiohttp's own, which every event would pay.

    Raises TypeError where the answer holds a value that JSON does not have.
    """
    with_type = CIMultiDict({CONTENT_TYPE: JSON_TYPE, **(headers or {})})
    return web.Response(body=ENCODER.encode(answer), status=status, headers=with_type)
