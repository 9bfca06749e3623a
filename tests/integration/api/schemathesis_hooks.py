"""What schemathesis must be told of the collector: it loads this as a module of its own."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response

from collector.api.endpoints import FUNNEL_PATH


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Have text/plain be JSON, and asked of one endpoint: all read a body by one function.

    By itself schemathesis would make any text of it; what stands in it is its contentSchema.
    """
    for path, operations in raw_schema["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        if path == FUNNEL_PATH:
            content["text/plain"]["schema"] = content["text/plain"]["schema"]["contentSchema"]
        else:
            content.pop("text/plain", None)


@schemathesis.serializer("text/plain")
def as_json(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A text/plain body is JSON."""
    return json.dumps(value).encode()


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext,
    failure: Failure,
    _case: schemathesis.Case[Any],
    response: Response,
) -> bool:
    """The pixel refuses in a header, a batch each of its events by itself, and both with a 200."""
    return not (isinstance(failure, AcceptedNegativeData) and refuses_in_its_own_way(response))


def refuses_in_its_own_way(response: Response) -> bool:
    """Whether an answer of 200 says that an event was not taken."""
    if "x-ct-error" in response.headers:
        return True
    if "application/json" not in response.headers["content-type"][0]:
        return False
    return response.json().get("success") is False
