"""The families of browser, operating system and device in a User-Agent, by ua-parser's patterns.

They are searched by its native engine, which takes 15 to 24 MiB for the patterns of devices alone.
So these are not made until a User-Agent comes whose kind of device hangs on them: of a phone
without a browser's form, or an app's own requests. Of all others it is known from 85 of the
633 patterns what the device may be, and that this makes no difference.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import util
from operator import attrgetter
from typing import Any

from ua_parser_rs import DeviceExtractor, OSExtractor, UserAgentExtractor

from collector.without import without

# For patterns in files, which are never read here, 1 MiB and 0.03 s.
with without("yaml"):
    import ua_parser
    from ua_parser import load_lazy_builtins
    from ua_parser.core import Matchers


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
    MOBILE_DEVICE_FAMILIES,
    TABLET_DEVICE_FAMILIES,
    Device,
    UserAgent,
    parse_browser,
    parse_device,
    parse_operating_system,
)

# What the package says of a browser, a system or a device that it does not know.
UNKNOWN_FAMILY = "Other"
SPIDER = "Spider"

# The families of devices that the package looks for; any other one is as good as unknown.
DEVICE_FAMILIES = frozenset(
    {*MOBILE_DEVICE_FAMILIES, *TABLET_DEVICE_FAMILIES, "Blackberry Playbook", SPIDER}
)
# The last word of each: where it is missing, as mostly, no other one is looked for.
_BY_LAST_WORD = tuple((family.split()[-1], family) for family in sorted(DEVICE_FAMILIES))

# How a pattern writes a family that is nothing but what it found in the User-Agent.
_FOUND_WORDS = re.compile(r"\$\d(?: \$\d)*")


def load_families() -> None:
    """Make the native patterns that every User-Agent needs, once a process."""
    _browsers()
    _systems()
    _some_devices()


def read_user_agent(text: str) -> UserAgent:
    """The package's view of a User-Agent, made of what the native engine finds in it."""
    agent = read_browser_and_os(text)
    agent.device = read_device(text)
    return agent


def read_browser_and_os(text: str) -> UserAgent:
    """The same without the device."""
    agent = UserAgent.__new__(UserAgent)  # its __init__ parses in Python
    agent.ua_string = text
    agent.browser = parse_browser(*_versioned(_browsers().extract(text)))
    agent.os = parse_operating_system(*_versioned(_systems().extract(text)))
    return agent


def _versioned(found: Any) -> tuple[str | None, ...]:
    return (found.family, found.major, found.minor, found.patch) if found else (UNKNOWN_FAMILY,)


def read_device(text: str) -> Device:
    """The device by all patterns: the first time it makes them."""
    found = _all_devices().extract(text)
    return parse_device(found.family, found.brand, found.model) if found else _UNKNOWN_DEVICE


def named_device(family: str) -> Device:
    """A device of which no more than the family is known."""
    return parse_device(family, None, None)


_UNKNOWN_DEVICE = named_device(UNKNOWN_FAMILY)


def possible_device_families(text: str) -> list[str]:
    """Of DEVICE_FAMILIES those that read_device may find, if it finds one of them.

    The first pattern that fits decides, so of those that name one of DEVICE_FAMILIES it can only
    be the first; another one before it may say something else.
    """
    found = _some_devices().extract(text)
    families = [found.family] if found and found.family in DEVICE_FAMILIES else []
    for word, family in _BY_LAST_WORD:
        if word in text and all(each in text for each in family.split()):
            families.append(family)
    return families


def _may_name(family: str) -> bool:
    """Whether a pattern that writes its family so may give one of DEVICE_FAMILIES.

    Not those that write nothing but words of the User-Agent: these are looked for in it.
    """
    if family in DEVICE_FAMILIES:
        return True
    written = re.compile(re.sub(r"\\\$\d", ".*", re.escape(family)))
    return not _FOUND_WORDS.fullmatch(family) and any(map(written.fullmatch, DEVICE_FAMILIES))


@cache
def _browsers() -> UserAgentExtractor:
    return UserAgentExtractor(map(_of_browsers, _matchers()[0]))


@cache
def _systems() -> OSExtractor:
    return OSExtractor(map(_of_browsers, _matchers()[1]))


@cache
def _all_devices() -> DeviceExtractor:
    return DeviceExtractor(map(_of_devices, _matchers()[2]))


@cache
def _some_devices() -> DeviceExtractor:
    patterns = map(_of_devices, _matchers()[2])
    return DeviceExtractor(pattern for pattern in patterns if _may_name(pattern[_FAMILY]))


_of_browsers = attrgetter("regex", "family", "major", "minor", "patch", "patch_minor")
_of_devices = attrgetter("regex", "regex_flag", "family", "brand", "model")
_FAMILY = 2


def _matchers() -> Matchers:
    return load_lazy_builtins()
