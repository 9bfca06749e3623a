"""Device, browser, operating system, and bot or not, from a User-Agent header.

Families come from ua-parser's native resolver, which takes most of the time: 26 µs for Chrome
on Windows, some 60 µs over all kinds of devices, once each. From them the user-agents package
tells the kind of device (its own parse, in Python, takes 520 µs); where it is wrong, OVERRIDES
corrects it. bots.py tells bots. docs/devices.md says what each value means.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import util
from typing import Any, NamedTuple

import ua_parser
from ua_parser import load_builtins
from ua_parser.regex import Resolver

from collector.classify.bots import is_bot, load_patterns


def _put_off_python_parser() -> None:
    """Let ua-parser's Python parser run when somebody uses it, which nobody here does.

    user-agents imports it, and its patterns take 0.25 s and 1.3 MB.
    """
    name = "ua_parser.user_agent_parser"
    spec = util.find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = util.LazyLoader(spec.loader)
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    setattr(ua_parser, "user_agent_parser", module)  # noqa: B010 -- as an import does


_put_off_python_parser()
from user_agents.parsers import (  # noqa: E402 -- after the line above
    UserAgent,
    parse_browser,
    parse_device,
    parse_operating_system,
)


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
    """Reads User-Agents. Making the first one loads the patterns, which takes 0.3 s.

    cache_size User-Agents are kept, of 1024 characters at most: 10,000 are 15 MB at worst.
    """

    def __init__(self, cache_size: int = 10_000) -> None:
        _resolver()
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
        agent = read_user_agent(text)
        kind = classify_device(agent)
        return Device(
            device_type=kind,
            browser=_known(agent.browser.family),
            os=_read_os(text) or _known(agent.os.family),
            is_bot=kind is DeviceType.BOT,
        )


def read_user_agent(text: str) -> UserAgent:
    """The package's view of a User-Agent, made of what the native engine finds in it."""
    # Its __init__ parses in Python; calling the resolver costs 5 µs more than its parts.
    agent, found = UserAgent.__new__(UserAgent), _resolver()
    browser, os, device = found.ua.extract(text), found.os.extract(text), found.de.extract(text)
    agent.ua_string = text
    agent.browser = parse_browser(*_versioned(browser))
    agent.os = parse_operating_system(*_versioned(os))
    agent.device = (
        parse_device(device.family, device.brand, device.model) if device else _OTHER_DEVICE
    )
    return agent


def _versioned(found: Any) -> tuple[str | None, ...]:
    return (found.family, found.major, found.minor, found.patch) if found else (_UNKNOWN,)


def classify_device(agent: UserAgent, overrides: Iterable[Override] = OVERRIDES) -> DeviceType:
    """The kind of device: a bot, else what the package says, and the first override of that."""
    text = agent.ua_string
    if is_bot(text, is_spider=agent.is_bot):
        return DeviceType.BOT
    said = _kind_by_package(agent)
    return next((o.kind for o in overrides if said in o.said and o.fits(text)), said)


def _kind_by_package(agent: UserAgent) -> DeviceType:
    # Before mobile: an iPad's Chrome is both.
    if agent.is_tablet:
        return DeviceType.TABLET
    if agent.is_mobile:
        return DeviceType.MOBILE
    return DeviceType.DESKTOP if agent.is_pc else DeviceType.OTHER


# What the package says of a browser, a system or a device that it does not know.
_UNKNOWN = "Other"
_OTHER_DEVICE = parse_device(_UNKNOWN, None, None)


def _read_os(text: str) -> str | None:
    """The system where ua-parser names another one than the kind of device is of."""
    if _is_ios_as_mac(text):
        return "iOS"
    return "Windows" if _PC_QUEST.search(text) else None


def _known(family: str) -> str | None:
    # Some patterns take an application's own name as the family, of any length.
    return None if family == _UNKNOWN else family[:_MAX_FAMILY_LENGTH]


# Once a process: a second classifier, as tests make them, costs nothing.
@cache
def _resolver() -> Resolver:
    return Resolver(load_builtins())
