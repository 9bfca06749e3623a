"""Whether a User-Agent is a program's, not a person's.

A browser's User-Agent has the form of its engine. Such a one is a bot's only where it has a
crawler's form too, or a name by which a crawler is known to call itself behind a browser's.
A word alone makes no bot of a person: lists of crawlers have names that phones, builds and
apps have as well. docs/devices.md says the rules; data/crawlers.toml has the names that
are ours.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import NamedTuple

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser_rs import UserAgentExtractor

# What every browser has in its User-Agent, and every app that shows pages in one's engine.
_ENGINE = re.compile(r"AppleWebKit|KHTML|Gecko/|like Gecko|Goanna|Trident/|MSIE |Presto/|Opera[/ ]")

# What of a phone's User-Agent may be any word: its own name and its build.
_PHONE_NAME = re.compile(
    r"""
    (Android[ /-]?[\w.-]*; (?:[ ]?U;)? (?:[ ]?[a-zA-Z]{2}(?:[-_][A-Za-z]{0,4})?;)?) [^;)]*
    | Build/[^;)\s]*
    | Android[ ]\([^)]*\)  # Instagram's
    | FBDV/[^;\]]*  # Facebook's
    | (?:C[Uu][Bb][Oo][Tt]|cubot)  # a maker of phones
    """,
    re.VERBOSE,
)
# In a program's User-Agent the name stands behind it; old browsers say so of themselves.
_COMPATIBLE_BROWSER = re.compile(
    r"""
    [Cc]ompatible[;:,]?[ ]*(?:MSIE[ ]*[\d.]|MSPIE|IEMobile|Windows|Win[\dN;]|Linux|X11|U;|Mozilla
        |Haiku|x86|[Kk]onqueror|Opera|Odyssey|OWB|Origyn|AWeb|AWEB|Amiga|AROS|RISC|iCab|ABrowse
        |IBrowse|[Ww]eb[Pp]ositive|Net[Pp]ositive|OmniWeb|Webster|NetFront|Netscape|Galeon|OffByOne
        |Maple|Gecko/|ANT|NCBrowser|Netgem|Netbox|LG[ ]|Polaris|Teleca|KUN|MMEF|MAUI|WAP|OSS/
        |SonyEricsson|Nokia|UP[.]Browser|Lotus|ms-office|Adobe|Nero|Version|Tablet\d|Smartphone\d)
    """,
    re.VERBOSE,
)

# The page of what was installed, which old Internet Explorers and apps of phones name. A crawler
# has a plus before its page, or says bot in it.
_PAGE = re.compile(r"(?<!\+)(?:https?://(?:www\.)?|www\.)")
_PHONE = re.compile(r"iPhone|iPad|iOS|Android")

# The forms of crawlers, of any that comes tomorrow. Searched by the native engine.
CRAWLER_FORMS = (
    r"[(;] ?compatible[;,] ?[^; )]",  # (compatible; Name/1.0; +https://...)
    r"\(KHTML, like Gecko;",  # (KHTML, like Gecko; Google-Sites-Thumbnails)
    r"Google-[A-Z][a-z]|[a-z]-Google(?:[^a-z]|$)",  # Google's own, all but the Googlebots
    # Where to ask about it: a page, a mail address.
    r"https?:|www\.|mailto:|\+[a-z]+\.[a-z]",
    r"\+\w+@\w|[\w.+-](?:@| at |\[at\])(?:[a-z0-9][\w-]*\.)+[a-z]{2,}",
    # What programs call themselves, and no browser.
    r"(?i)bots?(?:[^a-z]|$)|crawler|crawl(?:ing)?s?(?:[^a-z]|$)|spider(?:[^a-z]|$)|slurp|scraper"
    r"|fetcher|archiver|transcoder|link ?check|urlmonitor|[^a-z]scanner",
    r"(?i)headless|phantomjs|selenium|playwright|puppeteer|prerender|lighthouse|page ?speed"
    r"|synthetic",
)


# Words that apps have in their names too, so only where no browser's form is; and scripts that
# look for a hole.
PROGRAM_FORMS = (
    r"(?i)checker|validator|prober?(?:[^a-z]|$)|^google-|cloudflare|node\.js|\$\{|<\?",
)


class BotRule(StrEnum):
    """By what a User-Agent is known as a program's. The value is for people to read."""

    FORM = "crawler's form"
    LIST = "crawler-user-agents"  # the published list
    ADDED = "crawlers.toml"
    PROGRAM = "program's form"
    UA_PARSER = "ua-parser"  # which takes it for a spider
    NONE = "unknown"  # none is stored, or it was no bot's by today's rules


class CrawlerNames(NamedTuple):
    """The names of data/crawlers.toml: `left_out` of the package's list, and `added` to it."""

    left_out: frozenset[str]
    added: tuple[str, ...]


