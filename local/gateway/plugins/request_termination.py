"""Kong's request-termination plugin (kong/plugins/request-termination/), without echo, trigger."""

from __future__ import annotations

import json

from multidict import CIMultiDict

from local.gateway.answers import JSON_TYPE, Answer
from local.gateway.errors import EarlyAnswerError
from local.gateway.exchange import Exchange
from local.gateway.plugins.base import PluginConfig

# handler.lua has its own; other statuses have no message there, and an empty body.
_MESSAGES = {
    401: "Unauthorized",
    404: "Not found",
    405: "Method not allowed",
    500: "An unexpected error occurred",
    502: "Bad Gateway",
    503: "Service unavailable",
}


class RequestTermination:
    """Answers every request by itself, after all other plugins."""

    name = "request-termination"
    priority = 2
    config_schema = {  # noqa: RUF012 (a constant; Plugin asks for an attribute)
        "type": "record",
        "required": True,
        "fields": [
            {
                "status_code": {
                    "type": "integer",
                    "required": True,
                    "default": 503,
                    "between": [100, 599],
                }
            },
            {"message": {"type": "string"}},
            {"content_type": {"type": "string"}},
            {"body": {"type": "string"}},
        ],
    }

    def find_config_errors(self, config: PluginConfig) -> list[str]:
        """A body and a message exclude each other (schema.lua, custom_validator)."""
        if config.get("message") and (config.get("content_type") or config.get("body")):
            return ["message cannot be used with content_type or body"]
        if config.get("content_type") and not config.get("body"):
            return ["content_type requires a body"]
        return []

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Send the configured body, or else a JSON message."""
        raise EarlyAnswerError(_answer(config))

    def header_filter(
        self, exchange: Exchange, config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        """Nothing to add."""


def _answer(config: PluginConfig) -> Answer:
    status = config["status_code"]
    if (text := config.get("body")) is not None:
        content_type = config.get("content_type")
        headers = {"Content-Type": content_type} if content_type else {}
        return _with_length(status, headers, text.encode())
    message = config.get("message") or _MESSAGES.get(status)
    if message is None:
        return _with_length(status, {}, b"")
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return _with_length(status, {"Content-Type": JSON_TYPE}, body)


def _with_length(status: int, headers: dict[str, str], body: bytes) -> Answer:
    return Answer(status, {**headers, "Content-Length": str(len(body))}, body)
