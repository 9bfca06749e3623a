"""Kong's request-termination plugin with a body (kong/plugins/request-termination/)."""

from __future__ import annotations

from local.gateway.answers import Answer
from local.gateway.config.schema import record
from local.gateway.errors import EarlyAnswerError
from local.gateway.exchange import Exchange
from local.gateway.plugins.base import PluginConfig


class RequestTermination:
    """Answers every request by itself, after all other plugins."""

    name = "request-termination"
    priority = 2
    config_schema = record(
        {"status_code": {"type": "integer", "between": [100, 599], "required": True}},
        {"content_type": {"type": "string", "required": True}},
        {"body": {"type": "string", "required": True}},
    )

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Answer with the configured body. Raises EarlyAnswerError with it, always."""
        body = config["body"].encode()
        headers = {"Content-Type": config["content_type"], "Content-Length": str(len(body))}
        raise EarlyAnswerError(Answer(config["status_code"], headers, body))
