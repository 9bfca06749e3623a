"""Addresses, taken apart in one place: the host and its domain, the campaign tags and click ids.

Links are made by hand and pass through mails, redirects and chats. Where it is plain what was
meant by the tags, that is read: names in any case, a query behind a hash route, "&amp;" for
"&", what was encoded twice. Nothing here raises, and the work is bounded, whatever the address.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from publicsuffixlist import PSLFILE, PublicSuffixList, encode_idn
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
    return _suffixes().whole.privatesuffix(host) or None


def public_suffix(host: str) -> str | None:
    """What a registry sells names under (co.uk), without the list's private part."""
    return _suffixes().registries.publicsuffix(host) or None


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


class SuffixLists(NamedTuple):
    """The public suffix list, and the part of it that registries sell names under."""

    whole: PublicSuffixList
    registries: PublicSuffixList


@cache
def _suffixes() -> SuffixLists:
    lines = list(_suffix_lines())
    return SuffixLists(
        PublicSuffixList(lines, accept_encoded_idn=False),
        PublicSuffixList(lines, accept_encoded_idn=False, only_icann=True),
    )


def _suffix_lines() -> Iterator[str]:
    """The package's list, with international suffixes as browsers send them too.

    It would encode all others as well, which takes longer than the rest, and each list by itself.
    """
    with open(PSLFILE, encoding="utf-8") as file:
        for line in file:
            if line.startswith("//") and _SECTION not in line:
                continue
            yield line
            if not line.isascii():
                exception = "!" if line.startswith("!") else ""
                yield exception + encode_idn(line.removeprefix("!").lower().split()[0])


_SECTION = "==="  # of the comments alone those that begin or end a part are read


ESCAPED = len("%F0%9F%98%80")  # one character
LONGEST_VALUE = 1024 * ESCAPED  # the longest click id that is kept
LONGEST_TAG = 255 * ESCAPED  # the longest column of a tag
LONGEST_QUERY = 16_384  # servers take no longer addresses; to decode one takes 2 ms at most
# Tags are seldom escaped; what escapes more names, such as filter%5Bsize%5D, has its tags plain.
MOST_ESCAPED_NAMES = 20
LONGEST_NAME = 150  # no name that is looked for is longer, with every character escaped


class Campaign(NamedTuple):
    """The values of the five campaign tags."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None


NO_CAMPAIGN = Campaign()

# The parameters of the tags. Matomo's, new and old, are other names of the same
# (matomo.org/faq, "Which URL parameters can be used to track campaigns").
_MATOMO = ("source", "medium", "campaign", "kwd", "content")
TAG_FAMILIES = (
    tuple(f"utm_{field}" for field in Campaign._fields),
    tuple(f"mtm_{name}" for name in _MATOMO),
    tuple(f"pk_{name}" for name in _MATOMO),
)
TAGS = frozenset(name for family in TAG_FAMILIES for name in family)


class Address(NamedTuple):
    """What stands before the query of a page's address, its query, and its fragment."""

    page: str
    query: str
    fragment: str

    @property
    def fragment_query(self) -> str:
        """The parameters in a fragment: behind a hash route (#/pricing?a=b), or alone (#a=b)."""
        route, mark, query = self.fragment.partition("?")
        return query if mark else route


NO_ADDRESS = Address("", "", "")
_AMPERSAND = re.compile(r"&#(?:0*38|[xX]0*26);")


def split_address(url: str) -> Address:
    """An address in three; all empty where it is none."""
    if "&#" in url:
        url = _AMPERSAND.sub("&", url)
    before, _, fragment = url.partition("#")
    page, _, query = before.partition("?")
    if "[" in page and not _is_url(page):  # nothing but brackets can be wrong
        return NO_ADDRESS
    return Address(page, query, fragment)


