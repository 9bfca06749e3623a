"""Whose request is it? nginx's realip rules, as Kong configures them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from multidict import CIMultiDict, CIMultiDictProxy

Headers = CIMultiDict[str] | CIMultiDictProxy[str]
_LEADING_ZEROS = re.compile(r"(?<![^.])0+(?=\d)(?=[\d.]*\Z)")
_WITH_PORT = re.compile(r"^(?:\[([^\]]+)\]|([^:]+)):\d+$|^\[([^\]]+)\]$")


@dataclass(frozen=True)
class AddressRules:
    """KONG_TRUSTED_IPS, KONG_REAL_IP_HEADER and KONG_REAL_IP_RECURSIVE."""

    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    header: str = "X-Real-IP"
    recursive: bool = False

    def trusts(self, address: str) -> bool:
        """Say whether an address lies in one of the trusted networks."""
        parsed = ip_address(address)
        return any(parsed.version == net.version and parsed in net for net in self.trusted)


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Parse a comma-separated list of addresses and CIDRs.

    Raises ValueError that names the entry which is neither.
    """
    return tuple(
        ip_network(entry.strip(), strict=False) for entry in text.split(",") if entry.strip()
    )


def resolve_client_address(peer: str, headers: Headers, rules: AddressRules) -> str:
    """Give the client's address by nginx's realip module.

    The header is believed only when the peer is trusted. It is read from its right end;
    with ``recursive`` the walk goes on through trusted addresses. An entry that is no
    address ends the walk. Of X-Forwarded-For all lines count, of another header the first.
    """
    values = headers.getall(rules.header, [])
    lines = values if rules.header.lower() == "x-forwarded-for" else values[:1]
    address = peer
    for entry in reversed(_split_entries(lines)):
        candidate = _parse_entry(entry)
        if candidate is None or not rules.trusts(address):
            break
        address = candidate
        if not rules.recursive:
            break
    return address


def _split_entries(lines: Sequence[str]) -> list[str]:
    entries = re.split(r"[ ,]+", ",".join(lines).lstrip(" ,"))
    # An empty entry at the right end stays, and is no address.
    return entries if any(entries) else []


def _parse_entry(entry: str) -> str | None:
    with_port = _WITH_PORT.match(entry)
    bare = (with_port[1] or with_port[2] or with_port[3]) if with_port else entry
    try:
        # nginx takes 01.2.3.4, and writes a mapped IPv4 address with dots.
        parsed = ip_address(_LEADING_ZEROS.sub("", bare))
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return f"::ffff:{mapped}" if mapped else str(parsed)
