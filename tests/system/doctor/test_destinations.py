"""Conversions to ad platforms: faults of the file, its secrets, and what the database knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.conversions.destinations import load_destinations
from collector.doctor import database as of_database
from collector.doctor import destinations
from collector.doctor.finding import Status
from collector.doctor.options import Options
from collector.settings import Settings
from tests.integration.conversions.outbox import know, purchase, store
from tests.support import execute, fetch
from tests.system.doctor.examined import Seen, look, refuse
from tests.system.doctor.test_database_faults import GRANTED, own_role

FAILURE, WARNING, OK, SKIPPED = Status.FAILURE, Status.WARNING, Status.OK, Status.SKIPPED
GA4 = """
[shop]
platform = "ga4"
measurement_id = "G-ABC123"
api_secret = "env:GA4_SECRET"
"""
CHANCE = "8f1c0be47a92d3568f1c0be47a92d356"
HELD = "INSERT INTO destination_states (name, held_until) VALUES ('shop', now() + INTERVAL '20 s')"
WAITING = """
INSERT INTO deliveries
    (session_id, event_id, destination, name, state, from_page, happened_at, next_at)
VALUES
    ('s1', gen_random_uuid(), '{0}', 'purchase', 'pending', TRUE, now(), now() - INTERVAL '{1}')
"""
UNTOLD = """
INSERT INTO deliveries
    (session_id, event_id, destination, name, state, reason, from_page, happened_at, next_at)
SELECT 's', gen_random_uuid(), 'shop', 'purchase', 'suppressed', reason, TRUE, now(), now()
FROM unnest('{%s}'::text[]) AS reason
"""


def written(folder: Path, text: str = GA4) -> Path:
    """A file with this text."""
    file = folder / "destinations.toml"
    file.write_text(text)
    return file


async def look_at(database: str, file: Path | None) -> Seen:
    """What the doctor says beside `deliver` with this file, or without one."""
    settings = Settings(database_url=database, destinations_file=file)
    return await look(Options(database=database, settings=settings), destinations.GROUP)


@pytest.fixture
async def well(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a destination that is well."""
    monkeypatch.setenv("GA4_SECRET", CHANCE)
    file = written(tmp_path)
    await know(database, **load_destinations(file))
    await execute(database, HELD)
    await store(database, purchase(1, consent={"analytics_storage": "granted"}))
    assert (await look_at(database, file)).not_ok() == {}
    return file


async def test_where_there_are_no_destinations_nothing_is_looked_at(database: str) -> None:
    seen = await look_at(database, None)
    assert {line.finding.seen for line in seen.lines} == {
        "CT_DESTINATIONS_FILE is not set, and the database knows no destination"
    }
    assert set(seen.not_ok().values()) == {SKIPPED}


async def test_without_the_file_what_the_database_knows_is_looked_at(
    database: str, well: Path
) -> None:
    await execute(database, "UPDATE destination_states SET held_until = NULL")
    seen = await look(Options(database=database), destinations.GROUP)
    refuse(seen.of("destinations.sender", "shop"), FAILURE, "no process sends to it")
    refuse(seen.of("destinations.file"), SKIPPED, "is not set where the doctor runs")


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("shop", ["is not TOML"]),
        ("", ["no destination stands in the file"]),
        (
            GA4.replace("ga4", "fax") + '[other]\nplatform = "ga4"\nmeasurement_id = "G-ABC124"',
            ["[shop] platform: must be one of", "[other] api_secret: Field required"],
        ),
    ],
)
async def test_each_fault_of_the_file_is_a_line(
    database: str, well: Path, text: str, faults: list[str]
) -> None:
    written(well.parent, text)
    seen = await look_at(database, well)
    found = [line.finding for line in seen.lines if line.check == "destinations.file"]
    assert len(found) == len(faults)
    for finding, words in zip(found, faults, strict=True):
        refuse(finding, FAILURE, words)


