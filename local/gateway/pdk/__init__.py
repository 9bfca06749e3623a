"""The PDK methods that a plugin server may call (kong/pdk/), and what becomes of the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from local.gateway.errors import PluginFailedError
from local.gateway.exchange import Exchange
from local.gateway.pdk import about, request, response, service_request
from local.gateway.pdk.names import ACCESS_FORBIDS, is_known_to_kong
from local.gateway.pdk.types import PdkContext, PdkMethod, PdkServices

__all__ = ["PdkServices", "call"]

log = logging.getLogger(__name__)

_METHODS: Mapping[str, PdkMethod] = {
    **about.METHODS,
    **request.METHODS,
    **response.METHODS,
    **service_request.METHODS,
}


async def call(method: str, arguments: list[Any], exchange: Exchange, services: PdkServices) -> Any:
    """Perform one PDK call of the access phase.

    A method that Kong does not have is logged and gives nothing, as in Kong. Raises
    EarlyAnswerError for kong.response.exit and error, PluginFailedError for a wrong
    argument, and for a method that Kong has and this gateway has not.
    """
    if method in ACCESS_FORBIDS:
        raise PluginFailedError(f"{method}: function cannot be called in access phase")
    implementation = _METHODS.get(method)
    if implementation is not None:
        # Lua's unpack() ends at the first nil.
        given = takewhile(lambda one: one is not None, arguments)
        context = PdkContext(exchange, services)
        return await implementation(context, *(_to_lua(one) for one in given))
    if is_known_to_kong(method):
        raise PluginFailedError(f"{method} is not implemented by the local gateway")
    log.error("could not find pdk method: %s", method)
    return None


def _to_lua(value: Any) -> Any:
    """See a value as Lua does: strings are bytes, and nil in a table is absent."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {_to_lua(key): _to_lua(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_to_lua(item) for item in takewhile(lambda one: one is not None, value)]
    return value
