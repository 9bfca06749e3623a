"""Which target gets the next request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from local.gateway.answers import NO_PEER, UNRESOLVED_NAME
from local.gateway.config import Service, Target, Upstream
from local.gateway.health import ActiveChecker, Failure, UpstreamHealth
from local.gateway.resolver import Address, Resolver, UnresolvedNameError


class NoPeerError(Exception):
    """No target can take the request; the message is Kong's, its status 503."""


@dataclass(frozen=True)
class Peer:
    """Where to connect for one try, the Host that it gets, and whom to report to."""

    address: Address
    host_header: str
    target: Target
    health: UpstreamHealth | None

    def report_status(self, status: int) -> None:
        """Report the status of a proxied answer to the passive health checks."""
        if self.health:
            self.health.report_status(self.target, status, "passive")

    def report_failure(self, kind: Failure) -> None:
        """Report a failed try to the passive health checks."""
        if self.health:
            self.health.report_failure(self.target, kind, "passive")


@dataclass
class _Ring:
    """An upstream's targets in smooth weighted round-robin."""

    upstream: Upstream
    health: UpstreamHealth
    credits: dict[Target, int] = field(default_factory=dict)

    def pick(self, excluded: set[Target]) -> Target:
        usable = [
            one
            for one in self.upstream.targets
            if one.weight > 0 and self.health.is_healthy(one) and one not in excluded
        ]
        total = sum(target.weight for target in usable)
        if not usable or self._is_below_threshold(total):
            raise NoPeerError(NO_PEER)
        for target in usable:
            self.credits[target] = self.credits.get(target, 0) + target.weight
        chosen = max(usable, key=lambda one: self.credits[one])
        self.credits[chosen] -= total
        return chosen

    def _is_below_threshold(self, usable_weight: int) -> bool:
        whole = sum(target.weight for target in self.upstream.targets)
        return bool(usable_weight * 100 < self.upstream.healthchecks["threshold"] * whole)


class Balancer:
    """Finds a peer for a service: by an upstream of the same name, else by DNS."""

    def __init__(self, upstreams: tuple[Upstream, ...], resolver: Resolver) -> None:
        self._resolver = resolver
        self._rings = {
            one.name: _Ring(one, UpstreamHealth(one.healthchecks, one.targets)) for one in upstreams
        }

    async def find_peer(self, service: Service) -> Peer:
        """Give the peer for the next try. Raises NoPeerError."""
        ring = self._rings.get(service.host)
        if ring is None:
            return await self._find_by_name(service)
        unresolved: set[Target] = set()
        while True:
            target = ring.pick(unresolved)
            try:
                address = await self._resolver.resolve(target.host, target.port)
            except UnresolvedNameError:
                # A target without addresses has no slot on Kong's ring.
                unresolved.add(target)
                continue
            return Peer(address, _make_host_header(target.host, target.port), target, ring.health)

    async def run_checks(self) -> None:
        """Run the active health checks of all upstreams until cancelled."""
        await asyncio.gather(
            *(
                ActiveChecker(
                    ring.health, ring.upstream.healthchecks, ring.upstream.targets, self._resolver
                ).run()
                for ring in self._rings.values()
            )
        )

    async def _find_by_name(self, service: Service) -> Peer:
        try:
            address = await self._resolver.resolve(service.host, service.port)
        except UnresolvedNameError as error:
            raise NoPeerError(UNRESOLVED_NAME) from error
        target = Target(service.host, service.port, weight=1)
        return Peer(address, _make_host_header(service.host, service.port), target, None)


def _make_host_header(host: str, port: int) -> str:
    return host if port == 80 else f"{host}:{port}"  # noqa: PLR2004 (http's own port)
