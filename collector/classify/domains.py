"""Hosts of URLs, and the domain under which somebody registered them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList
from pydantic_core import Url

# A scheme of RFC 3986 and what stands between "//" and the path; a backslash ends the
# host too, as in browsers. The bound keeps a long text without "://" from costing more.
_AUTHORITY = re.compile(r"\s*([a-z][a-z0-9+.\-]{0,30})://([^/?#\\]*)", re.IGNORECASE)
# Underscores are no host name by RFC 1123, yet browsers resolve them.
_HOST_NAME = re.compile(r"[a-z0-9_\-]{1,63}(\.[a-z0-9_\-]{1,63})*")
_NO_HOST = re.compile(r"[\s\x00-\x1f/?#@:%\[\]\\]")  # what in a URL would not be the host's
_IPV6 = re.compile(r"[0-9a-f:.]{2,45}")
_MAX_HOST_LENGTH = 253  # RFC 1035, section 2.3.4
# A megabyte of hosts at most: 8192 keys of some 60 bytes, and their results.
_CACHED_HOSTS = 8192
# What stands before the path may have any length: only usual ones are kept.
_LONGEST_CACHED_SITE = 100


def host_of(url: str | None) -> str | None:
    """The host of a hierarchical URL: lower case, without user, port and trailing dot.

    An international host comes out as its A-label (``xn--...``), an IPv6 address
    without brackets. The host of an ``android-app://`` referrer is its package
    read backwards, for a package is a domain in reverse: com.linkedin.android
    gives android.linkedin.com. None for everything that has no readable host
    (``javascript:``, ``about:blank``, a path, broken brackets). Never raises.
    """
    if not url or (scheme_ends := url.find("://")) < 0:
        return None
    path_begins = url.find("/", scheme_ends + 3)
    site = url if path_begins < 0 else url[:path_begins]
    return _cached_host_at(site) if len(site) <= _LONGEST_CACHED_SITE else _host_at(site)


def without_query(url: str) -> str:
    """A URL up to its query or fragment."""
    if "?" in url or "#" in url:
        return url.partition("?")[0].partition("#")[0]
    return url


def normalize_host(host: str) -> str | None:
    """A bare host as `host_of` returns it, or None where it cannot be one."""
    if len(host) > _MAX_HOST_LENGTH + 1:
        return None
    if not host.isascii():
        host = _a_label(host)
    host = host.lower().removesuffix(".")
    if _HOST_NAME.fullmatch(host) or (":" in host and _IPV6.fullmatch(host)):
        return host
    return None


@lru_cache(maxsize=_CACHED_HOSTS)
def registrable_domain(host: str) -> str | None:
    """The domain that somebody registered: www.google.co.uk gives google.co.uk.

    Follows the public suffix list with its private part, so that two customers of
    github.io are two sites. None for an address, a bare suffix and a single label.
    """
    if is_address(host):
        return None
    return _public_suffixes().privatesuffix(host) or None


def public_suffix(host: str) -> str | None:
    """What a registry sells names under (co.uk), without the list's private part."""
    return _registry_suffixes().publicsuffix(host) or None


def is_address(host: str) -> bool:
    """Whether a host is an IP address; no top-level domain is a number."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def is_same_site(host: str, other: str) -> bool:
    """Whether two hosts are one, or stand below one registrable domain."""
    domain = registrable_domain(host)
    return host == other or (domain is not None and domain == registrable_domain(other))


def with_parents(host: str) -> Iterator[str]:
    """A host, then each domain above it, the longest first: a.b.c, b.c, c."""
    yield host
    while (dot := host.find(".")) >= 0:
        host = host[dot + 1 :]
        yield host


def _host_at(site: str) -> str | None:
    if (match := _AUTHORITY.match(site)) is None:
        return None
    scheme, authority = match.groups()
    host = normalize_host(_without_user_and_port(authority))
    if host is not None and scheme.lower() == "android-app":
        return ".".join(reversed(host.split(".")))
    return host


_cached_host_at = lru_cache(maxsize=_CACHED_HOSTS)(_host_at)


def _without_user_and_port(authority: str) -> str:
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        address, bracket, _ = host[1:].partition("]")
        return address if bracket else ""
    return host.partition(":")[0]


def _a_label(host: str) -> str:
    """An international host as browsers send it: in native code, since it may be any text.

    The idna package took 1.2 ms for a long one, which nothing else could use meanwhile.
    """
    if _NO_HOST.search(host):
        return ""
    try:
        return Url(f"http://{host}/").host or ""
    except ValueError:
        return ""


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _registry_suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)
