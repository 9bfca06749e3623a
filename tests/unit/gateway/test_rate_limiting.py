"""rate-limiting: windows aligned to the clock, headers, refusals."""

from typing import Any

import pytest

from local.gateway.config.schema import complete, find_violations
from local.gateway.errors import EarlyAnswerError
from local.gateway.plugins.rate_limiting import RateLimiting
from tests.unit.gateway.exchanges import make_exchange

# 2026-11-22 16:43:20 UTC, a Sunday.
NOW = 1795365800.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def make_config(**fields: object) -> dict[str, Any]:
    config: dict[str, Any] = complete(RateLimiting.config_schema, {"limit_by": "ip", **fields})
    return config | {"__plugin_id": "one"}


async def ask(
    plugin: RateLimiting, config: dict[str, Any], address: str = "192.0.2.1"
) -> tuple[int, dict[str, str]]:
    exchange = make_exchange(address=address)
    try:
        await plugin.access(exchange, config)
    except EarlyAnswerError as early:
        return early.answer.status, dict(exchange.response_headers)
    return 200, dict(exchange.response_headers)


async def test_two_a_minute_means_two_and_then_429_with_retry_after() -> None:
    plugin, config = RateLimiting(Clock()), make_config(minute=2)
    first, second, third = [await ask(plugin, config) for _ in range(3)]
    assert first == (
        200,
        {
            "RateLimit-Limit": "2",
            "RateLimit-Remaining": "1",
            "RateLimit-Reset": "40",
            "X-RateLimit-Limit-Minute": "2",
            "X-RateLimit-Remaining-Minute": "1",
        },
    )
    assert (second[0], second[1]["RateLimit-Remaining"]) == (200, "0")
    assert (third[0], third[1]["Retry-After"]) == (429, "40")


async def test_the_count_starts_again_with_the_clocks_minute() -> None:
    clock = Clock()
    plugin, config = RateLimiting(clock), make_config(minute=1)
    assert (await ask(plugin, config))[0] == 200
    clock.now += 39.9
    assert (await ask(plugin, config))[0] == 429
    clock.now = NOW + 40
    assert (await ask(plugin, config))[0] == 200


async def test_each_address_has_a_count_of_its_own() -> None:
    plugin, config = RateLimiting(Clock()), make_config(minute=1)
    assert (await ask(plugin, config, "192.0.2.1"))[0] == 200
    assert (await ask(plugin, config, "192.0.2.2"))[0] == 200
    assert (await ask(plugin, config, "192.0.2.1"))[0] == 429


async def test_each_entry_of_kong_yml_has_a_count_of_its_own() -> None:
    plugin = RateLimiting(Clock())
    for plugin_id in ("a", "b"):
        config = make_config(minute=1) | {"__plugin_id": plugin_id}
        assert [(await ask(plugin, config))[0] for _ in range(2)] == [200, 429]


async def test_hidden_headers_stay_away() -> None:
    plugin, config = RateLimiting(Clock()), make_config(minute=1, hide_client_headers=True)
    assert [await ask(plugin, config) for _ in range(2)] == [(200, {}), (429, {})]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"limit_by": "ip"}, "x.minute: required field missing"),
        ({"minute": 0, "limit_by": "ip"}, "x.minute: value must be greater than 0"),
        ({"minute": 1}, "x.limit_by: required field missing"),
        (
            {"minute": 1, "limit_by": "header"},
            "x.limit_by: only ip is implemented by the local gateway",
        ),
        (
            {"minute": 1, "limit_by": "ip", "policy": "redis"},
            "x.policy: only local is implemented by the local gateway",
        ),
        (
            {"minute": 1, "limit_by": "ip", "hour": 2},
            "x.hour: not implemented by the local gateway",
        ),
    ],
)
def test_what_counts_otherwise_is_refused(config: dict[str, Any], message: str) -> None:
    schema = RateLimiting.config_schema
    assert [str(one) for one in find_violations(schema, complete(schema, config), "x")] == [message]
