"""Which plugins run, in which order, with which configuration."""

import time
from typing import Any

import pytest
import yaml

from local.gateway.config import KongConfig
from local.gateway.errors import StartError
from local.gateway.kong_yml import parse_config
from local.gateway.plugin_chain import PluginChain, configure_plugins
from local.gateway.plugins.base import Plugin
from local.gateway.plugins.cors import Cors
from local.gateway.plugins.rate_limiting import RateLimiting
from local.gateway.plugins.request_size_limiting import RequestSizeLimiting


class SecretPlugin(Cors):
    """A plugin whose config holds a secret."""

    name = "secret-plugin"
    priority = 2500
    config_schema = {  # noqa: RUF012 (a constant)
        "type": "record",
        "required": True,
        "fields": [
            {"secret": {"type": "string", "referenceable": True}},
            {"plain": {"type": "string"}},
            {"names": {"type": "array", "elements": {"type": "string"}, "default": []}},
        ],
    }


PLUGINS: dict[str, Plugin] = {
    plugin.name: plugin
    for plugin in (Cors(), RateLimiting(time.time), RequestSizeLimiting(), SecretPlugin())
}


def read(plugins: str) -> KongConfig:
    return parse_config(
        yaml.safe_load(
            f"""
            _format_version: "3.0"
            services: [{{name: s, host: h}}]
            routes: [{{name: r, service: s, paths: [/]}}, {{name: o, service: s, paths: [/o]}}]
            plugins: {plugins}
            """
        )
    )


def configure(plugins: str, environment: dict[str, str] | None = None) -> tuple[PluginChain, Any]:
    config = read(plugins)
    return configure_plugins(config.plugins, PLUGINS, environment or {}), config.routes


def test_plugins_run_by_kongs_priorities() -> None:
    chain, routes = configure(
        "[{name: rate-limiting, config: {minute: 1}}, {name: cors}, "
        "{name: request-size-limiting}, {name: secret-plugin}]"
    )
    assert [one.plugin.name for one in chain.select(routes[0])] == [
        "secret-plugin",
        "cors",
        "request-size-limiting",
        "rate-limiting",
    ]


def test_the_most_special_scope_of_a_plugin_wins() -> None:
    chain, (route, other) = configure(
        "[{name: rate-limiting, config: {minute: 1}}, "
        "{name: rate-limiting, service: s, config: {minute: 2}}, "
        "{name: rate-limiting, route: r, config: {minute: 3}}]"
    )
    assert [one.config["minute"] for one in chain.select(route)] == [3]
    assert [one.config["minute"] for one in chain.select(other)] == [2]


def test_a_disabled_plugin_does_not_run() -> None:
    chain, routes = configure("[{name: cors, enabled: false}]")
    assert chain.select(routes[0]) == []


def test_the_config_holds_the_defaults_the_secret_and_kongs_own_keys() -> None:
    chain, (route, _) = configure(
        '[{name: secret-plugin, route: r, config: {secret: "{vault://env/my-key}", '
        'plain: "{vault://env/my-key}"}}]',
        {"MY_KEY": "s3cret"},
    )
    config = dict(chain.select(route)[0].config)
    assert config.pop("__plugin_id") == chain.select(route)[0].entry.id
    assert config.pop("__key__").startswith(f"plugins:secret-plugin:{route.id}:")
    del config["__ws_id"]
    assert config == {
        "secret": "s3cret",
        "plain": "{vault://env/my-key}",
        "names": [],
        "$refs": {"secret": "{vault://env/my-key}"},
        "route_id": route.id,
        "__seq__": 1,
    }


def test_a_secret_that_is_not_set_is_an_empty_text_and_no_refusal() -> None:
    chain, routes = configure('[{name: secret-plugin, config: {secret: "{vault://env/missing}"}}]')
    assert chain.select(routes[0])[0].config["secret"] == ""


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("[{name: key-auth}]", "plugins[0].name: plugin 'key-auth' not enabled"),
        ("[{name: cors, config: {origin: a}}]", "plugins[0].config.origin: unknown field"),
        ("[{name: cors, config: {max_age: a}}]", "plugins[0].config.max_age: expected a number"),
        ("[{name: rate-limiting}]", "plugins[0].config: at least one of these fields"),
        (
            "[{name: rate-limiting, config: {minute: 1, policy: redis}}]",
            "only the policy 'local' is implemented by the local gateway",
        ),
        (
            "[{name: rate-limiting, config: {minute: 1, redis: {host: a}}}]",
            "plugins[0].config.redis: not implemented by the local gateway",
        ),
        (
            "[{name: rate-limiting, config: {minute: 1, limit_by: header}}]",
            "plugins[0].config: header_name: required field missing",
        ),
        (
            "[{name: rate-limiting, config: {minute: 1, path: /a b}}]",
            "plugins[0].config.path: invalid value",
        ),
        (
            '[{name: secret-plugin, config: {secret: "{vault://aws/x}"}}]',
            "only the vault 'env' is implemented by the local gateway",
        ),
    ],
)
def test_a_config_that_its_schema_refuses_stops_the_start(plugins: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        configure(plugins)
    assert message in str(caught.value)
