"""Device, browser, operating system, and bot or not, from a User-Agent header.

Families come from ua-parser's patterns (families.py). From them the user-agents package tells
the kind of device (its own parse, in Python, takes 520 µs); where it is wrong, OVERRIDES corrects
it. bots.py tells bots. docs/devices.md says what each value means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from collector.classify.bots import is_bot, load_patterns
from collector.classify.families import (
    SPIDER,
    UNKNOWN_FAMILY,
    load_families,
    named_device,
    possible_device_families,
    read_browser_and_os,
    read_device,
)

if TYPE_CHECKING:  # families.py imports it with care
    from user_agents.parsers import UserAgent


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

# What the columns browser and os hold.
_MAX_FAMILY_LENGTH = 100


class Override(NamedTuple):
    """A kind of device that the user-agents package gets wrong.

    Where it said one of `said` and the text fits, the kind is `kind`.
    """

    said: Collection[DeviceType]
    fits: Callable[[str], object]
    kind: DeviceType


_TV, _CONSOLE, _OTHER = DeviceType.TV, DeviceType.CONSOLE, DeviceType.OTHER
_DESKTOP, _MOBILE, _TABLET = DeviceType.DESKTOP, DeviceType.MOBILE, DeviceType.TABLET

# What browsers and apps on iOS say that ask for desktop pages, as all do on an iPad: the rest
# is a Mac's. No Mac has FxiOS, CriOS or EdgiOS, or says Mobile.
_IOS = re.compile(r"i(?:OS/|Pad|Phone)|OPT/|GSA/|Mobile/|FBIOS")


def _is_ios_as_mac(text: str) -> bool:
    return "Macintosh" in text and _IOS.search(text) is not None


_PC_QUEST = re.compile(r"MSIE .*PCQuest")

# The first that fits decides. A test shows that each is needed.
OVERRIDES: tuple[Override, ...] = (
    # It knows no consoles and no televisions. An Xbox says Windows NT, a PlayStation SmartTV, a
    # television Android or Linux.
    Override(
        (_DESKTOP, _MOBILE, _OTHER),
        re.compile(r"P(layStation|LAYSTATION)|Xbox|Nintendo").search,
        _CONSOLE,
    ),
    Override(
        (_DESKTOP, _MOBILE, _TABLET, _OTHER),
        re.compile(
            r"S(mart|MART)[- ]?TV|TV(?<=\bTV)\b|GoogleTV|AppleTV|HbbTV|NetCast|Web0S|BRAVIA|VIDAA"
            r"|V(iera|IERA)(?<=\bV(?:iera|IERA))\b|Roku|CrKey|AFT(?<=\bAFT)[A-Z0-9]{1,10}\b"
            r"|CE-HTML|NETTV|InettvBrowser|Hybridcast|OMI/|SmartTvA|SonyBDP|AndroidTV|MiTV"
        ).search,
        _TV,
    ),
    # It looks for iOS and Macintosh one by one. An app names the device behind the rest.
    Override((_DESKTOP, _MOBILE, _OTHER), re.compile(r"Macintosh.*iPhone").search, _MOBILE),
    Override((_DESKTOP, _MOBILE, _OTHER), _is_ios_as_mac, _TABLET),
    # Amazon's tablets say Mobile in apps, and Linux or Macintosh in Silk, which runs on nothing
    # else but a Fire TV, which is above, and a Fire Phone.
    Override((_MOBILE, _TABLET), re.compile(r"SD4930UR").search, _MOBILE),
    Override(
        (_DESKTOP, _MOBILE, _TABLET, _OTHER),
        re.compile(r"Kindle|Silk/|KF(?<=\bKF)[A-Z]{2,4}(?:[);]| Build)").search,
        _TABLET,
    ),
    # A Windows phone that asks for desktop pages.
    Override(
        (_DESKTOP, _TABLET, _OTHER), re.compile(r"WPDesktop|Lumia \d|Windows CE").search, _MOBILE
    ),
    # It takes Quest for a headset: PCQuest is a magazine.
    Override((_TABLET,), _PC_QUEST.search, _DESKTOP),
    # Firefox says Tablet where Chrome leaves out Mobile.
    Override((_MOBILE, _OTHER), re.compile(r"iPad|[Tt]ablet(?<=\b[Tt]ablet)\b").search, _TABLET),
    # An Android browser that says Mobile is a phone's: Google's own rule. The package looks
    # for "Mobile Safari".
    Override(
        (_TABLET,),
        re.compile(
            r"^(?!.*(?:iPad|Kindle|[Tt]ablet)).*(?:\bMobile\b|Opera Mini|Opera Mobi)"
        ).search,
        _MOBILE,
    ),
    # Android's apps say Mobile nowhere, nor do phones from before Chrome: only a browser that
    # leaves it out is a tablet's. Apps have no engine's form, those phones a Release.
    Override(
        (_TABLET,),
        re.compile(
            r"^(?!.*(?:iPad|[Tt]ab|TAB|Pad|PAD))"
            r"(?=.*Android)(?:(?!.*(?:AppleWebKit|Gecko|Presto))|.*Release/)"
        ).search,
        _MOBILE,
    ),
    # Systems that it does not know: KaiOS, HarmonyOS; BSD, Haiku.
    Override((_OTHER,), re.compile(r"\bMobile\b|IEMobile|Windows Phone|KAIOS").search, _MOBILE),
    Override(
        (_OTHER,),
        re.compile(r"Windows|Macintosh|Mac ?OS|X11;|Linux|BSD|SunOS|Haiku|\(PC;").search,
        _DESKTOP,
    ),
)


class DeviceClassifier:
    """Reads User-Agents. Making the first one loads the patterns, which takes 0.1 s.

    cache_size User-Agents are kept, of 1024 characters at most: 10,000 are 15 MB at worst.
    """

    def __init__(self, cache_size: int = 10_000) -> None:
        load_families()
        load_patterns()
        self._parse_cached = lru_cache(maxsize=cache_size)(self._parse)

    def parse_device(self, user_agent: str | None) -> Device:
        """What a User-Agent header says; UNKNOWN_DEVICE without one. Never raises."""
        if not user_agent or user_agent.isspace():
            return UNKNOWN_DEVICE
        return self._parse_cached(user_agent[:_MAX_USER_AGENT_LENGTH])

    def _parse(self, user_agent: str) -> Device:
        # The native engine takes UTF-8, which has no lone surrogates.
        text = user_agent.encode("utf-8", "replace").decode("utf-8")
        agent = read_browser_and_os(text)
        kind = kind_of_device(agent)
        return Device(
            device_type=kind,
            browser=_known(agent.browser.family),
            os=_read_os(text) or _known(agent.os.family),
            is_bot=kind is DeviceType.BOT,
        )


def kind_of_device(agent: UserAgent) -> DeviceType:
    """classify_device of an agent whose device was not read yet.

    It is read only where what it may be makes a difference.
    """
    text = agent.ua_string
    if is_bot(text, is_spider=False):
        return DeviceType.BOT
    families = possible_device_families(text)
    said = {_kind_if(agent, family) for family in (UNKNOWN_FAMILY, *families)}
    kinds = {_correct(text, kind, OVERRIDES) for kind in said}
    if len(kinds) == 1 and not (SPIDER in families and is_bot(text, is_spider=True)):
        return kinds.pop()
    agent.device = read_device(text)
    return classify_device(agent)


def _kind_if(agent: UserAgent, family: str) -> DeviceType:
    """What the package would say of a device of this family."""
    agent.device = named_device(family)
    return _kind_by_package(agent)


def classify_device(agent: UserAgent, overrides: Iterable[Override] = OVERRIDES) -> DeviceType:
    """The kind of device: a bot, else what the package says, and the first override of that."""
    text = agent.ua_string
    if is_bot(text, is_spider=agent.is_bot):
        return DeviceType.BOT
    return _correct(text, _kind_by_package(agent), overrides)


def _correct(text: str, said: DeviceType, overrides: Iterable[Override]) -> DeviceType:
    return next((o.kind for o in overrides if said in o.said and o.fits(text)), said)


def _kind_by_package(agent: UserAgent) -> DeviceType:
    # Before mobile: an iPad's Chrome is both.
    if agent.is_tablet:
        return DeviceType.TABLET
    if agent.is_mobile:
        return DeviceType.MOBILE
    return DeviceType.DESKTOP if agent.is_pc else DeviceType.OTHER


def _read_os(text: str) -> str | None:
    """The system where ua-parser names another one than the kind of device is of."""
    if _is_ios_as_mac(text):
        return "iOS"
    return "Windows" if _PC_QUEST.search(text) else None


def _known(family: str) -> str | None:
    # Some patterns take an application's own name as the family, of any length.
    return None if family == UNKNOWN_FAMILY else family[:_MAX_FAMILY_LENGTH]
