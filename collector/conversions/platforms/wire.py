"""What the modules of the platforms share: JSON out and in, and what is kept of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from collector.redaction.addresses import without_emails

MOST_CHARACTERS = 300  # of a platform's own words, in a reason
HASH = re.compile(r"\b[0-9a-fA-F]{32,}\b")
SERVER_FAULT = 500  # and above
SECONDS = re.compile(r"[0-9]{1,6}")
JSON_HEADERS = {"Content-Type": "application/json"}

# Amounts go as the digits that they are stored with, through no float.
encode_json = msgspec.json.Encoder(decimal_format="number").encode


def decode_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object of an answer; None where it is none, as with the HTML of a proxy."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def object_in(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object of that name; an empty one where it is none."""
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def list_in(answer: Mapping[str, Any], name: str) -> list[Any]:
    """The list of that name; an empty one where it is none."""
    found = answer.get(name)
    return found if isinstance(found, list) else []


def objects_in(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of the list of that name."""
    return [one for one in list_in(answer, name) if isinstance(one, dict)]


def text_in(answer: Mapping[str, Any], name: str) -> str | None:
    """The text of that name, in one line; None where it is none."""
    found = answer.get(name)
    return short(found) if isinstance(found, str) else None


def number_in(answer: Mapping[str, Any], name: str) -> int | None:
    """The whole number of that name; None where it is none."""
    found = answer.get(name)
    return found if isinstance(found, int) else None


def known(**fields: Any) -> dict[str, Any]:
    """Those that are known. Nothing is sent as null or empty."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def short(text: object) -> str:
    """A platform's words in one line, without what they may repeat of a visitor."""
    line = " ".join(str(text).split())
    return HASH.sub("(a hash)", without_emails(line))[:MOST_CHARACTERS]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of Retry-After, where it says seconds and not a date: at most eleven days."""
    value = headers.get("retry-after", "").strip()
    return float(value) if SECONDS.fullmatch(value) else None


def not_later(happened_at: datetime, now: datetime) -> datetime:
    """When it happened. A device's clock may be ahead; platforms refuse what is yet to come."""
    return min(happened_at, now)


def is_away(status: int) -> bool:
    """Whether a status says that another try may do: a time-out, too many, a fault there."""
    return status in (408, 425, 429) or status >= SERVER_FAULT
