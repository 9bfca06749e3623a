"""Kong's rate-limiting plugin with the policy ``local`` (kong/plugins/rate-limiting/)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from multidict import CIMultiDict

from local.gateway.answers import error_answer
from local.gateway.errors import EarlyAnswerError
from local.gateway.exchange import Exchange, set_headers
from local.gateway.plugins.base import PluginConfig
from local.gateway.typedefs import HEADER_NAME, PATH
from local.gateway.uri import normalize

# Seconds; a month counts 30 days and a year 365 (rate-limiting/expiration.lua), while
# their windows start with the calendar's.
_WINDOW_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "month": 2592000,
    "year": 31536000,
}
_NEEDED_FIELDS = {"header": "header_name", "path": "path"}
_LIMIT_BY = ["consumer", "credential", "ip", "service", "header", "path"]


@dataclass(frozen=True)
class Usage:
    """One period's limit, and how much of it is left before this request."""

    period: str
    limit: float
    remaining: float


def start_of_window(period: str, now: float) -> int:
    """Give the epoch second at which the calendar window (UTC) around ``now`` began."""
    moment = datetime.fromtimestamp(int(now), UTC)
    smaller = {
        "second": {},
        "minute": {"second": 0},
        "hour": {"second": 0, "minute": 0},
        "day": {"second": 0, "minute": 0, "hour": 0},
        "month": {"second": 0, "minute": 0, "hour": 0, "day": 1},
        "year": {"second": 0, "minute": 0, "hour": 0, "day": 1, "month": 1},
    }[period]
    return int(moment.replace(**smaller).timestamp())  # type: ignore[arg-type]  # only ints


def build_headers(usages: list[Usage], stop: str | None, now: float) -> dict[str, str]:
    """Build the headers that tell a client about its limits.

    The short RateLimit-* ones speak of the period with the least left, the longer period
    where two are equal. Retry-After stands only on a refusal.
    """
    headers: dict[str, str] = {}
    tightest: tuple[float, int] | None = None
    for usage in usages:
        counts_this_request = stop in (None, usage.period)
        left = max(0, usage.remaining - (1 if counts_this_request else 0))
        window = _WINDOW_SECONDS[usage.period]
        if tightest is None or (left, -window) < tightest:
            tightest = (left, -window)
            reset = max(1, window - (int(now) - start_of_window(usage.period, now)))
            headers["RateLimit-Limit"] = _number(usage.limit)
            headers["RateLimit-Remaining"] = _number(left)
            headers["RateLimit-Reset"] = str(reset)
        headers[f"X-RateLimit-Limit-{usage.period.title()}"] = _number(usage.limit)
        headers[f"X-RateLimit-Remaining-{usage.period.title()}"] = _number(left)
    if stop:
        headers["Retry-After"] = headers["RateLimit-Reset"]
    return headers


class RateLimiting:
    """Counts requests in windows that are aligned to the clock; one process, one count."""

    name = "rate-limiting"
    priority = 910
    config_schema = {  # noqa: RUF012 (a constant; Plugin asks for an attribute)
        "type": "record",
        "required": True,
        "unknown_message": "not implemented by the local gateway",
        "fields": [
            *({period: {"type": "number", "gt": 0}} for period in _WINDOW_SECONDS),
            {"limit_by": {"type": "string", "default": "consumer", "one_of": _LIMIT_BY}},
            {"header_name": HEADER_NAME},
            {"path": PATH},
            {
                "policy": {
                    "type": "string",
                    "default": "local",
                    "one_of": ["local"],
                    "err": "only the policy 'local' is implemented by the local gateway",
                }
            },
            {"fault_tolerant": {"type": "boolean", "required": True, "default": True}},
            {"hide_client_headers": {"type": "boolean", "required": True, "default": False}},
            {"error_code": {"type": "number", "default": 429, "gt": 0}},
            {"error_message": {"type": "string", "default": "API rate limit exceeded"}},
            {"sync_rate": {"type": "number", "required": True, "default": -1, "eq": -1}},
        ],
    }

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: dict[tuple[str | None, ...], dict[tuple[str, str], _Window]] = {}

    def find_config_errors(self, config: PluginConfig) -> list[str]:
        """A limit must be there, a longer period's not be lower, and what counts be named."""
        needed = _NEEDED_FIELDS.get(config["limit_by"])
        if needed is not None and needed not in config:
            return [f"{needed}: required field missing"]
        limits = [(period, config[period]) for period in _WINDOW_SECONDS if period in config]
        if not limits:
            return ["at least one of these fields must be non-empty: " + ", ".join(_WINDOW_SECONDS)]
        return [
            f"The limit for {longer}({high:.1f}) cannot be lower than the limit for "
            f"{shorter}({low:.1f})"
            for position, (shorter, low) in enumerate(limits)
            for longer, high in limits[position + 1 :]
            if high < low
        ]

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Count the request, or refuse it when a limit is used up."""
        now = self._clock()
        windows = self._counts.setdefault((config.get("route_id"), config.get("service_id")), {})
        identifier = identify(exchange, config)
        usages = [
            Usage(period, config[period], config[period] - _count(windows, identifier, period, now))
            for period in _WINDOW_SECONDS
            if period in config
        ]
        stop = next((one.period for one in reversed(usages) if one.remaining <= 0), None)
        if not config["hide_client_headers"]:
            set_headers(exchange.response_headers, build_headers(usages, stop, now))
        if stop:
            accept = exchange.headers.get("Accept")
            raise EarlyAnswerError(
                error_answer(
                    int(config["error_code"]), config["error_message"], accept, exchange.request_id
                )
            )
        for usage in usages:
            _increment(windows, identifier, usage.period, now)

    def header_filter(
        self, exchange: Exchange, config: PluginConfig, headers: CIMultiDict[str]
    ) -> None:
        """The headers were set in access."""


@dataclass
class _Window:
    started_at: int
    count: int


def identify(exchange: Exchange, config: PluginConfig) -> str:
    """Say whom a limit counts for; without a consumer or header it is the client address."""
    service = exchange.match.route.service
    found: Mapping[str, str | None] = {
        "service": service.id if service else None,
        "header": exchange.headers.get(config.get("header_name", "")),
        "path": config.get("path"),
    }
    if config["limit_by"] == "path" and normalize(exchange.request.path) != config.get("path"):
        return exchange.client_address
    return found.get(config["limit_by"]) or exchange.client_address


def _count(
    windows: dict[tuple[str, str], _Window], identifier: str, period: str, now: float
) -> int:
    window = windows.get((identifier, period))
    if window is None or window.started_at != start_of_window(period, now):
        return 0
    return window.count


def _increment(
    windows: dict[tuple[str, str], _Window], identifier: str, period: str, now: float
) -> None:
    # One window a client and period is kept: the present one replaces the one before.
    count = _count(windows, identifier, period, now)
    windows[identifier, period] = _Window(start_of_window(period, now), count + 1)


def _number(value: float) -> str:
    # Lua prints a whole number without a fraction.
    return f"{value:.14g}"
