"""nginx's variables, and the one that a deployment composes of them."""

from __future__ import annotations

import pytest

from local.gateway.errors import PluginFailedError
from local.gateway.pdk.nginx_variables import find_variable
from local.up import REQUEST_VARIABLE
from tests.unit.gateway.exchanges import make_exchange

EXCHANGE = make_exchange(
    "POST", "/a", [("Origin", "https://a.test"), ("X-Two", "1"), ("X-Two", "2")]
)


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("$request_method", "POST"),
        ("$request_method $http_origin $http_x_none|", "POST https://a.test |"),
        ("$http_x_two", "1, 2"),
        ("as it stands", "as it stands"),
        ("$kong_request_id", "f" * 32),
        ("$ct_a$ct_nobody", ""),
        (REQUEST_VARIABLE.split('"')[1], f"{'f' * 32} POST 192.0.2.1 https://a.test    {'f' * 32} "),
    ],
)
def test_a_variable_is_composed_for_each_request(definition: str, value: str) -> None:
    assert find_variable(EXCHANGE, {"ct_a": definition}, "ct_a") == value


def test_a_variable_that_nobody_defines_has_no_value() -> None:
    assert find_variable(EXCHANGE, {}, "ct_request") is None


@pytest.mark.parametrize(
    "name", ["upstream_addr", "ssl_protocol", "request_length", "host", "arg_a"]
)
def test_a_variable_that_nginx_has_and_the_gateway_has_not_fails_the_plugin(name: str) -> None:
    with pytest.raises(PluginFailedError, match=name):
        find_variable(EXCHANGE, {}, name)
