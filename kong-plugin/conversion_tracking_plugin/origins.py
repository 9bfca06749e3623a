"""Which origins may read an answer: the rules of Kong's bundled cors plugin, compiled once.

Source of the rules: kong/plugins/cors/handler.lua, configure_origin(), of Kong 3.9.1. What is
stricter here on purpose is listed in docs/kong.md, "CORS".
"""

import logging
import re
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

# scheme (8) + the longest host name (253) + port (6) is 267: anything longer is no origin, and is
# not shown to a regular expression that somebody wrote without thinking of such input.
MAX_ORIGIN_LENGTH = 300

# An ordinary expression takes microseconds a match. See _is_explosive.
MAX_MATCH_SECONDS = 0.05
# "a." and "a-" repeat what nested repetitions over labels split in exponentially many ways.
_PROBES = ("a", "1", "a.", "a-")
_PROBE_PREFIXES = ("", "http://", "https://")
_MAX_PROBE_REPEATS = 64

_PLAIN_ENTRY = re.compile(r"[A-Za-z0-9.:/-]*")
_URL = re.compile(
    r"(?:(?P<scheme>[A-Za-z0-9][A-Za-z0-9+.-]*):)?//(?:[^@/]*@)?"
    r"(?P<host>\[[^\]/]*\]|[^:/]+)(?P<port>:[^:/]*)?(?:/.*)?"
)
DEFAULT_PORTS = {("http", ":80"), ("https", ":443")}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """An origin as it is compared: `text` without a default port, a path or credentials."""

    text: str
    host: str


@dataclass(frozen=True)
class OriginPattern:
    """A configured regular expression; it is shown the host only, or the whole origin."""

    regex: re.Pattern[str]
    by_host: bool

    def matches(self, origin: Origin) -> bool:
        """Whether the whole of the host, or of the origin, matches."""
        return self.regex.fullmatch(origin.host if self.by_host else origin.text) is not None


@dataclass(frozen=True)
class OriginRules:
    """The field `origins` of the configuration.

    `everyone` is set by `*` or by an empty list. `only_everyone` says that nothing else is in the
    list: then the answer is the same for each origin, and needs no Vary.
    """

    everyone: bool
    only_everyone: bool
    exact: frozenset[str]
    patterns: tuple[OriginPattern, ...]


def parse_origin(text: str) -> Origin:
    """Split an origin as Kong does; text that is no URL (`null`) stands for itself."""
    parts = _URL.fullmatch(text)
    if parts is None:
        return Origin(text, text)
    scheme, host, port = parts["scheme"], parts["host"], parts["port"] or ""
    if (scheme, port) in DEFAULT_PORTS:
        port = ""
    return Origin(f"{scheme}://{host}{port}" if scheme else f"{host}{port}", host)


def parse_origin_rules(entries: Sequence[str]) -> OriginRules:
    """Compile the configured origins. An entry that cannot be used is logged and never matches."""
    plain = {entry for entry in entries if _PLAIN_ENTRY.fullmatch(entry)}
    compiled = [_compile_pattern(entry) for entry in entries if entry not in plain and entry != "*"]
    return OriginRules(
        everyone="*" in entries or not entries,
        only_everyone=set(entries) <= {"*"},
        exact=frozenset(parse_origin(entry).text for entry in plain),
        patterns=tuple(pattern for pattern in compiled if pattern is not None),
    )


def is_well_formed(origin: str) -> bool:
    """Whether a browser could have sent this as one origin.

    Two Origin headers arrive here joined by a comma and a space, and are refused by that.
    """
    return (
        0 < len(origin) <= MAX_ORIGIN_LENGTH
        and origin.isascii()
        and origin.isprintable()
        and " " not in origin
    )


def match_origin(rules: OriginRules, origin: str) -> str | None:
    """The value for Access-Control-Allow-Origin, where the list names this origin; else None.

    `*` is not considered: what it allows depends on credentials (cors.py).
    """
    candidate = parse_origin(origin)
    if candidate.text in rules.exact:
        return candidate.text
    if any(pattern.matches(candidate) for pattern in rules.patterns):
        return candidate.text
    return None


def _compile_pattern(entry: str) -> OriginPattern | None:
    # Kong anchors both ends itself, and takes a leading ^ for granted.
    try:
        with warnings.catch_warnings():
            # "Possible nested set": PCRE reads [[:alpha:]] in another way than Python.
            warnings.simplefilter("error")
            regex = re.compile(entry.removeprefix("^"), re.ASCII)
    except (re.error, Warning, OverflowError, RecursionError) as problem:
        logger.error(  # noqa: TRY400 - the traceback of a bad expression says nothing more
            "origins: %r is not a regular expression that Python can use (%s); it matches no"
            " origin. Write it without what only PCRE has.",
            entry,
            problem,
        )
        return None
    if _is_explosive(regex):
        logger.error(
            "origins: %r takes exponential time on some origins; it matches no origin. Avoid a"
            " repetition inside a repetition, as in (.+\\.)*",
            entry,
        )
        return None
    return OriginPattern(regex, by_host=":" not in entry)


def _is_explosive(regex: re.Pattern[str]) -> bool:
    """Whether a match of some tens of characters already takes too long.

    Python's re has no backtracking limit as PCRE has, and one match that does not end would stop
    the plugin for every request. Exponential growth shows on short input. Processor time of this
    thread is measured, so a busy machine cannot make a good expression look bad.
    """
    for probe in _PROBES:
        for repeats in range(8, _MAX_PROBE_REPEATS, 2):
            started = time.thread_time()
            for prefix in _PROBE_PREFIXES:
                regex.fullmatch(f"{prefix}{probe * repeats}!")
            if time.thread_time() - started > MAX_MATCH_SECONDS:
                return True
    return False
