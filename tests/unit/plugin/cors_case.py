"""What a row of the table in cors_cases.py is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

ALL_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"
SHOP = "https://shop.example"
UNKNOWN = "an origin that is not allowed gets no Access-Control header at all"

Headers = dict[str, str]


@dataclass(frozen=True)
class CorsCase:
    """One request under one configuration. Headers are the Access-Control-* ones and Vary.

    `bundled` is what Kong 3.9.1's own cors plugin answers for the same configuration and request,
    where that differs on purpose; `why` says why.
    """

    name: str
    config: Mapping[str, object]
    request: Headers
    expected: Headers
    method: str = "OPTIONS"
    bundled: Headers | None = None
    why: str = ""


def preflight(origin: str, **more: str) -> Headers:
    """A preflight's headers; `request_headers="x"` adds Access-Control-Request-Headers."""
    named = {f"access-control-{name.replace('_', '-')}": value for name, value in more.items()}
    return {"origin": origin, "access-control-request-method": "POST", **named}


def answer(origin: str | None = None, *, vary: bool = True, **more: str) -> Headers:
    """An answer's headers; `allow_methods="x"` adds Access-Control-Allow-Methods."""
    headers = {f"access-control-{name.replace('_', '-')}": value for name, value in more.items()}
    if origin is not None:
        headers["access-control-allow-origin"] = origin
    if vary:
        headers["vary"] = "Origin"
    return headers


def allowed(origin: str, **more: str) -> Headers:
    """A preflight's answer under the default methods."""
    return answer(origin, allow_methods=ALL_METHODS) | answer(vary=False, **more)


def refused(name: str, config: Mapping[str, object], origin: str) -> CorsCase:
    """A preflight from an origin that is not allowed."""
    bundled = answer(allow_methods=ALL_METHODS)
    return CorsCase(name, config, preflight(origin), answer(), bundled=bundled, why=UNKNOWN)
