"""The CORS decisions: which headers go on which answer. No I/O.

The answers are those of Kong's bundled cors plugin (kong/plugins/cors/handler.lua of Kong 3.9.1)
for the same configuration. What differs on purpose is listed in docs/kong.md, "CORS".
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from conversion_tracking_plugin.headers import Headers, read_header
from conversion_tracking_plugin.origins import (
    OriginRules,
    is_well_formed,
    match_origin,
    parse_origin_rules,
)
from conversion_tracking_plugin.schema import DEFAULTS

# Origins come from clients, so what is remembered about them is bounded: about a megabyte.
_REMEMBERED_ORIGINS = 1024


@dataclass(frozen=True, eq=False)  # compared by identity: it is a key of a cache on the hot path
class Policy:
    """The plugin's CORS configuration, ready to be put into headers.

    None stands for a header that is not sent; for `headers` it means that the names which the
    browser asks for are echoed.
    """

    origins: OriginRules
    credentials: bool
    methods: str
    headers: str | None
    exposed_headers: str | None
    max_age: str | None
    private_network: bool
    allow_origin_absent: bool
    allow: str
    preflight_continue: bool
    fingerprint: str
    by_nginx: bool = False


# The fields of the configuration that decide the CORS headers of a request.
_IN_HEADERS = (
    "origins",
    "methods",
    "headers",
    "exposed_headers",
    "credentials",
    "max_age",
    "private_network",
    "allow_origin_absent",
)


class RequestKind(Enum):
    """What the headers alone say about a request; its method costs another call to Kong."""

    PREFLIGHT = auto()
    ORDINARY = auto()
    UNDECIDED = auto()  # an OPTIONS, or something rare: ask Kong for the method


def parse_policy(config: Mapping[str, Any]) -> Policy:
    """Read the plugin's configuration; a field that is absent or null has the schema's default."""
    field = DEFAULTS | {name: value for name, value in config.items() if value is not None}
    return Policy(
        origins=parse_origin_rules(field["origins"]),
        credentials=field["credentials"],
        methods=",".join(field["methods"]),
        headers=",".join(field["headers"]) or None,
        exposed_headers=",".join(field["exposed_headers"]) or None,
        max_age=str(field["max_age"]) if field["max_age"] >= 0 else None,
        private_network=field["private_network"],
        allow_origin_absent=field["allow_origin_absent"],
        allow=", ".join(field["allow"]),
        preflight_continue=field["preflight_continue"],
        fingerprint=_fingerprint_of(field),
    )


def _fingerprint_of(field: Mapping[str, Any]) -> str:
    """Of what the CORS headers are made of: equal where they are."""
    fields = [field[name] for name in _IN_HEADERS]
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:16]


def classify_request(headers: Headers) -> RequestKind:
    """Tell a preflight from an ordinary request without asking Kong for the method.

    Only a browser sends Access-Control-Request-Method (a page's script cannot set it), and only
    with OPTIONS, an Origin and no body. A request with a body and without that header is what the
    endpoints are for.
    """
    asks_for_method = "access-control-request-method" in headers
    if _has_body(headers):
        return RequestKind.UNDECIDED if asks_for_method else RequestKind.ORDINARY
    if asks_for_method and "origin" in headers:
        return RequestKind.PREFLIGHT
    return RequestKind.UNDECIDED


def is_preflight(headers: Headers) -> bool:
    """Whether an OPTIONS request is a CORS preflight (Fetch standard, "CORS-preflight fetch")."""
    return "origin" in headers and "access-control-request-method" in headers


def answer_headers(policy: Policy, headers: Headers) -> Mapping[str, str]:
    """The CORS headers for an answer that is no preflight's, whoever gives it."""
    if policy.by_nginx:
        return {}
    if "origin" not in headers:
        return headers_without_origin(policy)
    origin = read_header(headers, "origin")
    if not is_well_formed(origin):  # and too long to be remembered, perhaps
        return origin_headers(policy, origin)
    return _headers_for_origin(policy, origin)


def options_answer(policy: Policy, headers: Headers) -> tuple[str, dict[str, str]]:
    """Body and headers of the 200 for an OPTIONS request, a preflight or not."""
    of_preflight = is_preflight(headers) and not policy.by_nginx
    cors = preflight_headers(policy, headers) if of_preflight else answer_headers(policy, headers)
    answer = dict(cors)
    answer["Allow"] = policy.allow
    answer["Content-Type"] = "application/json"
    return options_body(policy.allow), answer


def options_body(allow: str) -> str:
    """The body of the answer to OPTIONS."""
    return json.dumps({"allow": allow})


def preflight_headers(policy: Policy, headers: Headers) -> dict[str, str]:
    """The CORS headers of a preflight's answer; for an unknown origin at most Vary."""
    answer = origin_headers(policy, read_header(headers, "origin"))
    if "Access-Control-Allow-Origin" not in answer:
        return answer
    allowed = policy.headers or read_header(headers, "access-control-request-headers")
    if allowed:
        answer["Access-Control-Allow-Headers"] = allowed
    answer["Access-Control-Allow-Methods"] = policy.methods
    if policy.max_age is not None:
        answer["Access-Control-Max-Age"] = policy.max_age
    asked = read_header(headers, "access-control-request-private-network")
    if policy.private_network and asked == "true":
        answer["Access-Control-Allow-Private-Network"] = "true"
    return answer


@lru_cache(maxsize=_REMEMBERED_ORIGINS)
def _headers_for_origin(policy: Policy, origin: str) -> Mapping[str, str]:
    answer = origin_headers(policy, origin)
    if policy.exposed_headers and "Access-Control-Allow-Origin" in answer:
        answer["Access-Control-Expose-Headers"] = policy.exposed_headers
    return answer


def headers_without_origin(policy: Policy) -> dict[str, str]:
    """The CORS headers for an answer to a request that names no origin."""
    if not policy.allow_origin_absent:
        return {}
    if not policy.origins.only_everyone:
        return {"Vary": "Origin"}
    answer = {"Access-Control-Allow-Origin": "*"}
    if policy.exposed_headers:
        answer["Access-Control-Expose-Headers"] = policy.exposed_headers
    return answer


def origin_headers(policy: Policy, origin: str) -> dict[str, str]:
    """Vary, Access-Control-Allow-Origin and -Credentials: the part that every answer shares."""
    rules = policy.origins
    allowed = _allowed_value(policy, origin) if is_well_formed(origin) else None
    answer = {} if rules.only_everyone and not policy.credentials else {"Vary": "Origin"}
    if allowed is not None:
        answer["Access-Control-Allow-Origin"] = allowed
        if policy.credentials:
            answer["Access-Control-Allow-Credentials"] = "true"
    return answer


def _allowed_value(policy: Policy, origin: str) -> str | None:
    if policy.origins.everyone:
        # A browser refuses `*` together with credentials, so the origin is named.
        return origin if policy.credentials else "*"
    return match_origin(policy.origins, origin)


def _has_body(headers: Headers) -> bool:
    length = read_header(headers, "content-length")
    return "transfer-encoding" in headers or length.strip("0 ") != ""
