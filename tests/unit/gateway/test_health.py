"""Health checks count as lua-resty-healthcheck does, and the balancer obeys."""

from typing import Any

import pytest

from local.gateway.balancer import Balancer, NoPeerError
from local.gateway.config import Target, Upstream
from local.gateway.entities import UPSTREAM
from local.gateway.health import UpstreamHealth
from local.gateway.resolver import Address, Resolver, parse_overrides
from local.gateway.schema import complete
from tests.unit.gateway.exchanges import SERVICE

FIRST, SECOND = Target("127.0.0.1", 1, 100), Target("127.0.0.1", 2, 100)


def make_checks(**checks: Any) -> dict[str, Any]:
    completed: dict[str, Any] = complete(UPSTREAM, {"name": "u", "healthchecks": checks})
    return dict(completed["healthchecks"])


PASSIVE = make_checks(
    passive={
        "healthy": {"successes": 2},
        "unhealthy": {"tcp_failures": 2, "http_failures": 3, "timeouts": 1},
    }
)


@pytest.mark.parametrize(
    ("reports", "healthy"),
    [
        ([], True),
        (["tcp_failures"], True),
        (["tcp_failures", "tcp_failures"], False),
        (["tcp_failures", 200, "tcp_failures"], True),
        (["tcp_failures", 404, "tcp_failures"], False),
        ([500, 500, 500], False),
        ([500, 503, "tcp_failures", 429], False),
        ([502, 502, 502, 502], True),
        (["timeouts"], False),
        (["timeouts", 200], False),
        (["timeouts", 200, 200], True),
        (["timeouts", 200, "tcp_failures", 200], True),
    ],
)
def test_a_target_changes_sides_at_its_thresholds(reports: list[Any], healthy: bool) -> None:
    health = UpstreamHealth(PASSIVE, (FIRST,))
    for report in reports:
        if isinstance(report, int):
            health.report_status(FIRST, report, "passive")
        else:
            health.report_failure(FIRST, report, "passive")
    assert health.is_healthy(FIRST) is healthy


def test_a_threshold_of_zero_switches_a_rule_off() -> None:
    health = UpstreamHealth(make_checks(), (FIRST,))
    for _ in range(10):
        health.report_failure(FIRST, "tcp_failures", "passive")
        health.report_status(FIRST, 500, "passive")
    assert health.is_healthy(FIRST)


def make_balancer(checks: dict[str, Any], *targets: Target) -> Balancer:
    return Balancer((Upstream(SERVICE.host, targets, checks),), Resolver({}))


async def pick(balancer: Balancer) -> int:
    return (await balancer.find_peer(SERVICE)).address.port


async def test_targets_take_turns_by_their_weight() -> None:
    balancer = make_balancer(PASSIVE, FIRST, Target("127.0.0.1", 2, 300), Target("127.0.0.1", 3, 0))
    picked = [await pick(balancer) for _ in range(8)]
    assert (picked.count(1), picked.count(2), picked.count(3)) == (2, 6, 0)


async def test_an_unhealthy_target_gets_nothing_and_none_left_is_kongs_503() -> None:
    balancer = make_balancer(PASSIVE, FIRST, SECOND)
    peer = await balancer.find_peer(SERVICE)
    peer.report_failure("timeouts")
    other = await balancer.find_peer(SERVICE)
    assert {await pick(balancer) for _ in range(4)} == {other.address.port}
    other.report_failure("timeouts")
    with pytest.raises(NoPeerError, match="failure to get a peer from the ring-balancer"):
        await pick(balancer)


async def test_an_upstream_below_its_threshold_counts_as_a_whole_as_unhealthy() -> None:
    balancer = make_balancer(PASSIVE | {"threshold": 60}, FIRST, SECOND)
    (await balancer.find_peer(SERVICE)).report_failure("timeouts")
    with pytest.raises(NoPeerError):
        await pick(balancer)


async def test_a_target_that_does_not_resolve_is_passed_over() -> None:
    balancer = make_balancer(PASSIVE, Target("no-such-host.invalid", 1, 100), SECOND)
    assert [await pick(balancer) for _ in range(3)] == [2, 2, 2]


async def test_a_service_host_without_an_upstream_is_a_name_for_dns() -> None:
    balancer = Balancer((), Resolver({}))
    with pytest.raises(NoPeerError, match="name resolution failed"):
        await balancer.find_peer(SERVICE)


async def test_an_override_replaces_exactly_its_host_and_port() -> None:
    resolver = Resolver(parse_overrides(["collector.invalid:8080=127.0.0.1:9999"]))
    assert await resolver.resolve("collector.invalid", 8080) == Address("127.0.0.1", 9999)
    peer = await Balancer((), resolver).find_peer(SERVICE)
    assert (peer.address.port, peer.host_header) == (9999, "collector.invalid:8080")


@pytest.mark.parametrize("entry", ["a:1", "a=b:1", "a:1=b", "a:x=b:1", ":1=b:1"])
def test_an_override_that_is_none_is_shown(entry: str) -> None:
    with pytest.raises(ValueError, match="expected HOST:PORT=HOST:PORT"):
        parse_overrides([entry])
