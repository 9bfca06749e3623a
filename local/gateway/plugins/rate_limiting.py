"""Kong's rate-limiting plugin, by the minute and the client's address, with the policy ``local``
(kong/plugins/rate-limiting/)."""

from __future__ import annotations

from collections.abc import Callable

from local.gateway.answers import error_answer
from local.gateway.config.schema import only, record
from local.gateway.errors import EarlyAnswerError
from local.gateway.exchange import Exchange, set_headers
from local.gateway.plugins.base import PluginConfig

_MINUTE_SECONDS = 60


class RateLimiting:
    """Counts requests in windows that are aligned to the clock; one process, one count."""

    name = "rate-limiting"
    priority = 910
    config_schema = record(
        {"minute": {"type": "number", "gt": 0, "required": True}},
        {"limit_by": only("ip", required=True)},
        {"policy": only("local", default="local")},
        {"fault_tolerant": {"type": "boolean", "default": True}},
        {"hide_client_headers": {"type": "boolean", "default": False}},
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # By the configuration's id and the address: a window's number, and its count. One window
        # a client is kept: the present one replaces the one before.
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Count the request. Raises EarlyAnswerError with a 429 when the limit is used up."""
        window, elapsed = divmod(int(self._clock()), _MINUTE_SECONDS)
        key = (config["__plugin_id"], exchange.request.peer)
        counted_in, count = self._counts.get(key, (window, 0))
        count = count if counted_in == window else 0
        remaining, reset = config["minute"] - count, _MINUTE_SECONDS - elapsed
        if not config["hide_client_headers"]:
            headers = build_headers(config["minute"], remaining, reset)
            set_headers(exchange.response_headers, headers)
        if remaining <= 0:
            raise EarlyAnswerError(
                error_answer(429, "API rate limit exceeded", exchange.request_id)
            )
        self._counts[key] = (window, count + 1)


def build_headers(limit: float, remaining: float, reset: int) -> dict[str, str]:
    """Build the headers that tell a client about its limit and what is left of it before this
    request; ``reset`` in seconds. Retry-After stands only on a refusal."""
    left = f"{max(0, remaining - 1):g}"
    headers = {
        "RateLimit-Limit": f"{limit:.14g}",
        "RateLimit-Remaining": left,
        "RateLimit-Reset": str(reset),
        "X-RateLimit-Limit-Minute": f"{limit:.14g}",
        "X-RateLimit-Remaining-Minute": left,
    }
    return headers if remaining > 0 else {**headers, "Retry-After": str(reset)}
