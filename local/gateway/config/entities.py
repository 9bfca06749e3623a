"""The parts of kong.yml that the gateway implements, in Kong's schema language.

Sources of types, ranges and defaults: kong/db/schema/entities/*.lua and typedefs.lua. What
is not listed here is refused, by name, at the start.
"""

from __future__ import annotations

from typing import Any

from local.gateway.config.schema import NOT_IMPLEMENTED, Field, only, record

# Letters, digits, ".", "-", "_", "~" and whatever is not ASCII.
_NAME = {"name": {"type": "string", "regex": r"[\w.~-]+"}}
_TAGS = {"tags": {"type": "array", "elements": {"type": "string", "regex": r"[^,/\x00-\x1f\x7f]+"}}}
_HOST = {"type": "string", "regex": r"[A-Za-z0-9._-]+", "required": True}
_PORT = {"type": "integer", "between": [0, 65535], "default": 80}
_MILLISECONDS = {"type": "integer", "between": [1, 2**31 - 2], "default": 60000}


def _list_of(entity: Field) -> dict[str, Any]:
    return {"type": "array", "elements": entity}


_PROTOCOLS = {
    "protocols": {
        "type": "array",
        "default": ["http", "https"],
        "contains": "http",
        "err": f"a list without http is {NOT_IMPLEMENTED}",
        "elements": {"type": "string", "one_of": ["http", "https"]},
    }
}

_PLUGIN = record(
    {"name": {"type": "string", "required": True}},
    # The config is checked against the plugin's own schema (plugins/chain.py).
    {"config": {"type": "map", "default": {}}},
    _PROTOCOLS,
    _TAGS,
)

_PATH = {
    "type": "string",
    "regex": r"~/.*|/[A-Za-z0-9._~/-]*",
    "err": "expected /path of letters, digits and . _ ~ - or ~/regular expression",
}

_ROUTE = record(
    _NAME,
    {"paths": {**_list_of(_PATH), "required": True, "len_min": 1}},
    {"methods": _list_of({"type": "string", "regex": "[A-Z]+"})},
    {"strip_path": only(False, required=True)},
    _PROTOCOLS,
    _TAGS,
    {"plugins": _list_of(_PLUGIN)},
)

_SERVICE = record(
    _NAME,
    {"protocol": only("http", default="http")},
    {"host": _HOST},
    {"port": _PORT},
    {"retries": {"type": "integer", "between": [0, 32767], "default": 5}},
    {"connect_timeout": _MILLISECONDS},
    {"write_timeout": _MILLISECONDS},
    {"read_timeout": _MILLISECONDS},
    _TAGS,
    {"routes": _list_of(_ROUTE)},
    {"plugins": _list_of(_PLUGIN)},
)

# Checked, but without effect: no target is ever taken out.
_SECONDS = {"type": "number", "between": [0, 65535], "required": True}
_COUNT = {"type": "integer", "between": [0, 255], "required": True}
_STATUSES = {**_list_of({"type": "integer", "between": [100, 999]}), "required": True}
_COUNTED_SUCCESSES = ({"http_statuses": _STATUSES}, {"successes": _COUNT})
_COUNTED_FAILURES = (
    {"http_statuses": _STATUSES},
    {"http_failures": _COUNT},
    {"tcp_failures": _COUNT},
    {"timeouts": _COUNT},
)

_ACTIVE = record(
    {"type": only("http", required=True)},
    {"http_path": {"type": "string", "regex": r"/[A-Za-z0-9._~/-]*", "required": True}},
    {"timeout": _SECONDS},
    {"concurrency": {"type": "integer", "between": [1, 2**31]}},
    {"healthy": record({"interval": _SECONDS}, *_COUNTED_SUCCESSES)},
    {"unhealthy": record({"interval": _SECONDS}, *_COUNTED_FAILURES)},
)
_PASSIVE = record(
    {"type": only("http", required=True)},
    {"healthy": record(*_COUNTED_SUCCESSES)},
    {"unhealthy": record(*_COUNTED_FAILURES)},
)

_TARGET = record(
    {"target": {"type": "string", "regex": r"[A-Za-z0-9._-]+:\d{1,5}", "required": True}},
    {"weight": {"type": "integer", "between": [1, 65535], "default": 100}},
    _TAGS,
)

_UPSTREAM = record(
    {"name": _HOST},
    {"algorithm": only("round-robin", default="round-robin")},
    _TAGS,
    {
        "targets": {
            **_list_of(_TARGET),
            "required": True,
            "len_eq": 1,
            "err": f"another number of targets than one is {NOT_IMPLEMENTED}",
        }
    },
    # Kong has defaults for each of their fields; here all of them are named.
    {"healthchecks": record({"active": _ACTIVE}, {"passive": _PASSIVE})},
)

KONG_YML = record(
    {"_format_version": {"type": "string", "required": True, "one_of": ["3.0"]}},
    {"services": _list_of(_SERVICE)},
    {"routes": _list_of(_ROUTE)},
    {"upstreams": _list_of(_UPSTREAM)},
)
