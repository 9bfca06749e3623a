"""Which stage of the funnel an event reaches. The rules are data: data/funnel_stages.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from collector.classify.domains import without_query
from collector.event import FunnelStage

BELOW = "/**"
STAGE_BY_NAME = {stage.value: stage for stage in FunnelStage}

# Types and pages repeat; what 4096 of them reach is kept, 3 MB at most.
CACHED_PAGES = 4096
LONGEST_CACHED_PAGE = 500


class StageRulesError(Exception):
    """A file of funnel stages that cannot be used. The message says where and why."""


@dataclass(frozen=True, slots=True)
class StageRule:
    """An event of one of these types, on one of these pages (or any), reaches the stage."""

    stage: FunnelStage
    event_types: frozenset[str]
    paths: tuple[str, ...]

    def fits(self, event_type: str, path: str | None) -> bool:
        """Whether an event of this type on a page with this path reaches the stage."""
        if event_type not in self.event_types:
            return False
        return not self.paths or (path is not None and any(covers(p, path) for p in self.paths))


class StageRules:
    """An ordered list of rules; the first that fits decides."""

    def __init__(self, rules: tuple[StageRule, ...]) -> None:
        self.rules = rules
        self._remembered = lru_cache(maxsize=CACHED_PAGES)(self._stage_on)

    def classify_stage(self, event_type: str, page_url: str | None) -> FunnelStage | None:
        """The stage that an event reaches, or none."""
        stated = STAGE_BY_NAME.get(event_type)
        if stated is not None:
            return stated
        page = without_query(page_url or "")
        find = self._remembered if len(page) <= LONGEST_CACHED_PAGE else self._stage_on
        return find(event_type, page)

    def _stage_on(self, event_type: str, page: str) -> FunnelStage | None:
        path = page_path(page)
        return next((r.stage for r in self.rules if r.fits(event_type, path)), None)


def covers(pattern: str, path: str) -> bool:
    """`/pricing` covers that path alone; `/docs/**` covers /docs and everything below."""
    if pattern.endswith(BELOW):
        base = pattern.removesuffix(BELOW)
        return path == base or path.startswith(base + "/")
    return path == pattern


def page_path(page_url: str | None) -> str | None:
    """The path of a page's URL, or of a bare path, without a slash at its end.

    None where there is no URL, or none of a web page (`javascript:`, garbage).
    """
    if not page_url:
        return None
    try:
        url = urlsplit(page_url)
    except ValueError:
        return None
    is_web_page = url.scheme in ("http", "https") and url.netloc
    is_path = not url.scheme and url.path.startswith("/")
    if not (is_web_page or is_path):
        return None
    return url.path.rstrip("/") or "/"


def load_stage_rules(file: Path | None = None) -> StageRules:
    """The built-in rules, or those of a file of the same form.

    Raises StageRulesError where the file is not such a file.
    """
    source = file or resources.files("collector.classify.data") / "funnel_stages.toml"
    try:
        entries = tomllib.loads(source.read_text(encoding="utf-8"))["rule"]
        return StageRules(tuple(parse_rule(entry) for entry in entries))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise StageRulesError(f"{source}: {error!s}") from error


def parse_rule(entry: dict[str, object]) -> StageRule:
    """One `[[rule]]` table.

    Raises ValueError for a wrong or misspelt entry, and KeyError where one is missing.
    """
    unknown = entry.keys() - {"stage", "event_types", "paths"}
    if unknown:
        raise ValueError(f"a rule has no entry {', '.join(sorted(unknown))}")
    return StageRule(
        stage=FunnelStage(str(entry["stage"])),
        event_types=frozenset(parse_texts(entry, "event_types")),
        paths=tuple(parse_texts(entry, "paths")) if "paths" in entry else (),
    )


def parse_texts(entry: dict[str, object], key: str) -> list[str]:
    """A list of at least one text.

    Raises ValueError where it is none, and KeyError where it is missing.
    """
    value = entry[key]
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError(f"{key} must be a list of texts, not {value!r}")
    return value
