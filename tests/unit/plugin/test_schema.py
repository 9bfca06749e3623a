"""The plugin's schema obeys the rules of Kong's schema loader, and kong.yml obeys the schema."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conversion_tracking_plugin.plugin import NAME, priority, version
from conversion_tracking_plugin.schema import DEFAULTS, SCHEMA

KONG_YML = Path(__file__).parents[3] / "kong" / "kong.yml"
FIELDS: dict[str, dict[str, Any]] = {
    name: rules for field in SCHEMA for name, rules in field.items()
}
PYTHON_TYPES = {"array": "list", "string": "str", "boolean": "bool", "integer": "int"}


def breaks_rule(rules: dict[str, Any], value: Any) -> str | None:
    """The rule of the field that the value breaks, of those that the schema uses."""
    if type(value).__name__ != PYTHON_TYPES[rules["type"]]:
        return "type"
    if "between" in rules and not rules["between"][0] <= value <= rules["between"][1]:
        return "between"
    if "one_of" in rules and value not in rules["one_of"]:
        return "one_of"
    if rules["type"] == "string" and len(value) < rules.get("len_min", 1):
        return "len_min"
    if rules["type"] == "array":
        return next(filter(None, (breaks_rule(rules["elements"], item) for item in value)), None)
    return None


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_type_a_description_and_a_default_that_obeys_its_rules(
    name: str,
) -> None:
    rules = FIELDS[name]

    assert 10 <= len(rules["description"]) <= 500
    assert "default" not in rules or breaks_rule(rules, rules["default"]) is None
    assert set(rules) <= {
        "type", "required", "elements", "default", "description", "between", "referenceable",
        "len_min", "match",
    }  # fmt: skip


def test_the_plugin_runs_before_every_plugin_of_kong_that_refuses_requests() -> None:
    bot_detection, correlation_id = 2500, 100001  # Kong 3.9.1

    assert bot_detection < priority < correlation_id
    assert version.count(".") == 2


def kong_yml() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(KONG_YML.read_text())
    return loaded


def plugin_config(name: str) -> dict[str, Any]:
    events, _ = kong_yml()["services"]
    (config,) = [plugin["config"] for plugin in events["plugins"] if plugin["name"] == name]
    return dict(config)


def test_kong_yml_sets_every_field_of_the_plugin_by_the_rules_of_its_schema() -> None:
    config = plugin_config(NAME)

    assert set(config) == set(DEFAULTS)
    assert {name: breaks_rule(FIELDS[name], value) for name, value in config.items()} == (
        dict.fromkeys(config)
    )


def test_kong_yml_holds_no_secret_but_a_reference() -> None:
    assert plugin_config(NAME)["secret"] == "{vault://env/ct-gateway-secret}"


def test_kong_yml_limits_bodies_to_a_mebibyte() -> None:
    config = plugin_config("request-size-limiting")

    assert config["size_unit"] == "kilobytes"
    assert config["allowed_payload_size"] * 1024 == 1_048_576


def test_every_route_to_the_collector_has_a_limit_per_address() -> None:
    for route in [route for service in kong_yml()["services"] for route in service["routes"]]:
        (limit,) = [p["config"] for p in route["plugins"] if p["name"] == "rate-limiting"]
        assert limit["limit_by"] == "ip", route["name"]


def test_names_in_kong_yml_are_unique_and_the_services_reach_the_upstream() -> None:
    config = kong_yml()
    services = config["services"]
    (upstream,) = config["upstreams"]
    routed = [route for service in services for route in service["routes"]]
    names = [route["name"] for route in [*routed, *config["routes"]]]

    assert len(set(names)) == len(names)
    assert {service["host"] for service in services} == {upstream["name"]}


def test_who_comes_from_kong_s_plugin_reads_of_every_field_of_both() -> None:
    page = (KONG_YML.parents[1] / "docs" / "from-kong-cors.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith(("| `", "| none"))]
    theirs = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    ours = {name for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    # The fields of Kong 3.9.1's schema of its plugin.
    assert theirs == {
        *("credentials", "exposed_headers", "headers", "max_age", "methods", "origins"),
        *("preflight_continue", "private_network"),
    }
    assert ours == set(FIELDS)
