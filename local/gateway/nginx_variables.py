"""nginx's variables: its own, as far as the gateway has them, and one that is composed of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from local.gateway.errors import PluginFailedError
from local.gateway.exchange import Exchange

_SET = re.compile(r'^\$(\w+) "([^"]*)"$')
_REFERENCE = re.compile(r"\$(\w+)")
# nginx has many more; a plugin that reads one gets an error here, not a wrong value.
_NOT_IMPLEMENTED = re.compile(
    r"^(body_|bytes_|connection|cookie_|document_|hostname|https|limit_|msec|nginx_|pid|pipe|proxy_"
    r"|query|realpath_|remote_|request|scheme|sent_|server_|ssl_|status|tcpinfo_|time_|upstream_|uri)"
)


def parse_definition(text: str) -> dict[str, str]:
    """What nginx's directive `set` defines: a name, and a value that names other variables.

    Raises ValueError.
    """
    match = _SET.match(text.strip())
    if match is None:
        raise ValueError(f'expected $name "value", got {text!r}')
    return {match[1]: match[2]}


def find_variable(exchange: Exchange, defined: Mapping[str, str], name: str) -> str | None:
    """A variable's value; None where it has none, or nobody defined it.

    Raises PluginFailedError for one that nginx has and this gateway does not.
    """
    if name in defined:
        return _REFERENCE.sub(
            lambda reference: find_variable(exchange, {}, reference[1]) or "", defined[name]
        )
    request, headers = exchange.request, exchange.headers
    if name.startswith("http_"):
        return ", ".join(headers.getall(_header_name(name), [])) or None
    if name.startswith("arg_"):
        return _find_argument(request.query or "", name.removeprefix("arg_"))
    variables: Mapping[str, str | None] = {
        "remote_addr": exchange.client_address,
        "realip_remote_addr": request.peer,
        "host": request.host,
        "request_method": request.method,
        "request_uri": request.target,
        "scheme": "http",
        "server_port": str(request.server_port),
        "args": request.query or None,
        "query_string": request.query or None,
        "is_args": "?" if request.query else "",
        "content_type": headers.get("Content-Type"),
        "content_length": headers.get("Content-Length"),
        "kong_request_id": exchange.request_id,
    }
    if name not in variables and _NOT_IMPLEMENTED.match(name):
        raise PluginFailedError(
            f"kong.nginx.get_var('{name}') is not implemented by the local gateway"
        )
    return variables.get(name)


def _header_name(variable: str) -> str:
    return variable.removeprefix("http_").replace("_", "-")


def _find_argument(query: str, name: str) -> str | None:
    # nginx compares the name without case and leaves the value encoded.
    for pair in query.split("&"):
        key, mark, value = pair.partition("=")
        if mark and unquote(key).lower() == name.lower():
            return value
    return None
