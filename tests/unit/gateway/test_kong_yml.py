"""kong.yml: what is read, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from local.gateway.errors import StartError
from local.gateway.kong_yml import load_config, parse_config

MINIMAL = """
_format_version: "3.0"
services:
  - name: collector
    host: collector-upstream
    routes:
      - name: track
        paths: [/v1/events/track]
        methods: [POST, OPTIONS]
        plugins:
          - name: rate-limiting
            config: {minute: 2}
    plugins:
      - name: cors
upstreams:
  - name: collector-upstream
    targets:
      - target: collector:8080
plugins:
  - name: request-size-limiting
"""


def parse(text: str) -> Any:
    return parse_config(yaml.safe_load(text))


def test_entities_are_read_with_kongs_defaults() -> None:
    config = parse(MINIMAL)
    (service,), (route,), (upstream,) = config.services, config.routes, config.upstreams
    assert (service.port, service.retries, service.read_timeout) == (80, 5, 60.0)
    assert (route.strip_path, route.preserve_host) == (True, False)
    assert (route.service, route.methods) == (service, ("POST", "OPTIONS"))
    (target,) = upstream.targets
    assert (target.host, target.port, target.weight) == ("collector", 8080, 100)
    assert upstream.healthchecks["passive"]["unhealthy"]["http_statuses"] == [429, 500, 503]


def test_plugins_keep_the_scope_that_they_stand_in() -> None:
    config = parse(MINIMAL)
    scopes = {
        plugin.name: (plugin.route_id is not None, plugin.service_id is not None, plugin.path)
        for plugin in config.plugins
    }
    assert scopes == {
        "rate-limiting": (True, False, "services[0].routes[0].plugins[0]"),
        "cors": (False, True, "services[0].plugins[0]"),
        "request-size-limiting": (False, False, "plugins[0]"),
    }


def test_top_level_entities_name_their_parents() -> None:
    config = parse(
        """
        _format_version: "3.0"
        services: [{name: s, host: up}]
        routes: [{name: r, service: s, paths: [/]}]
        plugins: [{name: cors, service: s}, {name: cors, route: r}]
        upstreams: [{name: up}]
        targets: [{upstream: up, target: "127.0.0.1:1"}]
        """
    )
    assert config.routes[0].service == config.services[0]
    assert [plugin.service_id for plugin in config.plugins] == [config.services[0].id, None]
    assert [plugin.route_id for plugin in config.plugins] == [None, config.routes[0].id]
    assert config.upstreams[0].targets[0].host == "127.0.0.1"


def test_the_routes_of_a_disabled_service_are_gone() -> None:
    text = MINIMAL.replace("    host: coll", "    enabled: false\n    host: coll")
    assert parse(text).routes == ()


def test_ids_stay_the_same_from_start_to_start() -> None:
    assert parse(MINIMAL) == parse(MINIMAL)


HEAD = '_format_version: "3.0"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: []", "_format_version: required field missing"),
        ('_format_version: "1.1"', "_format_version: expected one of: 3.0"),
        (HEAD + "consumers: []", "consumers: not implemented by the local gateway"),
        (HEAD + "_info: {}", "_info: not implemented by the local gateway"),
        (
            HEAD + "routes: [{paths: [/], headers: {a: [b]}}]",
            "routes[0].headers: not implemented by the local gateway",
        ),
        (
            HEAD + "services: [{host: a, protocol: grpc}]",
            "services[0].protocol: expected one of: http",
        ),
        (HEAD + "services: [{name: a}]", "services[0].host: required field missing"),
        (
            HEAD + "services: [{host: a, routes: [{name: r}]}]",
            "services[0].routes[0]: must set one of",
        ),
        (HEAD + 'routes: [{paths: ["a"]}]', "routes[0].paths[0]: should start with: /"),
        (HEAD + 'routes: [{paths: ["~/("]}]', "routes[0].paths[0]: invalid regex"),
        (HEAD + "routes: [{paths: [/], methods: [get]}]", "routes[0].methods[0]: invalid value"),
        (HEAD + "routes: [{paths: [/], service: x}]", "routes[0].service: no service is called"),
        (HEAD + "routes: [{paths: [/], protocols: [grpc]}]", "only http and https are implemented"),
        (
            HEAD + "services: [{name: a, host: a}, {name: a, host: b}]",
            "services[1]: uniqueness violation: services[0]",
        ),
        (
            HEAD + "plugins: [{name: cors}, {name: cors}]",
            "plugins[1]: uniqueness violation: plugins[0]",
        ),
        (HEAD + "plugins: [{name: cors, route: x}]", "plugins[0].route: no route is called 'x'"),
        (
            HEAD + "plugins: [{name: cors, consumer: x}]",
            "plugins[0].consumer: not implemented by the local gateway",
        ),
        (
            HEAD + "upstreams: [{name: u, algorithm: least-connections}]",
            "upstreams[0].algorithm: expected one of: round-robin",
        ),
        (
            HEAD + 'upstreams: [{name: u, targets: [{target: "a:99999"}]}]',
            "upstreams[0].targets[0].target: Invalid target",
        ),
        (
            HEAD + "upstreams: [{name: u, healthchecks: {active: {type: tcp}}}]",
            "upstreams[0].healthchecks.active.type: expected one of: http",
        ),
        (HEAD + "targets: [{target: a}]", "targets[0].upstream: no upstream is called so"),
        (
            HEAD + "services: [{host: a, connect_timeout: 0}]",
            "services[0].connect_timeout: value should be between 1 and 2147483646",
        ),
        ("- a", "expected a record"),
        (HEAD + "routes: [{paths: [/], strip_path: null}]", "routes[0].strip_path: required"),
        (
            HEAD + "services: [{host: a, retries: null}]",
            "services[0].retries: null is not implemented by the local gateway",
        ),
        (HEAD + "upstreams: [{name: u, healthchecks: {active: null}}]", "active: required field"),
        (HEAD + "routes: [{paths: [/a/../b]}]", "non-normalized path, consider use '/b' instead"),
        (HEAD + 'routes: [{paths: ["/%zz"]}]', "invalid url-encoded value"),
        (HEAD + "services: [{host: a b}]", "services[0].host: invalid value"),
        (HEAD + 'services: [{host: a, path: "/a?b"}]', "services[0].path: invalid value"),
        (HEAD + "upstreams: [{name: 1.2.3.4}]", "upstreams[0].name: no ip addresses allowed"),
        (HEAD + 'plugins: [{name: cors, tags: ["a,b"]}]', "plugins[0].tags[0]: invalid value"),
        (
            HEAD + "upstreams: [{name: u, targets: [{target: a}, {target: a}]}]",
            "upstreams[0].targets[1]: uniqueness violation",
        ),
        (
            HEAD + "plugins: [{name: cors, instance_name: i}, {name: x, instance_name: i}]",
            "plugins[1]: uniqueness violation",
        ),
    ],
)
def test_what_is_wrong_or_not_implemented_is_refused_by_its_path(text: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


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
