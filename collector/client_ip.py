"""How much of a client's address is stored. Pure."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, TypeAlias

ClientIpStorage: TypeAlias = Literal["full", "truncated", "none"]

# What is left of a truncated address: a provider's part of a town, no household.
IPV4_BITS = 24
IPV6_BITS = 48


def stored_ip(address: str | None, storage: ClientIpStorage) -> str | None:
    """What is stored of an address; what is none is not stored, unless whole."""
    if storage == "full" or address is None:
        return address
    return truncate_ip(address) if storage == "truncated" else None


# Visitors come back, and events of one visit come together.
@lru_cache(maxsize=8_192)
def truncate_ip(address: str) -> str | None:
    """The network of an address: /24 of IPv4, also where it stands in IPv6, /48 of IPv6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(IPv6Network((parsed, IPV6_BITS), strict=False).network_address)
        parsed = parsed.ipv4_mapped
    return str(IPv4Network((parsed, IPV4_BITS), strict=False).network_address)
