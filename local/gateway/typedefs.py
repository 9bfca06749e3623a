"""Field definitions that several of Kong's schemas share (kong/db/schema/typedefs.lua)."""

from __future__ import annotations

from typing import Any

_PERCENT_ERROR = "invalid url-encoded value"

# What must not stand in any path: empty segments, and a "%" without two hex digits.
PATH_MISTAKES: list[dict[str, str]] = [
    {"pattern": "//", "err": "must not have empty segments"},
    {"pattern": "%%%X", "err": _PERCENT_ERROR},
    {"pattern": "%%%x%X", "err": _PERCENT_ERROR},
    {"pattern": "%%%x?$", "err": _PERCENT_ERROR},
]
PATH: dict[str, Any] = {
    "type": "string",
    "starts_with": "/",
    "match_none": PATH_MISTAKES,
    "match": "^/[%w._~/%%:@!$&'()*+,;=-]*$",
}
NAME = {
    "type": "string",
    # Letters, digits, ".", "-", "_", "~" and whatever is not ASCII.
    "match": "^[^%c !-,/:-@[-^`{-}]+$",
}
TAGS = {"type": "set", "elements": {"type": "string", "match": "^[^,/%c]+$"}}
UUID = {"type": "string", "uuid": True}
HEADER_NAME = {"type": "string", "match": "^[%w_-]+$"}
HOST = {"type": "string", "match": "^[%w._-]+$"}
METHOD = {"type": "string", "match": "^%u+$"}
# Milliseconds.
TIMEOUT = {"type": "integer", "between": [1, 2**31 - 2], "default": 60000}
