"""rate-limiting: windows aligned to the clock, headers, refusals."""

from typing import Any

import pytest

from local.gateway.errors import EarlyAnswerError
from local.gateway.plugins.rate_limiting import RateLimiting, start_of_window
from local.gateway.schema import complete
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
    return config


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


async def test_each_route_has_a_count_of_its_own() -> None:
    plugin = RateLimiting(Clock())
    for route_id in ("a", "b"):
        config = make_config(minute=1) | {"route_id": route_id}
        assert [(await ask(plugin, config))[0] for _ in range(2)] == [200, 429]


async def test_a_refused_request_is_not_counted() -> None:
    clock = Clock()
    plugin, config = RateLimiting(clock), make_config(minute=1, hour=2)
    assert [(await ask(plugin, config))[0] for _ in range(5)] == [200, 429, 429, 429, 429]
    clock.now += 60
    assert (await ask(plugin, config))[0] == 200


async def test_the_short_headers_speak_of_the_tightest_period() -> None:
    plugin, config = RateLimiting(Clock()), make_config(minute=3, hour=4)
    _, headers = await ask(plugin, config)
    assert headers["RateLimit-Limit"] == "3"
    assert headers["X-RateLimit-Remaining-Hour"] == "3"
    for _ in range(2):
        _, headers = await ask(plugin, config)
    assert headers["X-RateLimit-Remaining-Minute"] == "0"


async def test_hidden_headers_and_a_code_of_ones_own() -> None:
    plugin = RateLimiting(Clock())
    config = make_config(minute=1, hide_client_headers=True, error_code=420, error_message="calm")
    assert await ask(plugin, config) == (200, {})
    with pytest.raises(EarlyAnswerError) as caught:
        await plugin.access(make_exchange(), config)
    assert caught.value.answer.status == 420
    assert b'"message":"calm"' in caught.value.answer.body


@pytest.mark.parametrize(
    ("limit_by", "headers", "target", "identifiers"),
    [
        ("header", {"X-Key": "k"}, "/", 1),
        ("header", {}, "/", 2),
        ("path", {}, "/shared", 1),
        ("path", {}, "/other", 2),
        ("service", {}, "/", 1),
        ("consumer", {}, "/", 2),
    ],
)
async def test_what_is_not_there_to_count_by_falls_back_to_the_address(
    limit_by: str, headers: dict[str, str], target: str, identifiers: int
) -> None:
    plugin = RateLimiting(Clock())
    config = make_config(minute=1, limit_by=limit_by, header_name="X-Key", path="/shared")
    passed = 0
    for address in ("192.0.2.1", "192.0.2.2"):
        try:
            await plugin.access(make_exchange("GET", target, headers, address=address), config)
            passed += 1
        except EarlyAnswerError:
            continue
    assert passed == identifiers


@pytest.mark.parametrize(
    ("period", "seconds_ago"),
    [
        ("second", 0),
        ("minute", 20),
        ("hour", 43 * 60 + 20),
        ("day", 16 * 3600 + 43 * 60 + 20),
        ("month", 21 * 86400 + 16 * 3600 + 43 * 60 + 20),
        ("year", 325 * 86400 + 16 * 3600 + 43 * 60 + 20),
    ],
)
def test_a_window_starts_with_the_calendars(period: str, seconds_ago: int) -> None:
    assert start_of_window(period, NOW + 0.7) == NOW - seconds_ago


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "at least one of these fields must be non-empty"),
        (
            {"minute": 10, "hour": 5},
            "The limit for hour(5.0) cannot be lower than the limit for minute(10.0)",
        ),
    ],
)
def test_limits_that_make_no_sense_are_errors(limits: dict[str, int], message: str) -> None:
    errors = RateLimiting(Clock()).find_config_errors(make_config(**limits))
    assert [error[: len(message)] for error in errors] == [message]
