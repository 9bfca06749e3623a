"""What google.rpc's errors mean, as the Data Manager API answers with them. Pure.

https://developers.google.com/data-manager/api/devguides/concepts/understand-errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from collector.conversions.conversion import Answer, Broken, Later, Refused, Unclear
from collector.conversions.platforms.wire import (
    SERVER_FAULT,
    object_in,
    objects_in,
    retry_after,
    short,
    text_in,
)

UNAUTHENTICATED, TOO_MANY = 401, 429
AWAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED"}
OF_THE_DESTINATION = {"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "FAILED_PRECONDITION"}
PLACE = re.compile(r"(?:events\.)?events\[(\d{1,9})\]")
# Reasons that may stand at an event, and are the account's all the same.
OF_THE_ACCOUNT = re.compile(
    r"DESTINATION_ACCOUNT_\w+|NOT_ALLOWLISTED|INVALID_CONVERSION_ACTION_(ID|TYPE)|\w+_TERMS_NOT_SIGNED"
)
MINUTE, HOUR = 60.0, 3600.0

Violations = Sequence[Mapping[str, Any]]


def read_error(status: int, error: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """What google.rpc's error means: by its status, its ErrorInfo and its list of violations."""
    details = objects_in(error, "details")
    info = detail_of(details, "ErrorInfo")
    metadata = object_in(info, "metadata")
    name = text_in(error, "status") or ""
    reason = (
        f"HTTP {status} {name} {text_in(info, 'reason') or ''}: {text_in(error, 'message') or ''} "
        f"(request {text_in(metadata, 'requestId')})"
    )
    if status == TOO_MANY:
        return Later(reason, retry_after(headers) or pause_of(metadata))
    if status == UNAUTHENTICATED or name in OF_THE_DESTINATION:
        return Broken(reason, advice_of(name, metadata))
    if status >= SERVER_FAULT or name in AWAY or not error:
        return Later(reason, retry_after(headers))
    return read_violations(reason, objects_in(detail_of(details, "BadRequest"), "fieldViolations"))


def detail_of(details: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    """The detail of a kind; an empty one where there is none."""
    kinds = (one for one in details if str(one.get("@type", "")).endswith(f"google.rpc.{kind}"))
    return next(kinds, {})


def pause_of(metadata: Mapping[str, Any]) -> float:
    """A day's quota comes back at midnight in California: an hour finds that soon enough."""
    return HOUR if "PerDay" in str(metadata.get("quota_limit")) else MINUTE


def advice_of(name: str, metadata: Mapping[str, Any]) -> str:
    """What to do where Google lets nobody in."""
    if url := metadata.get("activationUrl"):
        return f"switch the Data Manager API on: {url}"
    if name == "UNAUTHENTICATED":
        return "make new credentials"
    return "let the credentials' account into the account, and look at the ids of the destination"


def told_by(violation: Mapping[str, Any]) -> str:
    """A field that is wrong, or a warning of one, in a line."""
    return short(
        " ".join(str(violation.get(part, "")) for part in ("field", "reason", "description"))
    )


def read_violations(reason: str, violations: Violations) -> Answer:
    """Which events are wrong; or that the destination is, whatever else may be."""
    wrong: dict[int, str] = {}
    for violation in violations:
        field, why = str(violation.get("field", "")), str(violation.get("reason", ""))
        told = told_by(violation)
        if field.startswith("destinations") or OF_THE_ACCOUNT.fullmatch(why):
            return Broken(f"{reason} {told}", "look at the account and its ids in the destination")
        if not (place := PLACE.match(field)):
            return Unclear(f"{reason} {told}")
        wrong[int(place[1])] = told
    return Refused(wrong) if wrong else Unclear(reason)
