"""Device, browser, operating system, and bot or not, from a User-Agent header.

Families come from ua-parser's native resolver (13 µs for Chrome on Windows, 50 µs over all
kinds of devices; its Python one takes 520 µs), bots from it and from the crawler-user-
agents list, whose 1504 patterns the same native engine searches in 1.5 µs (Python's re: 150
µs). The kind of device is told by the rules below: those of the user-agents package call a
Firefox tablet a phone and a television a phone. docs/devices.md says what each value means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Domain, PartialResult, load_builtins
from ua_parser.regex import Resolver
from ua_parser_rs import UserAgentExtractor


class DeviceType(StrEnum):
    """What a visitor holds in hand, as far as the User-Agent tells."""

    DESKTOP = "desktop"
    MOBILE = "mobile"
    TABLET = "tablet"
    TV = "tv"
    CONSOLE = "console"
    BOT = "bot"
    OTHER = "other"  # a User-Agent that fits none of these
    UNKNOWN = "unknown"  # no User-Agent


@dataclass(frozen=True, slots=True)
class Device:
    """What a User-Agent says. browser and os are families without version, or None."""

    device_type: DeviceType
    browser: str | None
    os: str | None
    is_bot: bool


UNKNOWN_DEVICE = Device(DeviceType.UNKNOWN, browser=None, os=None, is_bot=False)

# What browsers send is below 500 characters, in-app browsers included; the rest of a
# longer one is noise, and a cached key must be bounded.
_MAX_USER_AGENT_LENGTH = 1024

# The first that fits decides: a television says Android or Linux too, an Xbox says
# Windows NT, and old Windows says "Tablet PC".
_DEVICE_RULES: tuple[tuple[DeviceType, re.Pattern[str]], ...] = (
    (
        DeviceType.TV,
        re.compile(
            r"S(mart|MART)[- ]?TV|\bTV\b|GoogleTV|AppleTV|HbbTV|NetCast|Web0S|BRAVIA|VIDAA"
            r"|V(iera|IERA)|Roku|CrKey|\bAFT[A-Z0-9]{1,10}\b"
        ),
    ),
    (DeviceType.CONSOLE, re.compile(r"P(layStation|LAYSTATION)|Xbox|Nintendo")),
    (DeviceType.DESKTOP, re.compile(r"Windows NT|Macintosh|X11;|CrOS")),
    (DeviceType.TABLET, re.compile(r"iPad|\b[Tt]ablet\b|PlayBook|Kindle")),
    (
        DeviceType.MOBILE,
        re.compile(
            r"\bMobile\b|iPhone|iPod|Windows Phone|IEMobile|Opera Mini|Opera Mobi|KAIOS"
            r"|BlackBerry|BB10|Symbian|MIDP|J2ME"
        ),
    ),
    # An Android browser that does not say Mobile runs on a tablet: Google's own rule.
    (DeviceType.TABLET, re.compile(r"Android")),
    (DeviceType.DESKTOP, re.compile(r"Windows|Mac ?OS|Linux|BSD|SunOS|Haiku")),
)


class DeviceClassifier:
    """Reads User-Agents. Making the first one loads the patterns, which takes 0.3 s.

    cache_size User-Agents are kept, of 1024 characters at most: 10,000 are 15 MB at worst.
    """

    def __init__(self, cache_size: int = 10_000) -> None:
        self._resolve = _resolver()
        self._crawlers = _crawlers()
        self._parse_cached = lru_cache(maxsize=cache_size)(self._parse)

    def parse_device(self, user_agent: str | None) -> Device:
        """What a User-Agent header says; UNKNOWN_DEVICE without one. Never raises."""
        if not user_agent or user_agent.isspace():
            return UNKNOWN_DEVICE
        return self._parse_cached(user_agent[:_MAX_USER_AGENT_LENGTH])

    def _parse(self, user_agent: str) -> Device:
        # The native engine takes UTF-8, which has no lone surrogates.
        text = user_agent.encode("utf-8", "replace").decode("utf-8")
        families = self._resolve(text, Domain.ALL)
        is_bot = self._is_bot(text, families)
        return Device(
            device_type=DeviceType.BOT if is_bot else classify_device(text),
            browser=families.user_agent.family if families.user_agent else None,
            os=families.os.family if families.os else None,
            is_bot=is_bot,
        )

    def _is_bot(self, text: str, families: PartialResult) -> bool:
        """Listed by name, or a "...bot" or "...spider" that ua-parser tells by its form."""
        is_spider = families.device is not None and families.device.family == "Spider"
        return is_spider or self._crawlers.extract(text) is not None


def classify_device(user_agent: str) -> DeviceType:
    """The kind of device that a User-Agent names, bots aside."""
    for device_type, pattern in _DEVICE_RULES:
        if pattern.search(user_agent):
            return device_type
    return DeviceType.OTHER


# Once a process: a second classifier, as tests make them, costs nothing.
@cache
def _resolver() -> Resolver:
    return Resolver(load_builtins())


@cache
def _crawlers() -> UserAgentExtractor:
    patterns = (entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA)
    return UserAgentExtractor([(p, None, None, None, None, None) for p in patterns])