async def test_a_wrong_file_is_said_once(database: str, well: Path) -> None:
    written(well.parent, "shop")
    seen = await look_at(database, well)
    refuse(seen.of("destinations.secrets"), SKIPPED, "destinations.file")
    assert seen.not_ok() == {
        "destinations.file": FAILURE,
        **dict.fromkeys(
            ("destinations.secrets", "destinations.known", "destinations.rights"), SKIPPED
        ),
    }


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (None, "the environment variable GA4_SECRET is not set"),
        (" ", "env:GA4_SECRET is empty"),
        ("your-secret", "env:GA4_SECRET is an example's"),
        ("<api secret>", "env:GA4_SECRET is an example's"),
    ],
)
async def test_a_secret_that_is_missing_or_an_examples_is_seen_and_not_shown(
    database: str, well: Path, secret: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if secret is None:
        monkeypatch.delenv("GA4_SECRET")
    else:
        monkeypatch.setenv("GA4_SECRET", secret)
    found = (await look_at(database, well)).of("destinations.secrets", "shop")
    refuse(found, FAILURE, words)
    assert "your-secret" not in str(found)


@pytest.mark.parametrize(
    ("fault", "check", "status", "words"),
    [
        ("DELETE FROM destinations", "destinations.known", FAILURE, "does not know it"),
        (
            "UPDATE destinations SET events = '{}'",
            "destinations.known",
            FAILURE,
            "no event is queued for it",
        ),
        (
            """UPDATE destinations SET events = '{"purchase": "Sale"}'""",
            "destinations.known",
            FAILURE,
            "another version",
        ),
        (
            "UPDATE destinations SET needs_consent = FALSE",
            "destinations.known",
            FAILURE,
            "another version",
        ),
        (
            "UPDATE destination_states SET held_until = now() - INTERVAL '1 s'",
            "destinations.sender",
            FAILURE,
            "no process sends to it",
        ),
        ("DELETE FROM destination_states", "destinations.sender", FAILURE, "no process sends"),
        (
            "UPDATE destination_states SET paused_at = now(), reason = 'revoked', "
            "advice = 'make another token'",
            "destinations.paused",
            FAILURE,
            "paused: revoked",
        ),
        (
            "UPDATE destination_states SET reason = 'no answer', failures = 1",
            "destinations.paused",
            WARNING,
            "takes nothing now: no answer",
        ),
        (WAITING.format("shop", "16 minutes"), "destinations.waiting", FAILURE, "oldest that is"),
        (WAITING.format("shop", "14 minutes"), "destinations.waiting", OK, "wait, the oldest"),
        (
            "UPDATE destination_states SET warning = 'v1 ends'",
            "destinations.version",
            WARNING,
            "v1 ends",
        ),
        (
            f"DELETE FROM deliveries; {UNTOLD % 'no_consent,no_consent,bot'}",
            "destinations.consent",
            WARNING,
            "all 2 of the last 7 days came without analytics_storage",
        ),
        (
            f"DELETE FROM deliveries; {UNTOLD % 'no_consent,consent_denied'}",
            "destinations.consent",
            OK,
            "1 were not sent",
        ),
        (UNTOLD % "no_consent", "destinations.consent", OK, "1 were not sent"),
        (
            "UPDATE conversion_events SET event_type = 'page_view'",
            "destinations.events",
            WARNING,
            "none came in the last 7 days, and others did",
        ),
        (
            "UPDATE conversion_events SET created_at = now() - INTERVAL '8 days'",
            "destinations.events",
            OK,
            "no event at all",
        ),
    ],
)
async def test_what_is_wrong_with_a_destination_is_seen(
    database: str, well: Path, fault: str, check: str, *, status: Status, words: str
) -> None:
    for statement in fault.split(";"):
        await execute(database, statement)
    refuse((await look_at(database, well)).of(check, "shop"), status, words)


async def test_what_mends_a_paused_destination_is_said(database: str, well: Path) -> None:
    await execute(
        database, "UPDATE destination_states SET paused_at = now(), reason = 'r', advice = 'do it'"
    )
    found = (await look_at(database, well)).of("destinations.paused", "shop")
    assert found.mend == "do it; then: conversion-tracking deliveries resume shop"


async def test_a_destination_that_left_the_file_is_seen_while_something_waits_for_it(
    database: str, well: Path
) -> None:
    other = well.with_name("other.toml")
    other.write_text(GA4.replace("shop", "former"))
    await know(database, **load_destinations(other), **load_destinations(well))
    refuse(
        (await look_at(database, well)).of("destinations.known", "former"),
        FAILURE,
        "events are queued for it, and it is not in the file",
    )
    await know(database, **load_destinations(well))
    assert (await look_at(database, well)).not_ok() == {}
    await execute(database, WAITING.format("former", "16 minutes"))
    seen = await look_at(database, well)
    refuse(seen.of("destinations.known", "former"), WARNING, "1 wait for it")
    assert seen.not_ok() == {"destinations.known": WARNING}


ROLE_FILE = Path(__file__).parents[3] / "deploy/postgres/deliver-role.sql"


async def test_the_file_of_delivers_role_grants_what_it_needs_and_no_more(
    database: str, well: Path
) -> None:
    lines = ROLE_FILE.read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("\\"))  # psql's own
    async with own_role(database) as (name, url):
        lacking = (await look_at(url, well)).of("destinations.rights")
        refuse(lacking, WARNING, "SELECT, INSERT, UPDATE on destination_states")
        await execute(database, text.replace(':"deliver"', name))
        granted = {tuple(row.values()) for row in await fetch(database, GRANTED, name)}
        seen = await look_at(url, well)
        assert seen.not_ok() == {}
    tables = ("deliveries", "destination_states", "destinations")
    assert granted == {
        *((table, right) for table in tables for right in ("SELECT", "INSERT", "UPDATE")),
        ("conversion_events", "SELECT"),
        ("schema_migrations", "SELECT"),
    }


async def test_a_collectors_role_is_not_told_of_the_rights_of_deliver(database: str) -> None:
    async with own_role(database) as (name, url):
        await execute(database, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
        await execute(database, f"REVOKE ALL ON destination_states FROM {name}")
        settings: dict[str, Any] = {"database_url": url}
        seen = await look(Options(database=url, settings=Settings(**settings)), of_database.GROUP)
    assert seen.of("database.rights").status is OK
