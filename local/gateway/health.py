"""Which targets of an upstream are healthy: counters, thresholds, and active probes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from local.gateway.config import Target
from local.gateway.resolver import Resolver, UnresolvedNameError

log = logging.getLogger(__name__)

Failure = Literal["tcp_failures", "timeouts", "http_failures"]
Source = Literal["active", "passive"]


@dataclass
class _TargetHealth:
    healthy: bool = True
    successes: int = 0
    failures: dict[str, int] = field(default_factory=dict)


class UpstreamHealth:
    """Counts what is reported about each target; ``checks`` is kong.yml's healthchecks.

    As in lua-resty-healthcheck: a success forgets the failures and the reverse, what would
    only confirm the present state is not counted, and a threshold of 0 switches a rule off.
    """

    def __init__(self, checks: Mapping[str, Any], targets: tuple[Target, ...]) -> None:
        self._checks = checks
        self._states = {target: _TargetHealth() for target in targets}

    def is_healthy(self, target: Target) -> bool:
        """Say whether the balancer may pick the target."""
        return self._states[target].healthy

    def report_status(self, target: Target, status: int, source: Source) -> None:
        """Count an HTTP status that came from the target."""
        checks = self._checks[source]
        if status in checks["healthy"]["http_statuses"]:
            self._count_success(target, checks["healthy"]["successes"])
        elif status in checks["unhealthy"]["http_statuses"]:
            self.report_failure(target, "http_failures", source)

    def report_failure(self, target: Target, kind: Failure, source: Source) -> None:
        """Count a refused connection, a timeout or a bad status."""
        limit = self._checks[source]["unhealthy"][kind]
        state = self._states[target]
        if limit == 0 or not state.healthy:
            return
        state.successes = 0
        state.failures[kind] = state.failures.get(kind, 0) + 1
        if state.failures[kind] >= limit:
            self._set(target, healthy=False)

    def _count_success(self, target: Target, limit: int) -> None:
        state = self._states[target]
        state.failures.clear()
        if limit == 0 or state.healthy:
            return
        state.successes += 1
        if state.successes >= limit:
            self._set(target, healthy=True)

    def _set(self, target: Target, *, healthy: bool) -> None:
        self._states[target] = _TargetHealth(healthy=healthy)
        word = "healthy" if healthy else "unhealthy"
        log.warning("target %s:%d is now %s", target.host, target.port, word)


class ActiveChecker:
    """Probes an upstream's targets, healthy and unhealthy ones at their own intervals."""

    def __init__(
        self,
        health: UpstreamHealth,
        checks: Mapping[str, Any],
        targets: tuple[Target, ...],
        resolver: Resolver,
    ) -> None:
        self._health = health
        self._active = checks["active"]
        self._targets = targets
        self._resolver = resolver

    async def run(self) -> None:
        """Probe until cancelled; returns at once where both intervals are 0."""
        await asyncio.gather(
            self._probe_every(self._active["healthy"]["interval"], healthy=True),
            self._probe_every(self._active["unhealthy"]["interval"], healthy=False),
        )

    async def _probe_every(self, interval: float, *, healthy: bool) -> None:
        while interval > 0:
            due = [one for one in self._targets if self._health.is_healthy(one) is healthy]
            await asyncio.gather(*(self._probe(target) for target in due))
            await asyncio.sleep(interval)

    async def _probe(self, target: Target) -> None:
        try:
            async with asyncio.timeout(self._active["timeout"]):
                status = await self._ask(target)
        except TimeoutError:
            self._health.report_failure(target, "timeouts", "active")
        except (OSError, UnresolvedNameError, ValueError):
            self._health.report_failure(target, "tcp_failures", "active")
        else:
            self._health.report_status(target, status, "active")

    async def _ask(self, target: Target) -> int:
        address = await self._resolver.resolve(target.host, target.port)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            # What lua-resty-healthcheck sends: HTTP/1.0, and the target's name as Host.
            request = f"GET {self._active['http_path']} HTTP/1.0\r\nHost: {target.host}\r\n"
            writer.write(f"{request}Connection: close\r\n\r\n".encode())
            status_line = await reader.readline()
            return int(status_line.split()[1])
        except IndexError as error:
            raise ValueError("not a status line") from error
        finally:
            writer.close()
