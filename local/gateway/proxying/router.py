"""Which route takes a request.

The rules are those of Kong's default flavor, traditional_compatible, for the fields that
are implemented (kong/router/transform.lua): a route with methods and paths goes before one
with paths alone, a regex before a prefix, a longer prefix before a shorter one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.gateway.config.schema import compile_regex
from local.gateway.config.types import Route
from local.gateway.proxying.paths import normalize


@dataclass(frozen=True)
class _Candidate:
    route: Route
    path: str
    pattern: re.Pattern[str]

    @property
    def priority(self) -> tuple[bool, bool, int]:
        is_regex = self.path.startswith("~")
        return bool(self.route.methods), is_regex, 0 if is_regex else len(self.path)


class Router:
    """All routes, in the order in which Kong tries them."""

    def __init__(self, routes: Iterable[Route]) -> None:
        candidates = [
            _Candidate(route, path, _compile(path)) for route in routes for path in route.paths
        ]
        self._candidates = sorted(candidates, key=lambda one: one.priority, reverse=True)

    def find(self, method: str, path: str) -> Route | None:
        """Find the route of a request.

        None where no path **or method** matches: Kong answers 404 to both.
        """
        normalized = normalize(path)
        if not _is_utf8(normalized):
            # atc-router takes text, and no route matches what is none.
            return None
        for one in self._candidates:
            takes_method = not one.route.methods or method in one.route.methods
            if takes_method and one.pattern.match(normalized):
                return one.route
        return None


def _compile(path: str) -> re.Pattern[str]:
    return compile_regex(path[1:]) if path.startswith("~") else re.compile(re.escape(path))


def _is_utf8(path: str) -> bool:
    try:
        path.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
