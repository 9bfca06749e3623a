"""kong.yml and kong.multi-node.yml keep the rules that Kong does not check.

The rules are the doctor's (collector/doctor/kong_rules.py). test_deck.py has decK check some of
them; these need no decK, and know more of the collector.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.api.endpoints import PIXEL_PATH
from collector.api.routes import POSTED
from collector.api.script import script_paths
from collector.doctor import kong_rules
from collector.doctor.kong_rules import (
    TIMEOUTS,
    entities,
    impatient_trackers,
    limited_preflights,
    odd_rate_limits,
    origins_of_no_site,
    routes_that_lose_paths,
    routes_that_lose_preflights,
    routes_without_limit,
    secrets_in_the_file,
    traces_of_visitors,
    untagged,
)
from collector.settings import OPERATORS_PATHS, Settings

KONG = Path(__file__).parents[2] / "kong"
FILES = {
    name: yaml.safe_load((KONG / name).read_text()) for name in ("kong.yml", "kong.multi-node.yml")
}
Document = dict[str, Any]
Rule = Callable[[kong_rules.Document], list[str]]


def other_body_limits(document: kong_rules.Document) -> list[str]:
    """The rule, with the default of the collector's setting."""
    return kong_rules.other_body_limits(document, Settings.model_fields["max_body_bytes"].default)


RULES: list[Rule] = [
    impatient_trackers,
    limited_preflights,
    odd_rate_limits,
    origins_of_no_site,
    other_body_limits,
    routes_that_lose_paths,
    routes_that_lose_preflights,
    routes_without_limit,
    secrets_in_the_file,
    traces_of_visitors,
    untagged,
]


def traced(**propagation: list[str]) -> Document:
    """A change that adds Kong's opentelemetry plugin."""
    return {"plugins": [{"name": "opentelemetry", "config": {"propagation": propagation}}]}


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
        (origins_of_no_site, "services[0].plugins[0]", {"config": {}}),  # which means all
        (odd_rate_limits, "services[0].routes[2].plugins[0]", {"config": {"minute": 1}}),
        (
            odd_rate_limits,
            "services[0].routes[2].plugins[0]",
            {"config": {"policy": "local", "fault_tolerant": False}},
        ),
        (
            odd_rate_limits,
            "services[0].routes[2].plugins[0]",
            {"config": {"policy": "redis", "redis": {"timeout": 2000}}},
        ),
        (limited_preflights, "routes[0]", {"plugins": [{"name": "rate-limiting"}]}),
        (routes_without_limit, "services[0].routes[3]", {"plugins": []}),
        (other_body_limits, "services[0]", {"plugins": [{"name": "conversion-tracking"}]}),
        (traces_of_visitors, "services[0]", {"plugins": [{"name": "opentelemetry"}]}),
        (traces_of_visitors, "services[0]", traced(inject=["b3"])),
        (traces_of_visitors, "services[0]", traced(inject=["w3c"], extract=["w3c"])),
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
    by_place: dict[str, Any] = {place: entity for _, place, entity in entities(broken)}

    by_place[entity_place].update(change)

    (found,) = rule(broken)
    assert found.startswith(entity_place)


OTHERS: Document = {
    "services": [
        {
            "name": "shop",
            "read_timeout": 60_000,
            "routes": [{"name": "shop", "paths": ["/shop"], "methods": ["POST"]}],
            "plugins": [
                {"name": "rate-limiting", "config": {"minute": 5}},
                {"name": "session", "config": {"secret": "s3cret"}},
                {"name": "opentelemetry"},
            ],
        }
    ],
    "plugins": [
        {"name": "prometheus"},
        {"name": "rate-limiting", "service": "shop", "config": {"minute": 5}},
    ],
    "upstreams": [{"name": "shop", "targets": [{"target": "shop:80"}]}],
}


@pytest.mark.parametrize("rule", RULES)
def test_what_else_the_file_of_a_kong_holds_is_not_judged(rule: Rule) -> None:
    merged = copy.deepcopy(FILES["kong.yml"])
    for kind, others in OTHERS.items():
        merged.setdefault(kind, []).extend(others)

    assert rule(merged) == []


@pytest.mark.parametrize(
    ("rule", "plugin"),
    [
        (traces_of_visitors, {"name": "opentelemetry"}),
        (odd_rate_limits, {"name": "rate-limiting", "config": {"minute": 5}}),
        (limited_preflights, {"name": "rate-limiting", "config": {"minute": 5}}),
    ],
)
def test_a_plugin_for_all_of_kong_is_judged_as_it_stands_before_our_routes_too(
    rule: Rule, plugin: Document
) -> None:
    assert rule({**FILES["kong.yml"], "plugins": [plugin]}) == ["plugins[0]"]


def test_a_trace_that_begins_at_kong_breaks_no_rule() -> None:
    assert traces_of_visitors(traced(inject=["w3c"])) == []


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

    for served in script_paths(path):
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
