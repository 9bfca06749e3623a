"""kong.yml: what is read, and what is refused by name."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.gateway.config.kong_yml import load_config, parse_config
from local.gateway.errors import StartError

ROOT = Path(__file__).parents[3]
OURS: dict[str, Any] = yaml.safe_load((ROOT / "kong" / "kong.yml").read_text())

MINIMAL = """
_format_version: "3.0"
services:
  - name: collector
    host: collector-upstream
    routes:
      - name: track
        paths: [/v1/events/track]
        methods: [POST, OPTIONS]
        strip_path: false
        plugins:
          - name: rate-limiting
            config: {minute: 2}
      - name: other
        paths: [/other]
        strip_path: false
    plugins:
      - name: rate-limiting
      - name: request-size-limiting
"""


def parse(text: str) -> Any:
    return parse_config(yaml.safe_load(text))


def test_entities_are_read_with_kongs_defaults() -> None:
    config = parse(MINIMAL)
    (service,), (route, other) = config.services, config.routes
    assert (service.port, service.connect_timeout, service.read_timeout) == (80, 60.0, 60.0)
    assert (route.service, route.methods) == (service, ("POST", "OPTIONS"))
    assert (other.service, other.methods) == (service, ())


def test_the_most_special_scope_of_a_plugin_wins() -> None:
    plugins = [[entry.path for entry in route.plugins] for route in parse(MINIMAL).routes]
    of_service = ["services[0].plugins[0]", "services[0].plugins[1]"]
    assert sorted(plugins[0]) == ["services[0].plugins[1]", "services[0].routes[0].plugins[0]"]
    assert plugins[1] == of_service


def test_all_plugins_are_listed_with_the_entity_that_they_stand_in() -> None:
    config = parse(MINIMAL)
    assert [(plugin.name, *plugin.scope) for plugin in config.plugins] == [
        ("rate-limiting", "service_id"),
        ("request-size-limiting", "service_id"),
        ("rate-limiting", "route_id"),
    ]


def test_ids_stay_the_same_from_start_to_start() -> None:
    assert parse(MINIMAL) == parse(MINIMAL)


def test_an_upstream_is_a_name_for_its_target() -> None:
    [upstream] = parse_config(OURS).upstreams
    assert (upstream.name, upstream.host, upstream.port) == (
        "conversion-tracking-collector",
        "collector",
        8080,
    )


HEAD = '_format_version: "3.0"\n'
ROUTE = "paths: [/], strip_path: false"
NOT_HERE = "not implemented by the local gateway"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: []", "_format_version: required field missing"),
        ('_format_version: "1.1"', "_format_version: expected one of: 3.0"),
        (HEAD + "consumers: []", f"consumers: {NOT_HERE}"),
        (HEAD + "plugins: []", f"plugins: {NOT_HERE}"),
        (HEAD + "targets: []", f"targets: {NOT_HERE}"),
        (HEAD + "_info: {}", f"_info: {NOT_HERE}"),
        (HEAD + f"routes: [{{{ROUTE}, headers: {{a: [b]}}}}]", f"routes[0].headers: {NOT_HERE}"),
        (HEAD + f"routes: [{{{ROUTE}, hosts: [a]}}]", f"routes[0].hosts: {NOT_HERE}"),
        (HEAD + f"routes: [{{{ROUTE}, service: x}}]", f"routes[0].service: {NOT_HERE}"),
        (HEAD + "services: [{host: a, path: /}]", f"services[0].path: {NOT_HERE}"),
        (
            HEAD + "services: [{host: a, protocol: grpc}]",
            "services[0].protocol: only http is implemented by the local gateway",
        ),
        (HEAD + "services: [{name: a}]", "services[0].host: required field missing"),
        (
            HEAD + "services: [{host: a, routes: [{name: r, strip_path: false}]}]",
            "services[0].routes[0].paths: required field missing",
        ),
        (
            HEAD + 'routes: [{paths: ["a"], strip_path: false}]',
            "routes[0].paths[0]: expected /path",
        ),
        (HEAD + 'routes: [{paths: ["~/("], strip_path: false}]', "routes[0].paths[0]: invalid reg"),
        (HEAD + "routes: [{paths: [], strip_path: false}]", "routes[0].paths: length must be"),
        (HEAD + f"routes: [{{{ROUTE}, methods: [get]}}]", "routes[0].methods[0]: invalid value"),
        (HEAD + f"routes: [{{{ROUTE}, protocols: [grpc]}}]", "protocols[0]: expected one of: http"),
        (HEAD + f"routes: [{{{ROUTE}, protocols: [https]}}]", f"without http is {NOT_HERE}"),
        (HEAD + "routes: [{paths: [/]}]", "routes[0].strip_path: required field missing"),
        (
            HEAD + "routes: [{paths: [/], strip_path: true}]",
            "routes[0].strip_path: only false is implemented by the local gateway",
        ),
        (HEAD + "routes: [{paths: [/], strip_path: null}]", "routes[0].strip_path: required"),
        (
            HEAD + "services: [{name: a, host: a}, {name: a, host: b}]",
            "services[1]: uniqueness violation: services[0]",
        ),
        (
            HEAD + "services: [{host: a, plugins: [{name: x}, {name: x}]}]",
            "services[0].plugins[1]: uniqueness violation: services[0].plugins[0]",
        ),
        (
            HEAD + "services: [{host: a, plugins: [{name: x, consumer: x}]}]",
            f"services[0].plugins[0].consumer: {NOT_HERE}",
        ),
        (
            HEAD + 'services: [{host: a, plugins: [{name: x, tags: ["a,b"]}]}]',
            "services[0].plugins[0].tags[0]: invalid value",
        ),
        (
            HEAD + "services: [{host: a, connect_timeout: 0}]",
            "services[0].connect_timeout: value should be between 1 and 2147483646",
        ),
        ("- a", "expected a record"),
        (HEAD + "services: [{host: a, retries: null}]", f"services[0].retries: null is {NOT_HERE}"),
        (
            HEAD + "routes: [{paths: [/a/../b], strip_path: false}]",
            "non-normalized path, consider use '/b' instead",
        ),
        (HEAD + 'routes: [{paths: ["/%zz"], strip_path: false}]', "paths[0]: expected /path"),
        (HEAD + "services: [{host: a b}]", "services[0].host: invalid value"),
    ],
)
def test_what_is_wrong_or_not_implemented_is_refused_by_its_path(text: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("algorithm",), "least-connections", "algorithm: only round-robin is implemented"),
        (("targets",), [], f"targets: another number of targets than one is {NOT_HERE}"),
        (("targets",), [{"target": "a:1"}, {"target": "b:1"}], "another number of targets"),
        (("targets", 0, "target"), "a:99999", "targets[0].target: invalid value"),
        (("targets", 0, "target"), "a", "targets[0].target: invalid value"),
        (("healthchecks",), None, "healthchecks: required field missing"),
        (("healthchecks", "threshold"), 1, f"healthchecks.threshold: {NOT_HERE}"),
        (("healthchecks", "active", "type"), "tcp", "active.type: only http is implemented"),
        (("healthchecks", "active", "http_path"), "a", "active.http_path: invalid value"),
        (("healthchecks", "passive", "healthy", "successes"), 256, "value should be between"),
        (("healthchecks", "passive", "unhealthy", "timeouts"), None, "timeouts: required field"),
    ],
)
def test_an_upstream_is_checked_to_its_last_field(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    document = copy.deepcopy(OURS)
    parent: Any = document["upstreams"][0]
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    with pytest.raises(StartError) as caught:
        parse_config(document)
    assert message in str(caught.value)


def test_every_refusal_of_a_file_is_named_at_once() -> None:
    with pytest.raises(StartError) as caught:
        parse(HEAD + "consumers: []\ncertificates: []")
    assert "consumers: not" in str(caught.value)
    assert "certificates: not" in str(caught.value)


@pytest.mark.parametrize("content", ["a: [", None])
def test_a_file_that_is_missing_or_no_yaml_gives_one_line(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "kong.yml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(StartError) as caught:
        load_config(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
