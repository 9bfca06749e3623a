"""Which stage of the funnel an event reaches. The rules are data: data/funnel_stages.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from collector.errors import OperatorError
from collector.event import FunnelStage

# What a segment of a rule's path may be, beside a name, as a pattern of normalized segments.
ANY_SEGMENT = "*"
LANGUAGE_SEGMENT = "{language}"
# A language with its script and region (RFC 5646), or a country: en, pt_br, zh-hant-tw, us.
LANGUAGE = "[a-z]{2}(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?"
SEGMENT_PATTERNS = {ANY_SEGMENT: "[^/]+", LANGUAGE_SEGMENT: LANGUAGE}
BELOW = "/**"
NO_NAME = re.compile(r"[*{}]")

ROUTE = re.compile(r"!?(?=/)")  # where a fragment is the path: #/pricing, #!/pricing
LOCAL_HOST = "localhost"
# What servers answer a folder's address with (Apache, nginx, IIS, Tomcat, PHP), and a program
# that has the path of the page behind it.
FOLDER_PAGE = re.compile(r"(?:index|default)\.(?:[sx]?html?|php|jsp|aspx?|cgi)")
FRONT_CONTROLLER = "index.php"
PAGE_SUFFIX = re.compile(r"(?<=.)\.html?\Z")

# What is read of a path: longer ones, which nobody has, would take time and fit no rule.
LONGEST_PATH = 2_048
MOST_SEGMENTS = 16

# Types and pages repeat; what 4096 of them reach is kept, 3 MB at most.
CACHED_PAGES = 4096
LONGEST_CACHED_PAGE = 500


class StageRulesError(OperatorError):
    """A file of funnel stages that cannot be used. The message says where and why."""


@dataclass(frozen=True, slots=True)
class StageRule:
    """An event of one of these types, on one of these pages (or any), reaches the stage."""

    stage: FunnelStage
    event_types: frozenset[str]
    paths: re.Pattern[str] | None  # of normalized paths
    converts: bool

    def fits(self, event_type: str, path: str | None) -> bool:
        """Whether an event of this type on a page with this path reaches the stage."""
        if event_type not in self.event_types:
            return False
        if self.paths is None:
            return True
        return path is not None and self.paths.fullmatch(path) is not None


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
        page = page_with_route(page_url or "")
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


def page_path(page_url: str | None) -> str | None:
    """The path of a page's URL, or of a bare path, normalized (docs/funnel.md#paths).

    A fragment that begins with a slash, as hash routers have it, is the path. None where there
    is no URL, or none of a page (`javascript:`, garbage).
    """
    if not page_url:
        return None
    try:
        url = urlsplit(page_url)
    except ValueError:
        return None
    if not is_page(url):
        return None
    route = route_of(url.fragment)
    return normalize_path(url.path if route is None else route)


def is_page(url: SplitResult) -> bool:
    """Whether a URL is that of a page: hierarchical, a file's, or a bare path.

    An app's link without a path (`myapp://pricing`) names a page by its host; which, only the
    app knows.
    """
    if not url.scheme:
        return url.path.startswith("/")
    if url.scheme in ("http", "https") or url.netloc == LOCAL_HOST:
        return url.netloc != ""
    if url.scheme == "file":
        return url.path.startswith("/")
    return url.scheme != "javascript" and url.netloc != "" and url.path != ""


def route_of(fragment: str) -> str | None:
    """The path that a hash router keeps in a fragment, without its query."""
    route = ROUTE.match(fragment)
    if route is None:
        return None
    return fragment[route.end() :].partition("?")[0].partition("#")[0]


def normalize_path(path: str) -> str:
    """A path in the one form that all its spellings have: RFC 3986, section 6.2.2, and servers.

    Of each segment its escapes are decoded (but for a slash), parameters (`;jsessionid=`) and
    blanks around it removed, letters in lower case. Empty segments, dots, the name of a folder's
    page and a page's `.html` do not count.
    """
    segments: list[str] = []
    given = path[:LONGEST_PATH].replace("\\", "/").split("/", MOST_SEGMENTS)[:MOST_SEGMENTS]
    for segment in map(normalize_segment, given):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", ".", FRONT_CONTROLLER):
            segments.append(segment)
    if segments:
        last = segments.pop()
        if not FOLDER_PAGE.fullmatch(last):
            segments.append(PAGE_SUFFIX.sub("", last))
    return "/" + "/".join(segments)


def normalize_segment(segment: str) -> str:
    """One segment of a path."""
    name = unquote(segment.partition(";")[0]) if "%" in segment else segment.partition(";")[0]
    return name.replace("/", "%2f").strip().lower()


def page_with_route(page_url: str) -> str:
    """A URL without its query, and without a fragment that is no path: they decide nothing here."""
    if "#" not in page_url:  # nearly always
        return page_url.partition("?")[0]
    page, _, fragment = page_url.partition("#")
    route = route_of(fragment)
    page = page.partition("?")[0]
    return page if route is None else f"{page}#{route}"


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
        paths=pattern_of(parse_texts(entry, "paths")) if "paths" in entry else None,
        converts=converts,
    )


def pattern_of(paths: Iterable[str]) -> re.Pattern[str]:
    """The pattern of the normalized paths that any of a rule's paths covers.

    Raises ValueError where one is no path.
    """
    return re.compile("|".join(map(path_pattern, paths)), re.DOTALL)


def path_pattern(path: str) -> str:
    """`/pricing` covers that path, `/*/pricing` one below any, `/docs/**` it and all below it.

    Raises ValueError where it is no path.
    """
    if not path.startswith("/"):
        raise ValueError(f"{path!r} does not begin with a slash")
    page = normalize_path(path.removesuffix(BELOW))
    pattern = "/".join(segment_pattern(segment) for segment in page.split("/"))
    return pattern.rstrip("/") + "(?:/.*)?" if path.endswith(BELOW) else pattern


def segment_pattern(segment: str) -> str:
    """The pattern of one segment of a rule's path.

    Raises ValueError where it has a wildcard inside: it would be taken for a letter.
    """
    if NO_NAME.search(segment) and segment not in SEGMENT_PATTERNS:
        raise ValueError(
            f"{segment!r} is no segment of a path: a name, {ANY_SEGMENT}, {LANGUAGE_SEGMENT}, "
            f"and {BELOW} at the end"
        )
    return SEGMENT_PATTERNS.get(segment) or re.escape(segment)


def parse_texts(entry: dict[str, object], key: str) -> list[str]:
    """A list of at least one text.

    Raises ValueError where it is none, and KeyError where it is missing.
    """
    value = entry[key]
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError(f"{key} must be a list of texts, not {value!r}")
    return value
