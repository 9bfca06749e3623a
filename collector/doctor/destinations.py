"""Conversions to ad platforms: the file of destinations, and what the database knows of each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from collector.conversions.destination import Destination, DestinationError, read_secret
from collector.conversions.destinations import load_destinations
from collector.conversions.outbox import destination_row
from collector.doctor.check import Check, Group
from collector.doctor.deployment import LAST_DAYS, Deployment
from collector.doctor.finding import Finding, Skipped, failure, ok, warning
from collector.doctor.settings_checks import EXAMPLES

START = "conversion-tracking deliver"
DOCS = "docs/conversions.md"
LONGEST_WAIT_SECONDS = 900.0
# Shorter ones are made by people; in the tokens and keys of platforms any word may be chance.
MADE_BY_CHANCE_LENGTH = 64
SAME = ("platform", "events", "signal", "needs_consent", "takes_unsigned")

Row = Mapping[str, Any]


async def read_file(deployment: Deployment) -> Mapping[str, Destination]:
    """The destinations of the file. Raises Skipped where none is named, and DestinationError."""
    if deployment.options.settings_error:
        deployment.settings()
    settings = deployment.options.settings
    if settings is None or settings.destinations_file is None:
        await known(deployment)
        raise Skipped("CT_DESTINATIONS_FILE is not set where the doctor runs")
    return load_destinations(settings.destinations_file)


async def right_file(deployment: Deployment) -> Mapping[str, Destination]:
    """The same. Raises Skipped where the file is wrong too."""
    try:
        return await read_file(deployment)
    except DestinationError:
        raise Skipped("the file cannot be used (destinations.file)") from None


async def known(deployment: Deployment) -> Sequence[Row]:
    """What the database knows of each destination. Raises Skipped where it knows none."""
    rows = await deployment.find_destinations()
    if rows:
        return rows
    settings = deployment.options.settings
    if settings and settings.destinations_file:
        raise Skipped("the database knows no destination (destinations.known)")
    raise Skipped("CT_DESTINATIONS_FILE is not set, and the database knows no destination")


async def sent_to(deployment: Deployment) -> Sequence[Row]:
    """Those that events are queued for. Raises Skipped where there is none."""
    rows = [row for row in await known(deployment) if is_queued_for(row)]
    if not rows:
        raise Skipped("events are queued for no destination any more (destinations.known)")
    return rows


def is_queued_for(row: Row) -> bool:
    """Whether new events go to it."""
    return bool(json.loads(row["events"]))


async def check_file(deployment: Deployment) -> Finding | list[Finding]:
    """The file can be read, and each destination in it is right. Raises Skipped."""
    try:
        destinations = await read_file(deployment)
    except DestinationError as error:
        expected = "a destination that can be sent to"
        mend = f"correct it ({DOCS}#setting-up)"
        return [failure(line, expected, mend) for line in str(error).splitlines()]
    if not destinations:
        return failure("no destination stands in the file", "one or more", f"{DOCS}#setting-up")
    return ok(", ".join(destinations))


async def check_secrets(deployment: Deployment) -> list[Finding]:
    """The secrets that the file leads to are there, and no example's. Raises Skipped."""
    destinations = await right_file(deployment)
    return [judge_secrets(name, destination) for name, destination in destinations.items()]


def judge_secrets(name: str, destination: Destination) -> Finding:
    """The secrets of one destination; nothing of them is shown."""
    where = "the platform's own (docs/destinations.md), and in the doctor's environment too"
    references = [v for v in vars(destination).values() if is_reference(v)]
    try:
        secrets = {reference: read_secret(reference) for reference in references}
        destination.open()
    except DestinationError as error:
        return failure(str(error), "a secret that can be used", where, name)
    for reference, secret in secrets.items():
        if is_example(secret.get_secret_value()):
            return failure(f"{reference} is an example's", "the platform's", where, name)
    return ok(f"{', '.join(references)}: set", name)


def is_reference(value: object) -> bool:
    """Whether a field says where a secret is."""
    return isinstance(value, str) and value.startswith(("env:", "file:"))


def is_example(secret: str) -> bool:
    """Whether it was never replaced."""
    lower = secret.lower()
    return len(secret) < MADE_BY_CHANCE_LENGTH and any(example in lower for example in EXAMPLES)


async def check_known(deployment: Deployment) -> list[Finding]:
    """The database has what the file says, so that it is queued for. Raises Skipped."""
    told = await right_file(deployment)
    rows = {row["name"]: row for row in await deployment.find_destinations()}
    return [
        *(judge_known(name, one, rows.get(name)) for name, one in told.items()),
        *(judge_left(row) for name, row in rows.items() if name not in told),
    ]


def judge_known(name: str, destination: Destination, row: Row | None) -> Finding:
    """Whether the database knows a destination of the file, as it stands there."""
    expected = "what the file has"
    if row is None or not is_queued_for(row):
        seen = "the database does not know it: no event is queued for it"
        return failure(seen, expected, f"start {START} with this file", name)
    told = destination_row(name, destination)
    if any(told[field] != known_field(row, field) for field in SAME):
        seen = "the database has another version of it than the file"
        return failure(seen, expected, f"start {START} again, with this file", name)
    return ok("known as the file has it", name)