def _is_url(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True


class Tags(NamedTuple):
    """What an address says of where its visitor came from."""

    campaign: Campaign
    click_ids: Mapping[str, str]


NO_TAGS = Tags(NO_CAMPAIGN, {})


class AddressReader:
    """Reads the tags of addresses.

    click_ids are names of parameters in lower case; most is how many parameters of a query are
    looked at, and of a fragment.
    """

    def __init__(self, click_ids: Collection[str], most: int) -> None:
        self._names = TAGS | frozenset(click_ids)
        self._most = most

    def read_tags(self, url: str | None) -> Tags:
        """The campaign of a query as a whole, else of the fragment; and the click ids of both.

        Tags of two campaigns are never mixed.
        """
        if not url or ("?" not in url and "#" not in url):
            return NO_TAGS
        address = split_address(url)
        found = self.parameters_in(address.query)
        in_fragment = self.parameters_in(address.fragment_query) if address.fragment else {}
        if not found and not in_fragment:
            return NO_TAGS
        campaign = campaign_among(found)
        if in_fragment:
            campaign = campaign if campaign is not NO_CAMPAIGN else campaign_among(in_fragment)
            found = in_fragment | found
        click_ids = {name: value for name, value in found.items() if name not in TAGS}
        return Tags(campaign, click_ids)

    def parameters_in(self, query: str) -> dict[str, str]:
        """The parameters that are looked for and have a value, decoded; of two the first."""
        found: dict[str, str] = {}
        names = self._names
        escaped = 0
        for pair in self._pairs_in(query):
            name, _, value = pair.partition("=")
            if name not in names:
                if "%" in name:
                    escaped += 1
                    if escaped > MOST_ESCAPED_NAMES:
                        continue
                    name, value = _unescaped_pair(name, value)
                elif name.isidentifier() and name.islower():
                    continue  # as most are: meant as it stands
                name = _meant_name(name[:LONGEST_NAME])
            if name in names and value and name not in found:
                value = _read_value(name, value, found)
                if value and not value.isspace():
                    found[name] = value
        return found

    def _pairs_in(self, query: str) -> list[str]:
        """The first pairs. A second "?" is meant for "&", but in the address of another page."""
        if not query:
            return []
        most, query = self._most, query[:LONGEST_QUERY]
        pairs = query.split("&", most)[:most]
        if "?" in query:
            pairs = [part for pair in pairs for part in _parts_of(pair, most)][:most]
        return pairs


def _unescaped_pair(name: str, value: str) -> tuple[str, str]:
    """A pair whose "=" and "&" were encoded with the rest: utm_source%3Da%26utm_medium%3Db."""
    if "%3" not in name:
        return name, value
    inner, mark, rest = unescape(name[:LONGEST_VALUE]).partition("=")
    return (inner, rest) if mark and meant_name(inner) in TAGS else (name, value)


def _read_value(name: str, value: str, found: dict[str, str]) -> str:
    """A value, decoded once; tags that an encoded "&" left in it are put into found."""
    if "%" in value or "+" in value:
        value = unescape(value[:LONGEST_VALUE].replace("+", " "))
    if "&" in value and name in TAGS:
        value, *others = _TAG_INSIDE.split(value)
        for other in others:
            inner, _, text = other.partition("=")
            if text and inner.lower() in TAGS:
                found.setdefault(inner.lower(), text)
    return value


_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_MOST_BROKEN = 100


def unescape(text: str) -> str:
    """What urllib's unquote makes of a text."""
    return unescape_bytes(text).decode(errors="replace") if "%" in text else text


def unescape_bytes(text: str) -> bytes:
    """What urllib's unquote_to_bytes makes of a text, in a twentieth of the time.

    Percent-encoding is quoted-printable with another sign, which binascii reads in native code.
    A text with many percent signs that escape nothing is none that was escaped, and stays.
    """
    sent = text.encode(errors="replace")  # a lone surrogate is no text
    escaped, broken = _NO_ESCAPE.subn(b"%25", sent, _MOST_BROKEN + 1)
    if broken > _MOST_BROKEN:
        return sent
    return a2b_qp(escaped.replace(b"=", b"%3D").replace(b"%", b"="))


_TAG_INSIDE = re.compile(r"&(?:amp;)*(?=(?:utm|mtm|pk)_[a-z]+=)", re.IGNORECASE)
_SITE_INSIDE = re.compile("://|%3a", re.IGNORECASE)


def _parts_of(pair: str, most: int) -> list[str]:
    return [pair] if "?" not in pair or _SITE_INSIDE.search(pair) else pair.split("?", most)


# The names of a site's parameters repeat; 4096 of them are half a megabyte.
@lru_cache(maxsize=4096)
def _meant_name(name: str) -> str:
    if "%" in name:
        name = unescape(name)
    name = name.strip(" +").lower()
    while name.startswith("amp;"):  # "&amp;" was meant for "&"
        name = name.removeprefix("amp;")
    return name


def meant_name(name: str) -> str:
    """A parameter's name as it was meant: in lower case, decoded, without what "&amp;" left."""
    return _meant_name(name) if len(name) <= LONGEST_NAME else ""


def campaign_among(parameters: Mapping[str, str]) -> Campaign:
    """The campaign of the first family of tags that has a value, or NO_CAMPAIGN."""
    for family in TAG_FAMILIES:
        values = [parameters.get(name) for name in family]
        if any(values):
            return campaign_of(*values)
    return NO_CAMPAIGN


def campaign_of(*values: str | None) -> Campaign:
    """A campaign of five values, each as it was meant; NO_CAMPAIGN where none has text."""
    campaign = Campaign(*[(meant_value(value) or None) if value else None for value in values])
    return NO_CAMPAIGN if campaign == NO_CAMPAIGN else campaign


_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
TIMES_ENCODED = 3  # by a mailer, by its redirect, and once too often


def meant_value(value: str) -> str:
    """A tag's value as it was meant: decoded as often as it was encoded, without outer blanks.

    What does not decode to text stays as it is ("100%DE").
    """
    if value.isalnum():  # most are
        return value[:LONGEST_TAG]
    value = value[:LONGEST_TAG]
    if "%" in value:
        value = _decoded(value)
    if "&" in value:
        value = value.replace("&amp;", "&")
    if "\x00" in value:  # which Postgres cannot store
        value = value.replace("\x00", "\ufffd")
    return value.strip()


def _decoded(value: str) -> str:
    for _ in range(TIMES_ENCODED):
        if not _ESCAPE.search(value):
            break
        try:
            value = unescape_bytes(value).decode()
        except UnicodeError:
            break
    return value
