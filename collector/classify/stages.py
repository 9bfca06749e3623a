"""Which stage of the funnel an event reaches. The rules are data: data/funnel_stages.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from collector.event import FunnelStage

BELOW = "/**"

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
    converts: bool

    def fits(self, event_type: str, path: str | None) -> bool:
        """Whether an event of this type on a page with this path reaches the stage."""
        if event_type not in self.event_types:
            return False
        return not self.paths or (path is not None and any(covers(p, path) for p in self.paths))


@dataclass(frozen=True, slots=True)
class Reached:
    """What an event reaches: a stage or none, and whether the session converts with it."""

    stage: FunnelStage | None
    converts: bool


NOTHING = Reached(None, False)


class StageRules:
    """An ordered list of rules; the first that fits decides."""

    def __init__(self, rules: tuple[StageRule, ...]) -> None:
        self.rules = rules
        self._stated = {stage.value: Reached(stage, self._converts(stage)) for stage in FunnelStage}
        self._remembered = lru_cache(maxsize=CACHED_PAGES)(self._stage_on)

    def classify_stage(self, event_type: str, page_url: str | None) -> Reached:
        """The stage that an event reaches, or none, and whether that is a conversion."""
        stated = self._stated.get(event_type)
        if stated is not None:
            return stated
        page = without_query(page_url or "")
        find = self._remembered if len(page) <= LONGEST_CACHED_PAGE else self._stage_on
        return find(event_type, page)

    def _converts(self, stage: FunnelStage) -> bool:
        """Whether a stage that is stated outright converts: where an event that reaches it does."""
        rules = [rule.converts for rule in self.rules if rule.stage is stage]
        return any(rules) if rules else converts_by_itself(stage)

    def _stage_on(self, event_type: str, page: str) -> Reached:
        path = page_path(page)
        rule = next((rule for rule in self.rules if rule.fits(event_type, path)), None)
        return Reached(rule.stage, rule.converts) if rule else NOTHING


def converts_by_itself(stage: FunnelStage) -> bool:
    """Whether a stage converts where no rule says so."""
    return stage is FunnelStage.SUBSCRIPTION_CREATED


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


def without_query(page_url: str) -> str:
    """A URL up to its query or fragment, which decide nothing here."""
    return page_url.partition("?")[0].partition("#")[0]


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
    unknown = entry.keys() - {"stage", "event_types", "paths", "converts"}
    if unknown:
        raise ValueError(f"a rule has no entry {', '.join(sorted(unknown))}")
    stage = FunnelStage(str(entry["stage"]))
    converts = entry.get("converts", converts_by_itself(stage))
    if type(converts) is not bool:
        raise ValueError(f"converts must be true or false, not {converts!r}")
    return StageRule(
        stage=stage,
        event_types=frozenset(parse_texts(entry, "event_types")),
        paths=tuple(parse_texts(entry, "paths")) if "paths" in entry else (),
        converts=converts,
    )


def parse_texts(entry: dict[str, object], key: str) -> list[str]:
    """A list of at least one text.

    Raises ValueError where it is none, and KeyError where it is missing.
    """
    value = entry[key]
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError(f"{key} must be a list of texts, not {value!r}")
    return value