def judge_left(row: Row) -> Finding:
    """Of one that is not in the file."""
    name = row["name"]
    if is_queued_for(row):
        seen = "events are queued for it, and it is not in the file"
        mend = f"start {START} again, with this file; or name the file that has it"
        return failure(seen, "what the file has", mend, name)
    seen = f"{row['pending']} wait for it, and it is not in the file"
    return warning(seen, "nothing", "put it back, or wait until they expire", name)


def known_field(row: Row, field: str) -> Any:
    """A column as the file tells it."""
    return json.loads(row[field]) if field == "events" else row[field]


async def check_sender(deployment: Deployment) -> list[Finding]:
    """A process sends to each. Raises Skipped."""
    return [
        ok("a process sends to it", row["name"])
        if row["is_held"]
        else failure(
            "no process sends to it", "one", f"start {START}; look at its log", row["name"]
        )
        for row in await sent_to(deployment)
    ]


async def check_paused(deployment: Deployment) -> list[Finding]:
    """None waits for somebody to mend it. Raises Skipped."""
    return [judge_pause(row) for row in await sent_to(deployment)]


def judge_pause(row: Row) -> Finding:
    """Whether a destination takes what it is sent."""
    name = row["name"]
    if row["is_paused"]:
        mend = f"{row['advice']}; then: conversion-tracking deliveries resume {name}"
        return failure(f"paused: {row['reason']}", "a platform that takes conversions", mend, name)
    if row["reason"]:
        mend = "wait: it is tried again by itself"
        return warning(f"takes nothing now: {row['reason']}", "a platform that answers", mend, name)
    return ok("not paused", name)


async def check_waiting(deployment: Deployment) -> list[Finding]:
    """Nothing that is due waits for long. Raises Skipped."""
    return [judge_waiting(row) for row in await sent_to(deployment)]


def judge_waiting(row: Row) -> Finding:
    """How long what is due waits."""
    seen = f"{row['pending']} wait, the oldest that is due for {row['oldest_seconds']:.0f} s"
    if row["oldest_seconds"] <= LONGEST_WAIT_SECONDS:
        return ok(seen, row["name"])
    return failure(
        seen,
        f"{LONGEST_WAIT_SECONDS:.0f} s at most",
        "destinations.sender and destinations.paused say why, or the log of deliver does",
        row["name"],
    )


async def check_version(deployment: Deployment) -> list[Finding]:
    """No platform stops to answer the version that is used. Raises Skipped."""
    mend = "raise the version in the file, or take a newer release (docs/destinations.md)"
    return [
        warning(row["warning"], "a version that stays", mend, row["name"])
        if row["warning"]
        else ok("its platform's version stays", row["name"])
        for row in await sent_to(deployment)
    ]


async def check_consent(deployment: Deployment) -> list[Finding]:
    """Pages say what their visitors consented to. Raises Skipped."""
    return [judge_consent(row) for row in await sent_to(deployment)]


def judge_consent(row: Row) -> Finding:
    """Whether all events came without a word of consent."""
    count = row["without_consent"]
    if not count or row["has_others"]:
        return ok(f"{count} were not sent without a word of consent", row["name"])
    return warning(
        f"all {count} of the last {LAST_DAYS} days came without {row['signal']} in `consent`: none "
        "is sent",
        "events whose page tells it",
        f"have pages send `consent` ({DOCS}#what-is-sent-and-what-is-not); or consent = "
        '"not_denied", where none is needed',
        row["name"],
    )


async def check_events(deployment: Deployment) -> list[Finding]:
    """Events come that it is sent. Raises Skipped."""
    return [judge_events(row) for row in await sent_to(deployment)]


def judge_events(row: Row) -> Finding:
    """Whether events came of the types that it is told of."""
    types = ", ".join(json.loads(row["events"]))
    if row["has_events"]:
        return ok(f"{types}: some came in the last {LAST_DAYS} days", row["name"])
    if not row["events_come"]:
        return ok(f"no event at all came in the last {LAST_DAYS} days", row["name"])
    return warning(
        f"{types}: none came in the last {LAST_DAYS} days, and others did",
        "events of these types",
        "compare `events` in the file with the event_type that pages send (report event_types)",
        row["name"],
    )


async def check_rights(deployment: Deployment) -> Finding:
    """What the role of `deliver` may do with the tables. Raises Skipped."""
    await right_file(deployment)
    settings = deployment.settings()
    rows = [r for r in await deployment.fetch("doctor_rights") if r["what_for"] == "deliver"]
    if not rows:
        return ok("the role has the rights of deliver")
    lacking = ", ".join(f"{row['missing']} on {row['table_name']}" for row in rows)
    if settings.database_url != deployment.options.database:
        raise Skipped(f"this role is perhaps not deliver's: it lacks {lacking}")
    return warning(
        f"the role lacks {lacking}: a collector needs none of it, deliver does",
        "a role of its own for deliver, or these rights",
        "deploy/postgres/deliver-role.sql grants them; give the doctor deliver's CT_DATABASE_URL",
    )


GROUP = Group(
    "Destinations",
    (
        Check("destinations.file", check_file),
        Check("destinations.secrets", check_secrets),
        Check("destinations.known", check_known),
        Check("destinations.rights", check_rights),
        Check("destinations.sender", check_sender),
        Check("destinations.paused", check_paused),
        Check("destinations.waiting", check_waiting),
        Check("destinations.version", check_version),
        Check("destinations.consent", check_consent),
        Check("destinations.events", check_events),
    ),
)
