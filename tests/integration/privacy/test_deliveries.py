"""What waits for ad platforms, and what became of it there, goes as people and ages want it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from collector.postgres.sessions import Connection
from collector.privacy import keeper
from tests.integration.privacy.command import run
from tests.integration.privacy.conftest import store_aged, visit
from tests.integration.privacy.test_erase import JANE, JANES, USER, erase_person, rows_with
from tests.integration.privacy.test_retention import retain
from tests.support import execute, fetch, metric, run_collector
from tests.waiting import until

ADDRESS = "Jane@Example.com"
HASH = sha256(ADDRESS.lower().encode()).hexdigest()


async def queue(
    database: str,
    session: str,
    number: int,
    *,
    days_ago: float = 0,
    state: str = "pending",
    email: str | None = None,
) -> None:
    """A delivery of an event of `visit`, that was queued or settled so many days ago."""
    settled = "NULL" if state == "pending" else "queued_at"
    user_data = "NULL" if email is None else f"'{json.dumps({'email': email})}'"
    await execute(
        database,
        f"""
        INSERT INTO deliveries (session_id, event_id, destination, name, state, from_page,
            happened_at, queued_at, next_at, settled_at, user_data)
        SELECT '{session}', '{visit(number, 0).id}', 'meta', 'Purchase', '{state}', TRUE,
            queued_at, queued_at, queued_at, {settled}, {user_data}
        FROM (VALUES (now() - {days_ago} * INTERVAL '1 day')) AS queued (queued_at)
        """,
    )


async def left(database: str) -> list[tuple[str, str, str | None]]:
    """Session, state and user_data of what is there."""
    rows = await fetch(
        database, "SELECT session_id, state, user_data FROM deliveries ORDER BY session_id"
    )
    return [tuple(row.values()) for row in rows]


async def test_a_person_is_erased_from_the_outbox_and_others_stay(
    database: str, connection: Connection
) -> None:
    await store_aged(database, visit(1, 1, session_id="needle-1", **JANES), visit(2, 1))
    await queue(database, "needle-1", 1, email=ADDRESS)
    await queue(database, "needle-1", 7, state="sent")  # of an event that is gone
    await queue(database, "s2", 2)
    counted = await erase_person(connection, users=frozenset([USER]))
    assert counted["deliveries"] == 2
    assert await rows_with(connection, "needle") == {}
    assert await left(database) == [("s2", "pending", None)]


@pytest.mark.parametrize("written", [ADDRESS, HASH, HASH.upper()])
async def test_who_waits_in_the_outbox_alone_is_found_by_an_e_mail_address(
    database: str, tmp_path: Path, written: str, connection: Connection
) -> None:
    await store_aged(database, visit(1, 1, session_id="needle-1"), visit(2, 1))
    await queue(database, "needle-1", 1, email=written)
    await queue(database, "s2", 2, email="jon@example.com")
    dry = run(database, "erase", "--email-hash", HASH, "--dry-run")
    assert "deliveries: 1 to go" in dry.stdout, dry.stderr
    ended = run(database, "erase", "--email-hash", HASH, "--json", "--spool", str(tmp_path))
    counts = json.loads(ended.stdout)["counts"]
    assert (counts["deliveries"], counts["conversion_events"]) == (1, 1)
    assert await rows_with(connection, "needle") == {}
    assert [row[0] for row in await left(database)] == ["s2"]


async def test_a_restored_backup_loses_deliveries_whose_events_are_gone(
    database: str, tmp_path: Path
) -> None:
    await store_aged(database, visit(1, 1, session_id="needle-1", **JANES))
    assert run(database, "erase", "--user", JANE, "--spool", str(tmp_path)).returncode == 0
    await queue(database, "needle-1", 1, state="sent")
    again = run(database, "erase", "--again", "--spool", str(tmp_path))
    assert "deliveries: 1 gone" in again.stdout, again.stderr
    assert await left(database) == []


async def test_what_is_kept_of_a_person_has_what_an_ad_platform_is_told(database: str) -> None:
    await store_aged(database, visit(1, 1, session_id="needle-1", **JANES), visit(2, 1))
    await queue(database, "needle-1", 1, email=ADDRESS)
    await queue(database, "s2", 2)
    ended = run(database, "export", "--user", JANE)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    [row] = [line["row"] for line in lines if line["table"] == "deliveries"]
    assert (row["session_id"], row["destination"]) == ("needle-1", "meta")
    assert row["user_data"] == {"email": ADDRESS}


@pytest.mark.parametrize(
    ("ages", "gone"),
    [
        ({"addresses": 5}, []),
        ({"deliveries": 20}, ["s3"]),
        ({"deliveries": 5}, ["s2", "s3"]),
        ({"events": 5}, ["s2", "s3"]),  # as long as events, where nothing else is said
        ({"events": 5, "deliveries": 20}, ["s3"]),
    ],
)
async def test_settled_deliveries_go_for_their_age(
    database: str, connection: Connection, ages: dict[str, int], gone: list[str]
) -> None:
    await queue(database, "s1", 1, days_ago=2, state="sent")
    await queue(database, "s2", 2, days_ago=8, state="suppressed")
    await queue(database, "s3", 3, days_ago=30, state="refused")
    counted = await retain(connection, **ages)
    kept = [row[0] for row in await left(database)]
    assert kept == [name for name in ("s1", "s2", "s3") if name not in gone]
    assert counted["deliveries"] == len(gone)


async def test_what_waits_goes_with_its_event_and_stays_without_an_age(
    database: str, connection: Connection
) -> None:
    refund = visit(3, 8, event_type="refund", order_id="R1")
    await store_aged(database, visit(1, 8), visit(2, 2), refund)
    for number, days_ago in ((1, 8), (2, 2), (3, 8)):
        await queue(database, f"s{number}", number, days_ago=days_ago, email=ADDRESS)
    await retain(connection, addresses=5)
    assert len(await left(database)) == 3
    counted = await retain(connection, events=5, sessions=20)
    assert (counted["conversion_events"], counted["deliveries"]) == (1, 1)
    assert [row[0] for row in await left(database)] == ["s2", "s3"]  # a refund stays


async def test_nobody_is_named_after_what_waits_is_too_old_for_all_platforms(
    database: str, connection: Connection
) -> None:
    await queue(database, "s1", 1, days_ago=89, email=ADDRESS)
    await queue(database, "s2", 2, days_ago=91, email=ADDRESS)
    counted = await retain(connection, addresses=5)
    assert counted == {"deliveries_user_data": 1}
    assert [(name, state) for name, state, _ in await left(database)] == [
        ("s1", "pending"),
        ("s2", "expired"),
    ]
    assert [data is None for *_, data in await left(database)] == [False, True]


async def test_a_collector_without_ages_gives_up_what_waits_too_long(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.0)
    await queue(database, "s1", 1, days_ago=91, email=ADDRESS)
    await queue(database, "s2", 2, days_ago=91, state="sent")
    async with run_collector(database) as collector:

        async def is_done() -> bool:
            rows = 'ct_retention_rows_total{place="deliveries_user_data"}'
            return await metric(collector, rows) == 1

        await until(is_done)
    assert await left(database) == [("s1", "expired", None), ("s2", "sent", None)]


async def test_a_dry_run_says_what_goes_of_the_outbox(database: str) -> None:
    await store_aged(database, visit(1, 8), visit(2, 91), visit(3, 2))
    await queue(database, "s1", 1, days_ago=8)
    await queue(database, "s2", 2, days_ago=91)
    await queue(database, "s3", 3, days_ago=2)
    await queue(database, "s4", 4, days_ago=91)  # of no event
    await queue(database, "s5", 5, days_ago=10, state="sent")
    await queue(database, "s6", 6, days_ago=2, state="sent")
    for days, counts in (
        ({"CT_RETENTION_DELIVERIES_DAYS": "5"}, (1, 2)),
        ({"CT_RETENTION_EVENTS_DAYS": "5"}, (4, 0)),
        ({"CT_RETENTION_EVENTS_DAYS": "100", "CT_RETENTION_DELIVERIES_DAYS": "1"}, (2, 2)),
    ):
        dry = run(database, "retention", "--dry-run", **days)
        assert f"deliveries: {counts[0]} to go" in dry.stdout, dry.stderr
        assert f"deliveries (user_data): {counts[1]} to go" in dry.stdout
    dry = run(database, "retention", "--dry-run", CT_RETENTION_EVENTS_DAYS="5")
    once = run(database, "retention", "--once", CT_RETENTION_EVENTS_DAYS="5")
    said = {line.replace("to go", "gone") for line in dry.stdout.splitlines()}
    assert {line for line in said if "deliveries" in line} <= set(once.stdout.splitlines())
    assert [row[0] for row in await left(database)] == ["s3", "s6"]
