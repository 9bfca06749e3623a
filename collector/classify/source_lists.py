"""The known sites by kind, read once from the TOML files beside this module.

A deployment adds to them with a directory of files of the same names
(docs/channels.md); an entry there wins over the same entry here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeGuard

from collector.address import (
    host_of,
    normalize_host,
    public_suffix,
    registrable_domain,
    with_parents,
)
from collector.errors import OperatorError


class Words(NamedTuple):
    """A text in lower case as its words: joined by hyphens, and as a set."""

    joined: str
    each: frozenset[str]


NO_WORDS = Words("", frozenset())

_SEPARATORS = re.compile(r"[-_\s.+/|,:]+")
MAX_WORDS_LENGTH = 255  # of utm_campaign, the longest column that is read word by word


def words_of(text: str | None) -> Words:
    """The words of a UTM value: "Google Shopping" gives google-shopping."""
    return _split(text[:MAX_WORDS_LENGTH]) if text else NO_WORDS


# Campaign values repeat endlessly; at most 4096 of them, some 3 MB, are kept.
@lru_cache(maxsize=4096)
def _split(text: str) -> Words:
    each = [word for word in _SEPARATORS.split(text.lower()) if word]
    return Words("-".join(each), frozenset(each))


class SourceKind(StrEnum):
    __hash__ = str.__hash__  # Enum's own runs in Python

    SEARCH = "search"
    SOCIAL = "social"
    VIDEO = "video"
    SHOPPING = "shopping"
    DISPLAY = "display"  # ad servers, and their click ids
    AI = "ai"
    EMAIL = "email"
    AFFILIATE = "affiliate"  # only click ids are of this kind
    PAYMENT = "payment"
    SIGN_IN = "sign_in"
    PLAIN = "plain"  # a page like any other, below a domain that is of another kind


KIND_OF_FILE: Mapping[str, SourceKind] = MappingProxyType(
    {
        "search_engines.toml": SourceKind.SEARCH,
        "social_networks.toml": SourceKind.SOCIAL,
        "video_sites.toml": SourceKind.VIDEO,
        "shopping_sites.toml": SourceKind.SHOPPING,
        "ai_assistants.toml": SourceKind.AI,
        "email_sites.toml": SourceKind.EMAIL,
        "payment_providers.toml": SourceKind.PAYMENT,
        "sign_in_sites.toml": SourceKind.SIGN_IN,
        "referral_sites.toml": SourceKind.PLAIN,
    }
)
AD_SITES_FILE = "ad_sites.toml"
GA4_FILE = "ga4_sources.toml"
CLICK_IDS_FILE = "click_ids.toml"
FILES = (*KIND_OF_FILE, AD_SITES_FILE, GA4_FILE, CLICK_IDS_FILE)
# The kinds of GA4's own list of sources.
GA4_KINDS = (SourceKind.SEARCH, SourceKind.SOCIAL, SourceKind.VIDEO, SourceKind.SHOPPING)


class SourceListError(OperatorError, ValueError):
    """A list of sources cannot be used; the message says which, where and why."""


class Source(NamedTuple):
    """What a site, a utm_source or a click id says of a visit."""

    kind: SourceKind | None
    paid: bool = False  # whether it proves an ad
    certain: bool = False  # a whole utm_source that GA4's list has: it wins over any medium


NO_SOURCE = Source(None)


@dataclass(frozen=True, slots=True)
class SourceLists:
    """The lists, immutable.

    sites are by domain ("google.*" too), names those of a utm_source, labels the first labels
    of hosts ("acs.**" in a list); ga4 has the sources of GA4's own list; all names are joined
    words.
    """

    sites: Mapping[str, Source]
    names: Mapping[str, Source]
    labels: Mapping[str, Source]
    ga4: Mapping[str, Source]
    click_ids: Mapping[str, Source]

    def source_at(self, host: str) -> Source:
        """What the longest listed domain says that a host is or is below, or NO_SOURCE."""
        bare = host.removeprefix("www.")
        of_ga4 = self.ga4.get(bare.replace(".", "-"))
        if of_ga4 is not None and bare not in self.sites:
            return of_ga4
        for domain, pattern in zip_longest(with_parents(host), _any_country(host), fillvalue=""):
            found = self.sites.get(domain) or self.sites.get(pattern)
            if found is not None:
                return found
        label, _, below = host.partition(".")
        # "checkout.com" is a site of that name, and no page of another site.
        is_label = label in self.labels and registrable_domain(below) is not None
        return self.labels[label] if is_label else NO_SOURCE

    def source_named(self, utm_source: str) -> Source:
        """What a utm_source says: a name, a domain, a URL, or words with a name among them."""
        name = words_of(utm_source).joined
        if (found := self.names.get(name) or self.ga4.get(name)) is not None:
            return found
        if (host := host_of_source(utm_source)) is not None:
            return self.source_at(host)
        found_in_words = filter(None, map(self._source_in, name.split("-")))
        return next(found_in_words, NO_SOURCE)

    def names_ad(self, words: Words) -> bool:
        """Whether one of the words is the name of a site with "ads" behind it: "facebookads"."""
        return any((found := self._source_in(word)) and found.paid for word in words.each)

    def _source_in(self, word: str) -> Source | None:
        """What one word of a longer text says, which is never certain."""
        if (found := self.names.get(word)) is not None:
            # One letter ("x-promo") is too little to tell a network by.
            return Source(found.kind, found.paid) if len(word) > 1 else None
        if (glued := _GLUED_AD.fullmatch(word)) and (found := self.names.get(glued[1])) is not None:
            return Source(found.kind, paid=True)
        return None

    def click_id_among(self, given: Mapping[str, str]) -> Source:
        """The first listed click id that has a value, in any case; NO_SOURCE without one."""
        names = {name.lower() for name, value in given.items() if value and not value.isspace()}
        listed = names & self.click_ids.keys()
        if len(listed) > 1:
            return next(self.click_ids[name] for name in self.click_ids if name in listed)
        return self.click_ids[listed.pop()] if listed else NO_SOURCE


_GLUED_AD = re.compile(r"(.+?)(?:ads?|adwords|cpc|ppc|paid)")


def host_of_source(source: str) -> str | None:
    """The host that a utm_source is ("news.example.com"), or None where it is a name."""
    if "." not in source:
        return None
    return host_of(source) or normalize_host(source.strip())


_COUNTRY_CODE = 2  # letters, by ISO 3166


def _any_country(host: str) -> Iterator[str]:
    """ "mail.google.*", "google.*" for mail.google.co.uk: .com and country suffixes, which a
    brand owns.

    Not for every suffix: google.github.io and google.shop are anybody's.
    """
    domain = registrable_domain(host)
    if domain is None:
        return
    suffix = domain.partition(".")[2]
    is_country = len(suffix.rpartition(".")[2]) == _COUNTRY_CODE and public_suffix(host) == suffix
    if suffix == "com" or is_country:
        names = host.removesuffix(f".{suffix}")
        yield from (f"{name}.*" for name in with_parents(names))


def load_source_lists(extra_dir: Path | None = None) -> SourceLists:
    """Read our lists, and over them those of a deployment's own directory.

    Raises SourceListError, which names file and entry, for an unknown file name, a
    file that is not TOML, and an entry that is not of its list's form.
    """
    ours = _our_lists()
    if extra_dir is None:
        return ours
    lists = _Lists(*(dict(getattr(ours, name)) for name in _Lists._fields))
    lists.read(_extra_files(extra_dir))
    return lists.frozen()


@cache
def _our_lists() -> SourceLists:
    lists = _Lists({}, {}, {}, {}, {})
    lists.read(_our_files())
    return lists.frozen()


class _Lists(NamedTuple):
    """The tables of SourceLists, while they are read."""

    sites: dict[str, Source]
    names: dict[str, Source]
    labels: dict[str, Source]
    ga4: dict[str, Source]
    click_ids: dict[str, Source]

    def read(self, files: Iterable[tuple[Path, str]]) -> None:
        """Take in files, over what is there. Raises SourceListError as `load_source_lists`."""
        for path, text in files:
            for key, value in _parse_toml(path, text).items():
                self.add(path, key, value)

    def frozen(self) -> SourceLists:
        """What was read."""
        return SourceLists(*map(MappingProxyType, self))

    def add(self, path: Path, key: str, value: object) -> None:
        """Take in one entry of a list. Raises SourceListError where it is of another form."""
        if path.name == CLICK_IDS_FILE:
            self.click_ids[key] = _parse_click_id(path, key, value)
        elif path.name == GA4_FILE:
            kind, sources = _parse_ga4(path, key, value)
            self.ga4.update((words_of(name).joined, Source(kind, certain=True)) for name in sources)
        elif path.name == AD_SITES_FILE:
            source, names = _parse_ad_site(path, key, value)
            self._add_site(path, key, names, source)
        else:
            self._add_site(path, key, value, Source(KIND_OF_FILE[path.name]))

    def _add_site(self, path: Path, domain: str, names: Any, source: Source) -> None:
        """A site and its names, of which those that GA4 has are certain."""
        _check_site(path, domain, names)
        if domain.endswith(ANY_SITE):
            self.labels[domain.removesuffix(ANY_SITE)] = source
        else:
            self.sites[domain] = source
        for name in names:
            joined = words_of(name).joined
            self.names[joined] = source._replace(certain=joined in self.ga4)


ANY_SITE = ".**"  # "acs.**" stands for the hosts of all sites that begin with acs


def _our_files() -> Iterator[tuple[Path, str]]:
    directory = resources.files("collector.classify.data")
    for name in (GA4_FILE, *(name for name in FILES if name != GA4_FILE)):
        yield Path(name), directory.joinpath(name).read_text(encoding="utf-8")


def _extra_files(directory: Path | None) -> Iterator[tuple[Path, str]]:
    if directory is None:
        return
    try:
        for path in sorted(directory.iterdir()):
            if path.suffix == ".toml":
                _check_file_name(path)
                yield path, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceListError(f"{directory}: the source lists cannot be read: {error}") from error


def _check_file_name(path: Path) -> None:
    if path.name not in FILES:
        known = ", ".join(FILES)
        raise SourceListError(f"{path}: no list has this name; name it one of {known}")


def _parse_toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceListError(f"{path}: not valid TOML: {error}") from error


def _check_site(path: Path, domain: str, names: object) -> None:
    if not _are_names(names):
        raise SourceListError(
            f'{path}: {domain}: write "domain.example" = ["utm source name", ...], '
            "with the domain in quotes; [] where it has no names"
        )
    if not _is_entry(domain):
        raise SourceListError(
            f"{path}: {domain}: not a domain; write it in lower case without https:// and path, "
            "an international one in its xn-- form, or name.* for all countries"
        )


def _are_names(names: object) -> TypeGuard[list[str]]:
    return isinstance(names, list) and all(isinstance(name, str) and name for name in names)


def _is_entry(domain: str) -> bool:
    if domain.endswith(ANY_SITE):
        label = domain.removesuffix(ANY_SITE)
        return normalize_host(label) == label and "." not in label
    domain = domain.removesuffix(".*") + ".com" * domain.endswith(".*")
    return normalize_host(domain) == domain and registrable_domain(domain) is not None


def _parse_ad_site(path: Path, domain: str, value: object) -> tuple[Source, Any]:
    """An entry of ad_sites.toml: what it says of a visit, and its names, not yet checked."""
    if isinstance(value, dict) and not value.keys() - {"kind", "names"}:
        kind = value.get("kind")
        if kind in (*SourceKind, None):
            return Source(_kind_of(kind), paid=True), value.get("names", [])
    raise SourceListError(
        f'{path}: {domain}: write "domain.example" = {{ kind = "display", names = ["name"] }}; '
        f"both may be left out, and kind is one of {KINDS}"
    )


def _parse_ga4(path: Path, kind: str, sources: object) -> tuple[SourceKind, list[str]]:
    if kind not in GA4_KINDS or not _are_names(sources):
        raise SourceListError(
            f'{path}: {kind}: write kind = ["source", ...]; kind is one of {", ".join(GA4_KINDS)}'
        )
    return SourceKind(kind), sources


def _kind_of(value: str | None) -> SourceKind | None:
    return None if value is None else SourceKind(value)


KINDS = ", ".join(SourceKind)


def _parse_click_id(path: Path, name: str, value: object) -> Source:
    if (
        isinstance(value, dict)
        and isinstance(paid := value.get("paid"), bool)
        and (kind := value.get("kind")) in (*SourceKind, None)
        and isinstance(value.get("tracker", False), bool)
        and not value.keys() - {"paid", "kind", "tracker"}
        and name == name.lower()
    ):
        return Source(_kind_of(kind), paid)
    raise SourceListError(
        f"{path}: {name}: write it in lower case as "
        f'name = {{ paid = true, kind = "search" }}; kind is one of {KINDS}, or left out'
    )
