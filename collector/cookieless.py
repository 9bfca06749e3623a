"""Visitors without anything stored in their browser: an id that is good for a day. Pure.

It is a keyed hash of what a request says anyway. The key is a day's salt, which all collectors
share and which is deleted after the day: from then on nobody can tell whose id it was.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, date, datetime

from collector.address import host_of, registrable_domain
from collector.client_ip import truncate_ip

# What tells them from ids that browsers keep.
PREFIX = "daily-"
DIGITS = 32


class Salts:
    """The salts of the days that are near, as Postgres has them."""

    def __init__(self) -> None:
        self._by_day: Mapping[date, bytes] = {}

    def replace(self, by_day: Mapping[date, bytes]) -> None:
        """Know these and no others any more."""
        self._by_day = dict(by_day)

    def of(self, moment: datetime) -> bytes | None:
        """That of a moment's day (UTC), None where it is not known, or not any more."""
        return self._by_day.get(moment.astimezone(UTC).date())


def daily_visitor_id(
    salt: bytes, page_url: str | None, client_ip: str | None, user_agent: str | None
) -> str | None:
    """The id of a visitor for a day: of a site, from a network, with a browser.

    None where the address or the User-Agent is missing, as with an event that a server sends:
    strangers would be one.
    """
    network = truncate_ip(client_ip) if client_ip else None
    if network is None or not user_agent:
        return None
    message = "\n".join((site_of(page_url), network, user_agent))
    digest = hmac.digest(salt, message.encode("utf-8", "surrogateescape"), "sha256")
    return PREFIX + digest.hex()[:DIGITS]


def site_of(page_url: str | None) -> str:
    """The site of a page: its registrable domain, so that subdomains are one site."""
    host = host_of(page_url)
    return (host and (registrable_domain(host) or host)) or ""
