"""The PDK methods that a plugin server may call (kong/pdk/), and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from local.gateway.errors import PluginFailedError
from local.gateway.exchange import Exchange
from local.gateway.pdk.methods import METHODS, PdkContext

__all__ = ["call"]


async def call(
    method: str, arguments: list[Any], exchange: Exchange, variables: Mapping[str, str]
) -> Any:
    """Perform one PDK call of the access phase.

    ``variables`` are what KONG_NGINX_PROXY_SET defines. Raises EarlyAnswerError for
    kong.response.exit, PluginFailedError for a wrong argument and for every other method.
    """
    implementation = METHODS.get(method)
    if implementation is None:
        raise PluginFailedError(f"{method} is not implemented by the local gateway")
    # Lua's unpack() ends at the first nil.
    given = takewhile(lambda one: one is not None, arguments)
    return await implementation(PdkContext(exchange, variables), *(_to_lua(one) for one in given))


def _to_lua(value: Any) -> Any:
    """See a value as Lua does: strings are bytes, and nil in a table is absent."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {_to_lua(key): _to_lua(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_to_lua(item) for item in takewhile(lambda one: one is not None, value)]
    return value
