"""Kong's request-size-limiting plugin (kong/plugins/request-size-limiting/handler.lua)."""

from __future__ import annotations

from local.gateway.answers import error_answer
from local.gateway.config.schema import only, record
from local.gateway.errors import EarlyAnswerError
from local.gateway.exchange import Exchange
from local.gateway.plugins.base import PluginConfig

_UNIT_BYTES = {"megabytes": 2**20, "kilobytes": 2**10, "bytes": 1}


class RequestSizeLimiting:
    """Refuses bodies over a size with 413, or 417 if the client asked before sending."""

    name = "request-size-limiting"
    priority = 951
    config_schema = record(
        {"allowed_payload_size": {"type": "integer", "default": 128}},
        {"size_unit": {"type": "string", "default": "megabytes", "one_of": list(_UNIT_BYTES)}},
        {"require_content_length": only(False, default=False)},
    )

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Compare Content-Length, or without one the body itself, with the limit.

        Raises EarlyAnswerError with a 413 or a 417 over it.
        """
        length = exchange.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else len(await exchange.request.read_body())
        if size > config["allowed_payload_size"] * _UNIT_BYTES[config["size_unit"]]:
            asked_first = exchange.headers.get("Expect", "").strip().lower() == "100-continue"
            status = 417 if asked_first else 413
            message = "Request size limit exceeded"
            raise EarlyAnswerError(error_answer(status, message, exchange.request_id))
