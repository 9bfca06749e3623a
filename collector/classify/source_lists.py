"""The known sites by kind, read once from the TOML files beside this module.

A deployment adds to them with a directory of files of the same names
(docs/channels.md); an entry there wins over the same entry here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from collector.classify.domains import (
    host_of,
    normalize_host,
    public_suffix,
    registrable_domain,
    with_parents,
)


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
    DISPLAY = "display"  # only click ids are of this kind: an ad network is no site
    AI = "ai"
    EMAIL = "email"
    PAYMENT = "payment"
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
        "referral_sites.toml": SourceKind.PLAIN,
    }
)
CLICK_IDS_FILE = "click_ids.toml"


class SourceListError(ValueError):
    """A list of sources cannot be used; the message says which, where and why."""


class ClickId(NamedTuple):
    """What a click id says: whether it proves an ad, and what kind of site it is from."""

    paid: bool
    kind: SourceKind | None


NO_CLICK_ID = ClickId(paid=False, kind=None)


@dataclass(frozen=True, slots=True)
class SourceLists:
    """The lists, immutable: kinds by domain ("google.*" too) and by name, and click ids."""

    domains: Mapping[str, SourceKind]
    names: Mapping[str, SourceKind]
    click_ids: Mapping[str, ClickId]

    def kind_of_host(self, host: str) -> SourceKind | None:
        """The kind of the longest listed domain that a host is or is below."""
        for domain in with_parents(host):
            if (kind := self.domains.get(domain)) is not None:
                return kind
        pattern = _any_country(host)
        return None if pattern is None else self.domains.get(pattern)

    def kind_of_source(self, source: str) -> SourceKind | None:
        """The kind of a utm_source: a name, a domain, a URL, or words with a name among them."""
        words = words_of(source)
        if (kind := self.names.get(words.joined)) is not None:
            return kind
        if (host := host_of_source(source)) is not None:
            return self.kind_of_host(host)
        # One letter ("x-promo") is too little to tell a network by.
        named = (self.names.get(word) for word in words.joined.split("-") if len(word) > 1)
        return next((kind for kind in named if kind is not None), None)

    def click_id_among(self, given: Mapping[str, str]) -> ClickId:
        """The first listed click id that has a value, in any case; NO_CLICK_ID without one."""
        names = {name.lower() for name, value in given.items() if value and not value.isspace()}
        return next((self.click_ids[name] for name in self.click_ids if name in names), NO_CLICK_ID)


def host_of_source(source: str) -> str | None:
    """The host that a utm_source is ("news.example.com"), or None where it is a name."""
    if "." not in source:
        return None
    return host_of(source) or normalize_host(source.strip())


_COUNTRY_CODE = 2  # letters, by ISO 3166


def _any_country(host: str) -> str | None:
    """ "google.*" for www.google.co.uk: .com and country suffixes, which a brand owns.

    Not for every suffix: google.github.io and google.shop are anybody's.
    """
    domain = registrable_domain(host)
    if domain is None:
        return None
    name, _, suffix = domain.partition(".")
    is_country = len(suffix.rpartition(".")[2]) == _COUNTRY_CODE and public_suffix(host) == suffix
    return f"{name}.*" if suffix == "com" or is_country else None


def load_source_lists(extra_dir: Path | None = None) -> SourceLists:
    """Read our lists, and over them those of a deployment's own directory.

    Raises SourceListError, which names file and entry, for an unknown file name, a
    file that is not TOML, and an entry that is not of its list's form.
    """
    domains: dict[str, SourceKind] = {}
    names: dict[str, SourceKind] = {}
    click_ids: dict[str, ClickId] = {}
    for path, text in (*_our_files(), *_extra_files(extra_dir)):
        table = _parse_toml(path, text)
        if path.name == CLICK_IDS_FILE:
            click_ids |= {key: _parse_click_id(path, key, table[key]) for key in table}
            continue
        for domain, site_names in table.items():
            _check_site(path, domain, site_names)
            kind = KIND_OF_FILE[path.name]
            domains[domain] = kind
            names |= {words_of(name).joined: kind for name in site_names}
    return SourceLists(
        MappingProxyType(domains), MappingProxyType(names), MappingProxyType(click_ids)
    )


def _our_files() -> Iterator[tuple[Path, str]]:
    directory = resources.files("collector.classify.data")
    for name in (*KIND_OF_FILE, CLICK_IDS_FILE):
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
    if path.name not in (*KIND_OF_FILE, CLICK_IDS_FILE):
        known = ", ".join((*KIND_OF_FILE, CLICK_IDS_FILE))
        raise SourceListError(f"{path}: no list has this name; name it one of {known}")


def _parse_toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceListError(f"{path}: not valid TOML: {error}") from error


def _check_site(path: Path, domain: str, names: object) -> None:
    if not (isinstance(names, list) and all(isinstance(name, str) and name for name in names)):
        raise SourceListError(
            f'{path}: {domain}: write "domain.example" = ["utm source name", ...], '
            "with the domain in quotes; [] where it has no names"
        )
    if not _is_entry(domain):
        raise SourceListError(
            f"{path}: {domain}: not a domain; write it in lower case without https:// and path, "
            "an international one in its xn-- form, or name.* for all countries"
        )


def _is_entry(domain: str) -> bool:
    if domain.endswith(".*"):
        name = domain.removesuffix(".*")
        return normalize_host(name) == name and "." not in name
    return normalize_host(domain) == domain and registrable_domain(domain) is not None


def _parse_click_id(path: Path, name: str, value: object) -> ClickId:
    if (
        isinstance(value, dict)
        and isinstance(paid := value.get("paid"), bool)
        and (kind := value.get("kind")) in (*SourceKind, None)
        and not value.keys() - {"paid", "kind"}
        and name == name.lower()
    ):
        return ClickId(paid, None if kind is None else SourceKind(kind))
    kinds = ", ".join(SourceKind)
    raise SourceListError(
        f"{path}: {name}: write it in lower case as "
        f'name = {{ paid = true, kind = "search" }}; kind is one of {kinds}, or left out'
    )
