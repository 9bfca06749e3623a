"""Which route takes a request, and what path the upstream gets.

The rules are those of Kong's default flavor, traditional_compatible, for the fields that
are implemented (kong/router/transform.lua): a route with more kinds of matchers goes
before one with fewer, a regex before a prefix, a longer prefix before a shorter one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from local.gateway.config import Route
from local.gateway.schema import compile_pcre
from local.gateway.uri import escape, normalize


@dataclass(frozen=True)
class RouteMatch:
    """A matched route, the path for the upstream, and the prefix that was cut off."""

    route: Route
    upstream_path: str
    stripped_prefix: str | None


@dataclass(frozen=True)
class _Candidate:
    route: Route
    prefix: str | None
    regex: re.Pattern[str] | None

    @property
    def priority(self) -> tuple[int, bool, bool, int, int]:
        kinds = sum(bool(kind) for kind in (self.route.methods, self.route.hosts, self.route.paths))
        is_regex = self.regex is not None
        regex_priority = self.route.regex_priority if is_regex else 0
        return kinds, bool(self.route.hosts), is_regex, regex_priority, len(self.prefix or "")

    def match_path(self, path: str) -> str | None:
        """Give the part of the path that matched, None if none did."""
        if self.regex is not None:
            matched = self.regex.match(path)
            return matched[0] if matched else None
        prefix = self.prefix or ""
        return prefix if path.startswith(prefix) else None


class Router:
    """All routes, in the order in which Kong tries them."""

    def __init__(self, routes: Iterable[Route]) -> None:
        candidates = [one for route in routes for one in _split_by_path(route)]
        self._candidates = sorted(candidates, key=lambda one: one.priority, reverse=True)

    def find(self, method: str, path: str, host: str) -> RouteMatch | None:
        """Find the route of a request; ``host`` comes without its port.

        None where no path, host **or method** matches: Kong answers 404 to all of them.
        """
        normalized = normalize(path)
        if not _is_utf8(normalized):
            # atc-router takes text, and no route matches what is none.
            return None
        for candidate in self._candidates:
            route = candidate.route
            if route.methods and method not in route.methods:
                continue
            if route.hosts and host not in route.hosts:
                continue
            matched = candidate.match_path(normalized)
            if matched is not None:
                return _build_match(route, normalized, matched)
        return None


def _is_utf8(path: str) -> bool:
    try:
        path.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _split_by_path(route: Route) -> Iterator[_Candidate]:
    for path in route.paths or ("",):
        if path.startswith("~"):
            yield _Candidate(route, None, compile_pcre(path[1:]))
        else:
            yield _Candidate(route, path, None)


def _build_match(route: Route, path: str, matched: str) -> RouteMatch:
    prefix = matched if route.strip_path and route.paths else None
    base = (route.service.path if route.service else None) or "/"
    joined = join_upstream_path(base, path, prefix)
    stripped = prefix if prefix and prefix != "/" else None
    return RouteMatch(route, escape(joined), stripped)


def join_upstream_path(base: str, path: str, prefix: str | None) -> str:
    """Put the service's path in front (``path_handling`` v0, kong/router/utils.lua)."""
    if prefix is None:
        if base.endswith("/"):
            return base + path[1:]
        return base if path == "/" else base + path
    rest = path[len(prefix) :]
    if rest:
        return base.removesuffix("/") + "/" + rest.removeprefix("/")
    if base == "/":
        return "/"
    keeps_slash = path.endswith("/") and (path != "/" or base.endswith("/"))
    return base.removesuffix("/") + ("/" if keeps_slash else "")
