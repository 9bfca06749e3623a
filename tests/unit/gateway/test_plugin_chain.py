"""Which plugins run, in which order, with which configuration."""

import time
from typing import Any

import pytest
import yaml

from local.gateway.config.kong_yml import parse_config
from local.gateway.config.schema import Field
from local.gateway.config.types import Route
from local.gateway.errors import StartError
from local.gateway.exchange import Exchange
from local.gateway.plugins.base import Plugin, PluginConfig
from local.gateway.plugins.chain import PluginChain, configure_plugins
from local.gateway.plugins.rate_limiting import RateLimiting
from local.gateway.plugins.request_size_limiting import RequestSizeLimiting


class SecretPlugin:
    """A plugin whose config holds a secret."""

    name = "secret-plugin"
    priority = 2500
    config_schema: Field = {  # noqa: RUF012 (a constant)
        "type": "record",
        "fields": [
            {"secret": {"type": "string", "referenceable": True}},
            {"plain": {"type": "string"}},
            {"names": {"type": "array", "elements": {"type": "string"}, "default": []}},
        ],
    }

    async def access(self, exchange: Exchange, config: PluginConfig) -> None:
        """Nothing to do."""


BUILT: tuple[Plugin, ...] = (RateLimiting(time.time), RequestSizeLimiting(), SecretPlugin())
PLUGINS = {plugin.name: plugin for plugin in BUILT}


def configure(plugins: str, environment: dict[str, str] | None = None) -> tuple[PluginChain, Route]:
    """A chain of the plugins of one service, and the service's route."""
    config = parse_config(
        yaml.safe_load(
            f"""
            _format_version: "3.0"
            services:
              - host: h
                plugins: {plugins}
                routes: [{{paths: [/], strip_path: false}}]
            """
        )
    )
    return configure_plugins(config.plugins, PLUGINS, environment or {}), config.routes[0]


def test_plugins_run_by_kongs_priorities() -> None:
    chain, route = configure(
        "[{name: rate-limiting, config: {minute: 1, limit_by: ip}}, "
        "{name: request-size-limiting}, {name: secret-plugin}]"
    )
    assert [one.plugin.name for one in chain.select(route)] == [
        "secret-plugin",
        "request-size-limiting",
        "rate-limiting",
    ]


def test_the_config_holds_the_defaults_the_secret_and_kongs_own_keys() -> None:
    chain, route = configure(
        '[{name: secret-plugin, config: {secret: "{vault://env/my-key}", '
        'plain: "{vault://env/my-key}"}}]',
        {"MY_KEY": "s3cret"},
    )
    config = dict(chain.select(route)[0].config)
    [entry] = route.plugins
    assert config.pop("__plugin_id") == entry.id
    service_id = config.pop("service_id")
    assert config.pop("__key__").startswith(f"plugins:secret-plugin::{service_id}:")
    del config["__ws_id"]
    assert config == {
        "secret": "s3cret",
        "plain": "{vault://env/my-key}",
        "names": [],
        "$refs": {"secret": "{vault://env/my-key}"},
        "__seq__": 1,
    }


def test_a_secret_that_is_not_set_is_an_empty_text_and_no_refusal() -> None:
    chain, route = configure('[{name: secret-plugin, config: {secret: "{vault://env/missing}"}}]')
    assert chain.select(route)[0].config["secret"] == ""


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ("[{name: key-auth}]", "plugins[0].name: plugin 'key-auth' not enabled"),
        ("[{name: secret-plugin, config: {a: b}}]", "plugins[0].config.a: unknown field"),
        ("[{name: secret-plugin, config: {plain: 1}}]", "config.plain: expected a string"),
        (
            "[{name: rate-limiting, config: {minute: 1, limit_by: ip, redis: {host: a}}}]",
            "plugins[0].config.redis: not implemented by the local gateway",
        ),
        (
            '[{name: secret-plugin, config: {secret: "{vault://aws/x}"}}]',
            "config.secret: only the vault 'env' is implemented by the local gateway",
        ),
    ],
)
def test_a_config_that_its_schema_refuses_stops_the_start(plugins: str, message: str) -> None:
    with pytest.raises(StartError) as caught:
        configure(plugins)
    assert message in str(caught.value)


def test_a_plugin_that_every_route_overrides_is_checked_all_the_same() -> None:
    document: dict[str, Any] = {
        "_format_version": "3.0",
        "services": [{"host": "h", "plugins": [{"name": "secret-plugin", "config": {"a": 1}}]}],
    }
    with pytest.raises(StartError, match=r"config\.a: unknown field"):
        configure_plugins(parse_config(document).plugins, PLUGINS, {})
