"""Where the requests of each service go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from local.gateway.config.types import KongConfig, Service
from local.gateway.errors import StartError

_HTTP_PORT = 80


@dataclass(frozen=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return self.host if self.port == _HTTP_PORT else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Target:
    """The Host that the upstream is asked for, and the address where it is."""

    host_header: str
    address: Address


def parse_overrides(entries: list[str]) -> dict[Address, Address]:
    """Parse ``HOST:PORT=HOST:PORT`` entries. Raises ValueError that shows the bad one."""
    overrides = {}
    for entry in entries:
        name, _, address = entry.partition("=")
        overrides[_parse_address(name, entry)] = _parse_address(address, entry)
    return overrides


def find_targets(config: KongConfig, overrides: Mapping[Address, Address]) -> dict[Service, Target]:
    """Find each service's target: that of the upstream of its name, or its own host.

    Raises StartError for a host that is neither an IP address nor among the overrides: the
    gateway asks no DNS.
    """
    named = {one.name: Address(one.host, one.port) for one in config.upstreams}
    return {
        service: _make_target(
            named.get(service.host, Address(service.host, service.port)), overrides
        )
        for service in config.services
    }


def _make_target(named: Address, overrides: Mapping[Address, Address]) -> Target:
    address = overrides.get(named, named)
    try:
        ip_address(address.host)
    except ValueError as error:
        raise StartError(
            f"kong.yml: {address.host} is no IP address; say where it is with "
            f"--resolve {named.host}:{named.port}=ADDRESS:PORT"
        ) from error
    return Target(str(named), address)


def _parse_address(text: str, entry: str) -> Address:
    host, mark, port = text.rpartition(":")
    if not (mark and host and port.isdecimal()):
        raise ValueError(f"--resolve {entry}: expected HOST:PORT=HOST:PORT")
    return Address(host, int(port))
