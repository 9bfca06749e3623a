"""kong.yml and kong.multi-node.yml keep the rules that Kong does not check.

test_deck.py has decK check some of them; these need no decK, and know more of the collector.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.api.endpoints import PIXEL_PATH
from collector.api.routes import POSTED
from collector.api.script import extra_path
from collector.settings import OPERATORS_PATHS, Settings

KONG = Path(__file__).parents[2] / "kong"
FILES = {
    name: yaml.safe_load((KONG / name).read_text()) for name in ("kong.yml", "kong.multi-node.yml")
}
TAG = "conversion-tracking"
ENTITIES = {"services", "routes", "plugins", "upstreams", "targets"}
REFERENCE = re.compile(r"\{vault://env/[a-z][a-z0-9-]*\}")
SECRET_FIELDS = {"secret", "password"}
TIMEOUTS = ("connect_timeout", "write_timeout", "read_timeout")
# The tracker gives up after this; Kong must have answered before.
TRACKER_PATIENCE_MS = 15_000

Document = dict[str, Any]
Rule = Callable[[Document], list[str]]


def entities(parent: Document, prefix: str = "") -> Iterator[tuple[str, str, Document]]:
    """Kind, place and content of every entity, nested ones too."""
    for kind in sorted(ENTITIES & parent.keys()):
        for position, entity in enumerate(parent[kind]):
            place = f"{prefix}{kind}[{position}]"
            yield kind, place, entity
            yield from entities(entity, f"{place}.")


def secret_values(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Place and value of every field that holds a secret."""
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from secret_values(item, f"{place}[{position}]")
    if isinstance(value, dict):
        for name, item in value.items():
            if name in SECRET_FIELDS:
                yield f"{place}.{name}", item
            yield from secret_values(item, f"{place}.{name}")


def untagged(document: Document) -> list[str]:
    """What is in Kong without the tag, `deck gateway sync --select-tag` does not find again."""
    return [place for _, place, entity in entities(document) if TAG not in entity.get("tags", [])]


def routes_that_lose_paths(document: Document) -> list[str]:
    """Kong cuts the path off by default, and matches only its beginning."""
    return [
        place
        for kind, place, route in entities(document)
        if kind == "routes" and (route.get("strip_path", True) or not are_whole(route["paths"]))
    ]


def are_whole(paths: list[str]) -> bool:
    """Whether they are expressions that end where the path does."""
    return all(path.startswith("~/") and path.endswith("$") for path in paths)


def routes_that_lose_preflights(document: Document) -> list[str]:
    """Kong answers 404 to an OPTIONS that no route lists; a service's plugins could refuse it."""
    places = [(place, route) for kind, place, route in entities(document) if kind == "routes"]
    answered = [
        path
        for place, route in places
        if set(route["methods"]) == {"OPTIONS"} and not place.startswith("services")
        for path in route["paths"]
    ]
    return [
        place
        for place, route in places
        if "POST" in route["methods"]
        and not all(
            any(re.fullmatch(p[1:], path[1:-1]) for p in answered) for path in route["paths"]
        )
    ]


def impatient_trackers(document: Document) -> list[str]:
    """Kong's default of 60 s outlasts the tracker's patience."""
    return [
        place
        for kind, place, service in entities(document)
        if kind == "services"
        and any(service.get(name, 60_000) >= TRACKER_PATIENCE_MS for name in TIMEOUTS)
    ]


def secrets_in_the_file(document: Document) -> list[str]:
    """A secret is a reference to an environment variable of Kong."""
    return [
        place
        for place, value in secret_values(document)
        if not (isinstance(value, str) and REFERENCE.fullmatch(value))
    ]


def origins_of_no_site(document: Document) -> list[str]:
    """Without TLS, as on a developer's machine, whatever else has the address reads answers too."""
    return [
        place
        for kind, place, plugin in entities(document)
        if kind == "plugins"
        and not all(o.startswith("https://") for o in plugin["config"].get("origins", []))
    ]


RULES: list[Rule] = [
    origins_of_no_site,
    untagged,
    routes_that_lose_paths,
    routes_that_lose_preflights,
    impatient_trackers,
    secrets_in_the_file,
]


def rate_limits(document: Document) -> list[Document]:
    """The configuration of every rate limit."""
    return [
        entity["config"]
        for kind, _, entity in entities(document)
        if kind == "plugins" and entity["name"] == "rate-limiting"
    ]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("rule", RULES)
def test_a_file_breaks_no_rule(rule: Rule, name: str) -> None:
    assert rule(FILES[name]) == []


