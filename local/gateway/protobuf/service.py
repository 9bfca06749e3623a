"""Which PDK methods can be called over ProtoBuf:1, with which messages (pluginsocket.proto)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.gateway.errors import PluginFailedError
from local.gateway.plugin_rpc import RpcError
from local.gateway.protobuf import messages


@dataclass(frozen=True)
class Signature:
    """How a method's arguments are decoded, and its result encoded; both may raise
    PluginFailedError."""

    decode_arguments: Callable[[bytes], list[Any]]
    encode_result: Callable[[Any], bytes]


_GET_TEXT = Signature(messages.decode_nothing, messages.encode_string)
_FIND_TEXT = Signature(messages.decode_string, messages.encode_string)
_GET_TABLE = Signature(messages.decode_int, messages.encode_table)
_SET_ONE = Signature(messages.decode_key_value, messages.encode_nothing)
_SET_ALL = Signature(messages.decode_table, messages.encode_nothing)
_EXIT = Signature(messages.decode_exit, messages.encode_nothing)
_LOG = Signature(messages.decode_log_parts, messages.encode_nothing)

SIGNATURES: Mapping[str, Signature] = {
    "kong.client.get_forwarded_ip": _GET_TEXT,
    "kong.nginx.get_var": _FIND_TEXT,
    "kong.request.get_method": _GET_TEXT,
    "kong.request.get_header": _FIND_TEXT,
    "kong.request.get_headers": _GET_TABLE,
    "kong.response.set_header": _SET_ONE,
    "kong.response.set_headers": _SET_ALL,
    "kong.response.exit": _EXIT,
    "kong.service.request.set_header": _SET_ONE,
    "kong.service.request.set_headers": _SET_ALL,
    **{
        f"kong.log.{level}": _LOG
        for level in ("alert", "crit", "err", "warn", "notice", "info", "debug")
    },
}

# What Kong's service has besides.
_NOT_IMPLEMENTED = frozenset(
    f"{prefix}.{name}"
    for prefix, names in {
        "kong.client": (
            "get_ip get_port get_forwarded_port get_credential load_consumer get_consumer "
            "authenticate get_protocol"
        ),
        "kong.ctx.shared": "set get",
        "kong.ip": "is_trusted",
        "kong.log": "set_serialize_value serialize",
        "kong.nginx": "get_tls1_version_str set_ctx get_ctx req_start_time get_subsystem",
        "kong.node": "get_id get_memory_stats",
        "kong.request": (
            "get_scheme get_host get_port get_forwarded_scheme get_forwarded_host "
            "get_forwarded_port get_http_version get_path get_path_with_query get_raw_query "
            "get_query_arg get_query get_raw_body get_uri_captures"
        ),
        "kong.response": (
            "get_status get_header get_headers get_source set_status add_header clear_header"
        ),
        "kong.router": "get_route get_service",
        "kong.service": "set_upstream set_target",
        "kong.service.request": (
            "set_scheme set_path set_raw_query set_method set_query add_header clear_header "
            "set_raw_body"
        ),
        "kong.service.response": "get_status get_header get_headers get_raw_body",
    }.items()
    for name in names.split()
)


def find_signature(method: str) -> Signature:
    """Find the messages of a method.

    Raises RpcError for a method that Kong's service does not have, as Kong does, and
    PluginFailedError for one that it has and this gateway has not.
    """
    if method in _NOT_IMPLEMENTED:
        raise PluginFailedError(f"{method} is not implemented by the local gateway")
    if method not in SIGNATURES:
        raise RpcError(f'method "{method}" not found')
    return SIGNATURES[method]
