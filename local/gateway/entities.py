"""The parts of kong.yml that the gateway implements, in Kong's schema language.

Sources of types, ranges and defaults: kong/db/schema/entities/*.lua and typedefs.lua. What
is not listed here is refused, by name, at the start.
"""

from __future__ import annotations

from typing import Any

from local.gateway.schema import Field
from local.gateway.typedefs import HOST, METHOD, NAME, PATH, PATH_MISTAKES, TAGS, TIMEOUT, UUID

_UNKNOWN = "not implemented by the local gateway"

_IP_ADDRESS = {"pattern": "^%d+%.%d+%.%d+%.%d+$", "err": "no ip addresses allowed"}
_COMMON: list[dict[str, Any]] = [
    {"id": UUID},
    {"tags": TAGS},
    {"_comment": {"type": "string"}},
    {"_ignore": {"type": "array", "elements": {"type": "any"}}},
]


def _record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "unknown_message": _UNKNOWN, "fields": [*fields]}


def _list_of(entity: Field) -> dict[str, Any]:
    return {"type": "array", "elements": entity}


def _protocols(*allowed: str, default: list[str]) -> dict[str, Any]:
    elements = {
        "type": "string",
        "one_of": list(allowed),
        "err": "only http and https are implemented by the local gateway",
    }
    return {"type": "set", "len_min": 1, "required": True, "elements": elements, "default": default}


PLUGIN = _record(
    *_COMMON,
    {"name": {"type": "string", "required": True}},
    {"instance_name": NAME},
    {"enabled": {"type": "boolean", "required": True, "default": True}},
    # The config is checked against the plugin's own schema (plugin_chain.py).
    {
        "config": {
            "type": "map",
            "keys": {"type": "string"},
            "values": {"type": "any"},
            "default": {},
        }
    },
    {"protocols": _protocols("http", "https", "grpc", "grpcs", default=["http", "https"])},
)

ROUTE = _record(
    *_COMMON,
    {"name": NAME},
    {"protocols": _protocols("http", "https", default=["http", "https"])},
    {"methods": {"type": "set", "elements": METHOD}},
    {"hosts": {"type": "array", "elements": HOST}},
    {
        "paths": {
            "type": "array",
            "elements": {
                "type": "string",
                "match_any": {
                    "patterns": ["^/", "^~/"],
                    "err": "should start with: / (fixed path) or ~/ (regex path)",
                },
                "match_none": PATH_MISTAKES,
            },
        }
    },
    {"regex_priority": {"type": "integer", "default": 0}},
    {"strip_path": {"type": "boolean", "required": True, "default": True}},
    {"preserve_host": {"type": "boolean", "required": True, "default": False}},
    {"request_buffering": {"type": "boolean", "required": True, "default": True}},
    {"response_buffering": {"type": "boolean", "required": True, "default": True}},
    {"plugins": _list_of(PLUGIN)},
)

SERVICE = _record(
    *_COMMON,
    {"name": NAME},
    {"enabled": {"type": "boolean", "required": True, "default": True}},
    {"protocol": {"type": "string", "one_of": ["http"], "default": "http", "required": True}},
    {"host": {**HOST, "required": True}},
    {"port": {"type": "integer", "between": [0, 65535], "default": 80, "required": True}},
    {"path": PATH},
    {"retries": {"type": "integer", "between": [0, 32767], "default": 5}},
    {"connect_timeout": TIMEOUT},
    {"write_timeout": TIMEOUT},
    {"read_timeout": TIMEOUT},
    {"routes": _list_of(ROUTE)},
    {"plugins": _list_of(PLUGIN)},
)

_STATUSES = {"type": "array", "elements": {"type": "integer", "between": [100, 999]}}
_COUNT = {"type": "integer", "between": [0, 255], "default": 0}
_SECONDS = {"type": "number", "between": [0, 65535]}
_SUCCESS_STATUSES = [200, 201, 202, 203, 204, 205, 206, 207, 208, 226]
_REDIRECT_STATUSES = [300, 301, 302, 303, 304, 305, 306, 307, 308]
_ACTIVE_FAILURE_STATUSES = [429, 404, 500, 501, 502, 503, 504, 505]


def _check_type() -> dict[str, Any]:
    return {"type": "string", "one_of": ["http"], "default": "http"}


def _required(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "required": True}


_ACTIVE = _record(
    {"type": _check_type()},
    {"timeout": {**_SECONDS, "default": 1}},
    {"concurrency": {"type": "integer", "between": [1, 2**31], "default": 10}},
    {"http_path": {**PATH, "default": "/"}},
    {
        "healthy": _required(
            _record(
                {"interval": {**_SECONDS, "default": 0}},
                {"http_statuses": {**_STATUSES, "default": [200, 302]}},
                {"successes": _COUNT},
            )
        )
    },
    {
        "unhealthy": _required(
            _record(
                {"interval": {**_SECONDS, "default": 0}},
                {"http_statuses": {**_STATUSES, "default": _ACTIVE_FAILURE_STATUSES}},
                {"tcp_failures": _COUNT},
                {"timeouts": _COUNT},
                {"http_failures": _COUNT},
            )
        )
    },
)

_PASSIVE = _record(
    {"type": _check_type()},
    {
        "healthy": _required(
            _record(
                {"http_statuses": {**_STATUSES, "default": _SUCCESS_STATUSES + _REDIRECT_STATUSES}},
                {"successes": _COUNT},
            )
        )
    },
    {
        "unhealthy": _required(
            _record(
                {"http_statuses": {**_STATUSES, "default": [429, 500, 503]}},
                {"tcp_failures": _COUNT},
                {"timeouts": _COUNT},
                {"http_failures": _COUNT},
            )
        )
    },
)

TARGET = _record(
    *_COMMON,
    {"target": {"type": "string", "required": True}},
    {"weight": {"type": "integer", "between": [0, 65535], "default": 100}},
)

UPSTREAM = _record(
    *_COMMON,
    {"name": {**HOST, "required": True, "match_none": [_IP_ADDRESS]}},
    {"algorithm": {"type": "string", "one_of": ["round-robin"], "default": "round-robin"}},
    {
        "healthchecks": _required(
            _record(
                {"threshold": {"type": "number", "between": [0, 100], "default": 0}},
                {"active": _required(_ACTIVE)},
                {"passive": _required(_PASSIVE)},
            )
        )
    },
    {"targets": _list_of(TARGET)},
)


def _with_parent(entity: dict[str, Any], *parents: str) -> dict[str, Any]:
    # At the top level an entity names its parent; nested, it must not.
    references = [{parent: {"type": "string"}} for parent in parents]
    return {**entity, "fields": [*entity["fields"], *references]}


KONG_YML = _record(
    {"_format_version": {"type": "string", "required": True, "one_of": ["3.0"]}},
    {"_transform": {"type": "boolean", "default": True}},
    {"_comment": {"type": "string"}},
    {"_ignore": {"type": "array", "elements": {"type": "any"}}},
    {"services": _list_of(SERVICE)},
    {"routes": _list_of(_with_parent(ROUTE, "service"))},
    {"upstreams": _list_of(UPSTREAM)},
    {"targets": _list_of(_with_parent(TARGET, "upstream"))},
    {"plugins": _list_of(_with_parent(PLUGIN, "service", "route"))},
)