def is_bot(user_agent: str, *, is_spider: bool) -> bool:
    """Whether a program sent this; is_spider is what ua-parser says of it.

    ua-parser looks for words too, and is not believed where a browser's form is.
    """
    names = names_of_programs(user_agent)
    if _browser_like().extract(names) is not None:
        return True
    if _ENGINE.search(user_agent):
        return False
    return is_spider or _says_program(names)


def bot_rule(user_agent: str | None) -> BotRule:
    """The rule by which is_bot knows a User-Agent, which was a bot's when it was stored.

    Looks at the rules one by one, which takes longer than is_bot: it is for reports.
    """
    if not user_agent:
        return BotRule.NONE
    names = names_of_programs(user_agent)
    is_browser_like = _ENGINE.search(user_agent) is not None
    for rule, patterns in _rules(is_browser_like=is_browser_like).items():
        if patterns.extract(names) is not None:
            return rule
    return BotRule.NONE if is_browser_like else BotRule.UA_PARSER


def names_of_programs(user_agent: str) -> str:
    """A User-Agent without what may be any word: a phone's name, what a toolbar's maker says."""
    names = user_agent
    if "Android" in names or "FBDV/" in names or "ubot" in names or "UBOT" in names:
        names = _PHONE_NAME.sub(r"\1", names)
    if "ompatible" in names:
        names = _COMPATIBLE_BROWSER.sub("", names)
    has_engine = _ENGINE.search(user_agent)
    has_pages = "MSIE " in user_agent if has_engine else _PHONE.search(user_agent)
    return _PAGE.sub("", names) if has_pages else names


def load_patterns() -> None:
    """Read the list and make the patterns, once a process."""
    _browser_like()
    _programs()


@cache
def crawler_names() -> CrawlerNames:
    """What data/crawlers.toml says."""
    text = resources.files(f"{__package__}.data").joinpath("crawlers.toml").read_text("utf-8")
    read = tomllib.loads(text)
    return CrawlerNames(frozenset(read["left_out"]), tuple(read["added"]))


def browser_like_patterns() -> list[str]:
    """The patterns of the list that say a bot where a browser's form is.

    Those by which the list itself knows a User-Agent with a browser's form, less those left out.
    """
    left_out = crawler_names().left_out
    return [
        entry["pattern"]
        for entry in CRAWLER_USER_AGENTS_DATA
        if entry["pattern"] not in left_out and any(map(_ENGINE.search, entry["instances"]))
    ]


def listed_patterns() -> list[str]:
    """All patterns of the list."""
    return [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]


@cache
def _browser_like() -> UserAgentExtractor:
    return search_for([*CRAWLER_FORMS, *crawler_names().added, *browser_like_patterns()])


@cache
def _rules(*, is_browser_like: bool) -> dict[BotRule, UserAgentExtractor]:
    """What is_bot looks for, by rule."""
    rules = {
        BotRule.FORM: search_for(CRAWLER_FORMS),
        BotRule.LIST: search_for(browser_like_patterns() if is_browser_like else listed_patterns()),
        BotRule.ADDED: search_for(crawler_names().added),
    }
    return rules if is_browser_like else {**rules, BotRule.PROGRAM: search_for(PROGRAM_FORMS)}


class _Programs(NamedTuple):
    """What the list has beside _browser_like, and PROGRAM_FORMS.

    Most of it are plain names: to look for them by their first letters takes 5 µs, where the
    native engine takes 2 µs, but 6 MiB and 20 ms to make.
    """

    names: dict[str, list[str]]
    patterns: UserAgentExtractor


_FIRST_LETTERS = 3


@cache
def _programs() -> _Programs:
    known = frozenset(browser_like_patterns())
    names: dict[str, list[str]] = {}
    patterns = list(PROGRAM_FORMS)
    for pattern in listed_patterns():
        if pattern in known:
            continue
        name = _plain_name(pattern)
        if name is None:
            patterns.append(pattern)
        else:
            names.setdefault(name[:_FIRST_LETTERS], []).append(name)
    return _Programs(names, search_for(patterns))


_PLAIN = re.compile(r"(?:[^\\.^$*+?{}\[\]()|]|\\[^\w])+")


def _plain_name(pattern: str) -> str | None:
    """What a pattern looks for where that is one text of some letters."""
    if not _PLAIN.fullmatch(pattern):
        return None
    name = re.sub(r"\\(.)", r"\1", pattern)
    return name if len(name) >= _FIRST_LETTERS else None


def _says_program(names: str) -> bool:
    found = _programs()
    for at in range(len(names) - _FIRST_LETTERS + 1):
        for name in found.names.get(names[at : at + _FIRST_LETTERS], ()):
            if names.startswith(name, at):
                return True
    return found.patterns.extract(names) is not None


def search_for(patterns: Iterable[str]) -> UserAgentExtractor:
    """What looks for all patterns at once, in Rust: its extract(text) is None where none is."""
    patterns_only = [(pattern, None, None, None, None, None) for pattern in patterns]
    return UserAgentExtractor(patterns_only)
