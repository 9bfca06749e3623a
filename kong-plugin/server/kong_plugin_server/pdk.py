"""The object `kong` that a plugin's phase is given, and the methods that Kong has.

The set of methods is fixed by Kong's pluginsocket.proto (Kong 3.9.1). A name outside it
raises in the plugin: sent to Kong, it would turn the request into a 500.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kong_plugin_server.messages import DECODERS, ENCODERS, Decoder, Encoder

# name: what it takes -> what it gives. Routes, services, consumers, credentials, memory
# statistics and captures of a URI are left out: nobody has needed them here yet.
_METHODS = """
client.get_ip: nothing -> text
client.get_forwarded_ip: nothing -> text
client.get_port: nothing -> integer
client.get_forwarded_port: nothing -> integer
client.get_protocol: flag -> text
ctx.shared.set: pair -> nothing
ctx.shared.get: text -> value
ip.is_trusted: text -> flag
log.alert: texts -> nothing
log.crit: texts -> nothing
log.err: texts -> nothing
log.warn: texts -> nothing
log.notice: texts -> nothing
log.info: texts -> nothing
log.debug: texts -> nothing
log.set_serialize_value: pair -> nothing
log.serialize: nothing -> text
nginx.get_var: text -> text
nginx.get_tls1_version_str: nothing -> text
nginx.set_ctx: pair -> text
nginx.get_ctx: text -> value
nginx.req_start_time: nothing -> number
nginx.get_subsystem: nothing -> text
node.get_id: nothing -> text
request.get_scheme: nothing -> text
request.get_host: nothing -> text
request.get_port: nothing -> integer
request.get_forwarded_scheme: nothing -> text
request.get_forwarded_host: nothing -> text
request.get_forwarded_port: nothing -> integer
request.get_http_version: nothing -> number
request.get_method: nothing -> text
request.get_path: nothing -> text
request.get_path_with_query: nothing -> text
request.get_raw_query: nothing -> text
request.get_query_arg: text -> text
request.get_query: integer -> struct
request.get_header: text -> text
request.get_headers: integer -> struct
request.get_raw_body: nothing -> body
response.get_status: nothing -> integer
response.get_header: text -> text
response.get_headers: integer -> struct
response.get_source: nothing -> text
response.set_status: integer -> nothing
response.set_header: pair -> nothing
response.add_header: pair -> nothing
response.clear_header: text -> nothing
response.set_headers: headers -> nothing
response.exit: exit -> nothing
service.set_upstream: text -> flag
service.set_target: target -> nothing
service.request.set_scheme: text -> nothing
service.request.set_path: text -> nothing
service.request.set_raw_query: text -> nothing
service.request.set_method: text -> nothing
service.request.set_query: struct -> nothing
service.request.set_header: pair -> nothing
service.request.add_header: pair -> nothing
service.request.clear_header: text -> nothing
service.request.set_headers: struct -> nothing
service.request.set_raw_body: bytes -> nothing
service.response.get_status: nothing -> integer
service.response.get_header: text -> text
service.response.get_headers: integer -> struct
service.response.get_raw_body: nothing -> bytes
"""

# What Kong takes where a plugin names no maximum. Left out, it would arrive as 0: a 500.
_DEFAULT_MAXIMUM = 100
_WITH_MAXIMUM = frozenset({"get_headers", "get_query"})

EXIT = "kong.response.exit"


class PdkError(Exception):
    """A plugin called what Kong does not have, or with what it cannot take."""


class Method:
    """One method of Kong: its name and how its arguments and its result travel."""

    __slots__ = ("_encode", "decode", "is_silent", "name", "wire_name")

    def __init__(self, name: str, encode: Encoder, decode: Decoder, *, is_silent: bool) -> None:
        self.name = name
        self.wire_name = name.encode()
        self._encode = encode
        self.decode = decode
        self.is_silent = is_silent
        """Whether it gives no result, so that nobody needs to wait for it."""

    def encode(self, arguments: tuple[Any, ...]) -> bytes:
        """The message for these arguments. Raises PdkError."""
        if not arguments and self.name.rpartition(".")[2] in _WITH_MAXIMUM:
            arguments = (_DEFAULT_MAXIMUM,)
        try:
            return self._encode(*arguments)
        except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise PdkError(f"{self.name}{arguments!r}: {error}") from error


def _parse_methods(text: str) -> dict[str, Method]:
    methods = {}
    for line in text.strip().splitlines():
        name, _, types = line.partition(": ")
        takes, _, gives = types.partition(" -> ")
        full_name = f"kong.{name}"
        methods[full_name] = Method(
            full_name, ENCODERS[takes], DECODERS[gives], is_silent=gives == "nothing"
        )
    return methods


def _grow_tree(methods: Mapping[str, Method]) -> dict[str, Any]:
    """The methods by the parts of their names: {"request": {"get_header": Method, ...}}."""
    tree: dict[str, Any] = {}
    for name, method in methods.items():
        *namespaces, last = name.split(".")[1:]
        branch = tree
        for namespace in namespaces:
            branch = branch.setdefault(namespace, {})
        branch[last] = method
    return tree


METHODS = _parse_methods(_METHODS)
_TREE = _grow_tree(METHODS)


def find_method(name: str) -> Method:
    """The method of this name. Raises PdkError where Kong has none."""
    method = METHODS.get(name)
    if method is None:
        raise PdkError(f"Kong has no method {name} for plugin servers")
    return method


class Kong:
    """`kong`, and each namespace below it: `kong.request`, `kong.service.request` ..."""

    __slots__ = ("_branch", "_call", "_name")

    def __init__(
        self,
        call: Callable[..., Any],
        name: str = "kong",
        branch: Mapping[str, Any] = _TREE,
    ) -> None:
        self._call = call
        self._name = name
        self._branch = branch

    def __getattr__(self, name: str) -> Any:
        found = self._branch.get(name)
        if isinstance(found, Method):
            return partial(self._call, found)
        if found is None:
            raise PdkError(f"Kong has no {self._name}.{name} for plugin servers")
        return Kong(self._call, f"{self._name}.{name}", found)
