"""Kong's request-size-limiting plugin (kong/plugins/request-size-limiting/handler.lua)."""

from __future__ import annotations

from multidict import CIMultiDict

from local.gateway.answers import error_answer
from local.gateway.errors import EarlyAnswerError
from local.gateway.exchange import Exchange
from local.gateway.plugins.base import PluginConfig

_UNIT_BYTES = {"megabytes": 2**20, "kilobytes": 2**10, "bytes": 1}


class RequestSizeLimiting:
    """Refuses bodies over a size with 413, or 417 if the client asked before sending."""

    name = "request-size-limiting"
    priority = 951
    config_schema = {  # noqa: RUF012 (a constant; Plugin asks for an attribute)
        "type": "record",
        "required": True,
        "fields": [
            {"allowed_payload_size": {"type": "integer", "default": 128}},
            {
                "size_unit": {
                    "type": "string",
                    "required": True,
                    "default": "megabytes",
                    "one_of": list(_UNIT_BYTES),
                }
            },
            {"require_content_length": {"type": "boolean", "required": True, "default": False}},
        ],
    }

    def find_config_errors(self, config: PluginConfig) -> list[str]:
        """The schema says it all."""
        return []

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Compare Content-Length, or without one the body itself, with the limit."""
        length = exchange.headers.get("Content-Length", "")
        if length.isdecimal():
            size = int(length)
        else:
            is_chunked = exchange.headers.get("Transfer-Encoding") == "chunked"
            if config["require_content_length"] and not is_chunked:
                self._refuse(exchange, 411, "A valid Content-Length header is required")
            size = len(await exchange.request.read_body())
        if size > config["allowed_payload_size"] * _UNIT_BYTES[config["size_unit"]]:
            asked_first = exchange.headers.get("Expect", "").strip().lower() == "100-continue"
            self._refuse(exchange, 417 if asked_first else 413, "Request size limit exceeded")

    def header_filter(
        self, exchange: Exchange, config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        """Nothing to add."""

    def _refuse(self, exchange: Exchange, status: int, message: str) -> None:
        accept = exchange.headers.get("Accept")
        raise EarlyAnswerError(error_answer(status, message, accept, exchange.request_id))
