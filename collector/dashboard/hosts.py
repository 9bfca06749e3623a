"""Whom a request was meant for, and which site's page it comes from."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from collector.dashboard.errors import Forbidden, WrongHost
from collector.settings import Settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
OWN_SITE = frozenset({"same-origin", "none"})  # none: typed in, or a bookmark


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, reached without a network."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def host_of(settings: Settings) -> str:
    """The host by which browsers reach the dashboard."""
    if settings.dashboard_url:
        return urlsplit(settings.dashboard_url).hostname or ""
    return settings.dashboard_host


def has_secure_cookies(settings: Settings) -> bool:
    """Whether browsers send the cookie over TLS alone."""
    if settings.dashboard_secure_cookies == "auto":
        return not is_loopback(host_of(settings))
    return settings.dashboard_secure_cookies == "always"


def known_hosts(settings: Settings) -> frozenset[str]:
    """The hosts that a request may be meant for."""
    return frozenset({*LOOPBACK_NAMES, settings.dashboard_host.lower(), host_of(settings).lower()})


def check_host(request: web.Request, known: frozenset[str]) -> None:
    """A page of another site whose name leads to this address is turned away. Raises WrongHost."""
    try:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:
        host = ""
    if host not in known:
        raise WrongHost("this is the dashboard of another address: see CT_DASHBOARD_URL")


def check_origin(request: web.Request) -> None:
    """A form of another site is turned away. Raises Forbidden.

    Browsers say where a form stands in Sec-Fetch-Site, over TLS and to this machine. `Origin` is
    "null" of all pages that send no referrer, as ours; another name is another site's.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    if site is not None:
        if site not in OWN_SITE:
            raise Forbidden("this form stands on another site")
    elif origin != "null" and origin.partition("://")[2] != request.headers.get("Host"):
        raise Forbidden("this form stands on another site")


def public_url(settings: Settings, request: web.Request) -> str:
    """The address by which browsers reach the dashboard, without a slash at its end."""
    return (settings.dashboard_url or str(request.url.origin())).rstrip("/")
