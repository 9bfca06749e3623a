"""nginx's variables: its own, as far as the plugin needs them, and one that is composed of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.gateway.errors import PluginFailedError
from local.gateway.exchange import Exchange

_REFERENCE = re.compile(r"\$(\w+)")
# A name that the plugin's settings may use (its schema has the same rule): where nobody defines
# it, it has no value. Any other may be one of nginx's, and gives an error, not a wrong value.
_OUR_NAME = re.compile(r"ct_\w+")


def find_variable(exchange: Exchange, defined: Mapping[str, str], name: str) -> str | None:
    """A variable's value; None where it has none, or nobody defined it.

    Raises PluginFailedError for one that nginx may have and this gateway does not.
    """
    if name in defined:
        return _REFERENCE.sub(
            lambda reference: find_variable(exchange, {}, reference[1]) or "", defined[name]
        )
    if name == "kong_request_id":
        return exchange.request_id
    if name == "request_method":
        return exchange.request.method
    if name == "remote_addr":
        return exchange.request.peer
    if name.startswith("http_"):
        header = name.removeprefix("http_").replace("_", "-")
        return ", ".join(exchange.headers.getall(header, [])) or None
    if _OUR_NAME.fullmatch(name):
        return None
    raise PluginFailedError(f"nginx's variable ${name} is not implemented by the local gateway")