@pytest.mark.parametrize(
    ("rule", "entity_place", "change"),
    [
        (untagged, "services[0].routes[1].plugins[0]", {"tags": []}),
        (untagged, "upstreams[0].targets[0]", {"tags": ["other"]}),
        (routes_that_lose_preflights, "services[0].routes[0]", {"paths": ["~/v1/events/more$"]}),
        (routes_that_lose_paths, "services[0].routes[1]", {"strip_path": True}),
        (routes_that_lose_paths, "services[0].routes[1]", {"paths": ["/v1/events/funnel"]}),
        (impatient_trackers, "services[0]", {"read_timeout": 60_000}),
        (secrets_in_the_file, "services[0].plugins[0]", {"config": {"secret": "s3cret"}}),
        (origins_of_no_site, "services[0].plugins[0]", {"config": {"origins": ["http://a:5177"]}}),
        (secrets_in_the_file, "services[0].plugins[0]", {"config": {"secret": None}}),
        (
            secrets_in_the_file,
            "services[0].routes[0].plugins[0]",
            {"config": {"redis": {"password": "x {vault://env/a}"}}},
        ),
    ],
)
def test_a_broken_file_is_found_at_its_place(
    rule: Rule, entity_place: str, change: Document
) -> None:
    broken = copy.deepcopy(FILES["kong.yml"])
    by_place = {place: entity for _, place, entity in entities(broken)}

    by_place[entity_place].update(change)

    (found,) = rule(broken)
    assert found.lstrip(".").startswith(entity_place)


def test_the_files_differ_only_in_where_rate_limits_are_counted() -> None:
    single, multi = FILES["kong.yml"], copy.deepcopy(FILES["kong.multi-node.yml"])

    counted = [(limit.pop("policy"), limit.pop("redis")) for limit in rate_limits(multi)]
    for limit in rate_limits(multi):
        limit["policy"] = "local"

    assert multi == single
    assert len(counted) == len(rate_limits(single)) == 5
    # One count: every limit asks the same Redis.
    assert all(policy == "redis" and redis == counted[0][1] for policy, redis in counted)


@pytest.mark.parametrize("name", FILES)
def test_every_public_endpoint_of_the_collector_has_a_route_and_a_limit(name: str) -> None:
    routes = FILES[name]["services"][0]["routes"]
    (pixel,) = [route for route in routes if "GET" in route["methods"]]
    for path in [*POSTED, PIXEL_PATH]:
        (route,) = [r for r in routes if re.fullmatch(r["paths"][0].lstrip("~"), path)]
        assert (route is pixel) == (path == PIXEL_PATH)
        assert [plugin["name"] for plugin in route["plugins"]] == ["rate-limiting"]


@pytest.mark.parametrize("name", FILES)
def test_no_route_leads_to_what_is_for_operators(name: str) -> None:
    file = FILES[name]
    routes = [
        *file["routes"],
        *(route for service in file["services"] for route in service["routes"]),
    ]
    paths = [path.lstrip("~") for route in routes for path in route["paths"]]
    assert len(paths) == 7
    assert [path for path in OPERATORS_PATHS if any(re.fullmatch(p, path) for p in paths)] == []


@pytest.mark.parametrize("name", FILES)
def test_preflights_are_answered_as_the_plugin_says_and_refused_by_nothing(name: str) -> None:
    events, _ = FILES[name]["services"]
    (config,) = [p["config"] for p in events["plugins"] if p["name"] == "conversion-tracking"]
    allowed = []
    for route in FILES[name]["routes"]:
        plugins = {plugin["name"]: plugin["config"] for plugin in route["plugins"]}
        own = plugins["conversion-tracking"]
        assert own | {"allow": config["allow"]} == config
        assert config["preflight_continue"] is True
        answer = plugins["request-termination"]
        assert (answer["status_code"], answer["content_type"]) == (200, "application/json")
        assert json.loads(answer["body"]) == {"allow": ", ".join(own["allow"])}
        assert set(plugins) == {"conversion-tracking", "request-termination"}
        allowed.append(own["allow"])
    assert allowed == [["POST", "OPTIONS"], ["GET", "OPTIONS"]]


@pytest.mark.parametrize("name", FILES)
def test_the_script_has_a_route_of_its_own_without_the_plugin(name: str) -> None:
    events, script = FILES[name]["services"]
    (route,) = script["routes"]
    path = Settings.model_fields["script_path"].default

    for served in (path, extra_path(path)):
        assert re.fullmatch(route["paths"][0].removeprefix("~"), served)
    assert set(route["methods"]) == {"GET", "HEAD", "OPTIONS"}
    assert [p["name"] for p in route["plugins"]] == ["rate-limiting", "request-size-limiting"]
    assert "plugins" not in script
    # The same collectors answer both.
    assert all(script[key] == events[key] for key in ("host", "port", "protocol", *TIMEOUTS))


def test_a_redis_that_is_away_lets_requests_through() -> None:
    limits = rate_limits(FILES["kong.multi-node.yml"])

    assert [limit["fault_tolerant"] for limit in limits] == [True] * 5
    assert all(limit["redis"]["timeout"] <= 1000 for limit in limits)
