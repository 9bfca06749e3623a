"""A person is erased from every table, and nothing brings them back."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import pytest

from collector.cookieless import PREFIX
from collector.event import Event
from collector.event_row import EventStatus, join_rows, make_row
from collector.postgres.sessions import Connection
from collector.postgres.store import open_store
from collector.privacy.erase import erase, find_person
from collector.privacy.identity import IdKind, Person, digest_of
from collector.settings import DEFAULT_USER_ID_NAMESPACE
from collector.spool.spool import open_spool
from collector.sql import load_query
from tests.integration.facts.following import assert_all_follows, refresh_until_now
from tests.integration.privacy.command import run
from tests.integration.privacy.conftest import store_aged, visit
from tests.integration.privacy.test_retention import purchase, retain
from tests.support import execute, fetch, metric, run_collector
from tests.waiting import until

JANE = "jane-needle"
USER = uuid5(DEFAULT_USER_ID_NAMESPACE, JANE)
JANES = {"user_id": USER, "external_user_id": JANE, "visitor_id": "visitor-needle"}
HASH = sha256(b"jane@example.com").hexdigest()


def janes_visits() -> list[Event]:
    """Jane's: a visit before she signed in, one with an order, and one of other people each."""
    return [
        visit(1, 3, session_id="needle-1", visitor_id="visitor-needle"),
        purchase(2, 2, "R1", session_id="needle-2", **JANES),
        visit(3, 2, session_id="needle-2", visitor_id="visitor-needle"),
        purchase(4, 1, "R1", session_id="other-1", visitor_id="other"),  # the order once more
        visit(5, 2, session_id="other-2", visitor_id="other"),
    ]


async def rows_with(connection: Connection, needle: str) -> dict[str, int]:
    """How many rows of each table hold a text anywhere."""
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    )
    counts = {
        row["tablename"]: await connection.fetchval(
            f"SELECT count(*) FROM {row['tablename']} AS t WHERE strpos(t::text, $1) > 0 "
            "OR strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0",  # of what was sent
            needle,
        )
        for row in tables
    }
    return {table: count for table, count in counts.items() if count}


async def erase_person(connection: Connection, **seeds: frozenset[Any]) -> dict[str, int]:
    """Erase, and return what the receipt counts."""

    async def find() -> Person:
        return await find_person(connection, Person(**seeds))

    erased = await erase(connection, find, DEFAULT_USER_ID_NAMESPACE, "user", [])
    return {place: rows for place, rows in erased.counts.items() if rows}


async def sums_of(connection: Connection, table: str) -> list[str]:
    return [
        row["row"]
        for row in await connection.fetch(f"SELECT t::text AS row FROM {table} t ORDER BY 1")
    ]


@pytest.fixture
async def janes(database: str) -> str:
    """A database with Jane's visits and those of others."""
    await store_aged(database, *janes_visits())
    return database


async def test_a_user_is_erased_from_every_table_and_others_stay(
    janes: str, connection: Connection
) -> None:
    assert set(await rows_with(connection, "needle")) == {
        "conversion_events",
        "conversion_funnel",
        "counted_orders",
        "session_facts",
    }
    counted = await erase_person(connection, users=frozenset([USER]))
    assert counted == {
        "conversion_events": 3,
        "conversion_funnel": 2,
        "counted_orders": 1,
        "session_facts": 2,
        "summed_days": 2,
    }
    assert await rows_with(connection, "needle") == {}
    assert await rows_with(connection, str(USER)) == {}
    sessions = await fetch(janes, "SELECT session_id FROM session_facts ORDER BY 1")
    assert [row["session_id"] for row in sessions] == ["other-1", "other-2"]
    [order] = await fetch(janes, "SELECT session_id FROM counted_orders")
    assert order["session_id"] == "other-1"
    await refresh_until_now(connection)
    await assert_all_follows(connection)


async def test_the_sums_of_the_days_are_those_of_who_is_left(
    janes: str, connection: Connection
) -> None:
    await erase_person(connection, users=frozenset([USER]))
    tables = ("session_sums", "stage_sums", "page_sums", "event_type_sums", "quarter_sums")
    erased = {table: await sums_of(connection, table) for table in tables}
    await execute(janes, "TRUNCATE " + ", ".join(tables))
    await execute(
        janes,
        "DELETE FROM summed_days; "
        "INSERT INTO changed_days (day) SELECT utc_day(started_at) FROM session_facts",
    )
    ended = run(janes, "facts")
    assert ended.returncode == 0, ended.stderr
    assert {table: await sums_of(connection, table) for table in tables} == erased


async def test_a_browser_that_somebody_else_used_too_is_not_erased_with_a_user(
    database: str, connection: Connection
) -> None:
    john = {"user_id": UUID(int=5), "external_user_id": "john", "visitor_id": "visitor-needle"}
    await store_aged(database, *janes_visits(), visit(6, 1, session_id="john-1", **john))
    await erase_person(connection, users=frozenset([USER]))
    left = await fetch(database, "SELECT session_id FROM conversion_events ORDER BY 1")
    assert [row["session_id"] for row in left] == ["john-1", "needle-1", "other-1", "other-2"]


async def test_strangers_who_share_an_id_of_the_day_are_not_erased_with_a_user(
    database: str, connection: Connection
) -> None:
    shared = {"visitor_id": f"{PREFIX}0123"}
    await store_aged(
        database,
        visit(1, 1, session_id="needle-1", **{**JANES, **shared}),
        visit(2, 1, session_id="stranger", **shared),
    )
    await erase_person(connection, users=frozenset([USER]))
    await store_aged(database, visit(3, 0, session_id="stranger-2", **shared))
    rows = await fetch(database, "SELECT session_id FROM conversion_events ORDER BY 1")
    assert [row["session_id"] for row in rows] == ["stranger", "stranger-2"]


@pytest.mark.parametrize(
    ("seeds", "left"),
    [
        ({"visitors": frozenset(["visitor-needle"])}, []),
        ({"sessions": frozenset(["needle-1"])}, ["needle-2"]),
        ({"sessions": frozenset(["nobody"])}, ["needle-1", "needle-2"]),
    ],
)
async def test_a_browser_or_a_visit_is_erased_alone(
    janes: str, connection: Connection, seeds: dict[str, frozenset[str]], left: list[str]
) -> None:
    await erase_person(connection, **seeds)
    rows = await fetch(
        janes,
        "SELECT DISTINCT session_id FROM conversion_events WHERE session_id ~ 'needle' ORDER BY 1",
    )
    assert [row["session_id"] for row in rows] == left


async def test_a_late_event_of_who_was_erased_is_answered_as_stored_and_is_not(
    database: str, connection: Connection
) -> None:
    async with run_collector(database) as collector:
        event = {"session_id": "needle-1", "user_id": JANE, "visitor_id": "visitor-needle"}
        status, first = await collector.track(**event)
        assert status == 200
        await erase_person(connection, users=frozenset([USER]))
        for late in (
            {**event, "event_id": first["event_id"]},
            {"session_id": "needle-1"},
            {"session_id": "needle-new", "visitor_id": "visitor-needle"},
            {"session_id": "needle-new", "user_id": JANE},
        ):
            status, answer = await collector.track(**late)
            assert status == 200
            assert answer["message"] == "Event 'Page' tracked successfully"
            assert "duplicate" not in answer
        status, answer = await collector.post(
            "/v1/events/batch",
            json={"events": [{"event_type": "e", "event_name": "e", **event}]},
        )
        assert (status, answer["results"][0]["status"]) == (200, "stored")
        assert await metric(collector, 'ct_events_total{result="erased"}') == 5
        assert await collector.events() == []
        assert await collector.funnels() == []
        assert (await collector.track(session_id="other"))[0] == 200
        assert [row["session_id"] for row in await collector.events()] == ["other"]


async def test_in_a_batch_with_others_each_fares_by_itself(
    janes: str, connection: Connection
) -> None:
    await erase_person(connection, users=frozenset([USER]))
    batch = [
        visit(11, 0, session_id="needle-1"),
        visit(12, 0),
        visit(5, 0, session_id="other-2"),  # stored before
        visit(13, 0, event_type="e" * 101),  # Postgres refuses it
    ]
    async with open_store(janes, 1, 30) as store:
        outcomes = await store.put_each([make_row(event) for event in batch])
    assert outcomes[:3] == [EventStatus.ERASED, EventStatus.STORED, EventStatus.DUPLICATE]
    assert not isinstance(outcomes[3], EventStatus)


async def test_a_batch_that_is_being_written_is_waited_for(
    janes: str, connection: Connection
) -> None:
    writer = await asyncpg.connect(janes)
    transaction = writer.transaction()
    await transaction.start()
    batch = join_rows([make_row(visit(20, 0, session_id="needle-3", **JANES))]).decode()
    await writer.fetch(load_query("insert_events"), batch)
    task = asyncio.create_task(erase_person(connection, users=frozenset([USER])))

    async def is_waiting() -> bool:
        return bool(
            await fetch(janes, "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        )

    await until(is_waiting)
    await transaction.commit()
    await writer.close()
    await task
    assert await rows_with(connection, "needle") == {}


BODIES = {
    "jane": b'{"session_id": "x", "user_id": "jane-needle", "currency": "EURO"}',
    "jane in a batch": b'{"events": [{"session_id": "y"}, {"visitor_id": "visitor-needle"}]}',
    "jane escaped": b'{"session_id": "x", "user_id": "jane\\u002dneedle", "currency": 1}',
    "jane cut off": b'{"session_id": "needle-2", "event_type": "pa',
    "jane as a row": b'{"id": "1", "user_id": "%s", "session_id": "z"}' % str(USER).encode(),
    "others": b'{"session_id": "needle-22", "user_id": "jane", "page_title": "jane-needle"}',
    "others cut off": b'{"session_id": "needle-22", "user_id": jane',
    "nothing": b"\xff",
}


async def keep_rejects(connection: Connection) -> None:
    """Rejects with these bodies, named by their reason."""
    await connection.executemany(
        "INSERT INTO rejected_events (event_id, reason, message, errors, endpoint, body, body_cut, "
        "stamp_verified, received_at) VALUES (gen_random_uuid(), $1, '', '[]', '/', $2, FALSE, "
        "TRUE, now())",
        list(BODIES.items()),
    )


async def test_rejects_that_name_the_person_go(janes: str, connection: Connection) -> None:
    await keep_rejects(connection)
    counted = await erase_person(connection, users=frozenset([USER]))
    assert counted["rejected_events"] == 5
    rows = await fetch(janes, "SELECT reason FROM rejected_events ORDER BY id")
    assert [row["reason"] for row in rows] == ["others", "others cut off", "nothing"]


async def test_a_reject_that_is_replayed_later_brings_nobody_back(
    janes: str, connection: Connection
) -> None:
    await erase_person(connection, users=frozenset([USER]))
    await keep_rejects(connection)
    repaired = (
        BODIES["jane"].decode().replace('"EURO"', '"EUR", "event_type": "e", "event_name": "e"')
    )
    [row] = await fetch(janes, "SELECT id FROM rejected_events WHERE reason = 'jane'")
    ended = run(
        *(janes, "rejects", "replay", "--file", "-"),
        stdin=f'{{"reject": {row["id"]}, "body": {repaired}}}',
    )
    assert (ended.returncode, ended.stdout) == (0, "1 duplicate\n"), ended.stderr
    assert (await rows_with(connection, "needle")).keys() == {"rejected_events"}


async def spool_of(folder: Path, *events: Event, refuse: int | None = None) -> None:
    """A spool with these events, of which one is set aside."""
    async with open_spool(folder, "spool-0", 2**24) as spool:
        await spool.append([make_row(event) for event in events])
        if refuse is not None:
            waiting = await spool.read_oldest(100)
            await spool.refuse(waiting[refuse].position, "a reason")


@pytest.mark.parametrize("refused", [None, 0, 1], ids=["none", "jane's", "another's"])
async def test_spools_lose_the_person_and_keep_the_others(
    janes: str, tmp_path: Path, refused: int | None
) -> None:
    folder = tmp_path / "spool"
    await spool_of(
        folder,
        visit(30, 0, session_id="needle-5", **JANES),
        visit(31, 0, session_id="other-5"),
        visit(32, 0, session_id="needle-2"),
        visit(33, 0, session_id="other-6"),
        refuse=refused,
    )
    ended = run(janes, "erase", "--user", JANE, "--json", "--spool", str(folder))
    assert ended.returncode == 0, ended.stderr
    receipt = json.loads(ended.stdout)
    assert (receipt["counts"]["spools"], receipt["left"]) == (2, [])
    assert b"needle" not in b"".join(path.read_bytes() for path in folder.iterdir())
    replayed = run(janes, "replay", "--refused", "--spool", str(folder))
    assert "2 events replayed, 0 refused" in replayed.stdout, replayed.stderr
    rows = await fetch(janes, "SELECT session_id FROM conversion_events ORDER BY 1")
    assert [row["session_id"] for row in rows] == ["other-1", "other-2", "other-5", "other-6"]


async def test_a_spool_that_a_collector_has_open_is_named_and_drained_without_them(
    janes: str, tmp_path: Path
) -> None:
    folder = tmp_path / "spool"
    async with open_spool(folder, "spool-0", 2**24) as spool:
        await spool.append([make_row(visit(30, 0, session_id="needle-5", **JANES))])
        ended = await asyncio.to_thread(run, janes, "erase", "--user", JANE, "--spool", str(folder))
        assert ended.returncode == 0, ended.stderr
        assert "left: " in ended.stdout
        assert "1 events wait; a person's are left out when they are written" in ended.stdout
    assert "1 events replayed" in run(janes, "replay", "--spool", str(folder)).stdout
    rows = await fetch(janes, "SELECT session_id FROM conversion_events ORDER BY 1")
    assert [row["session_id"] for row in rows] == ["other-1", "other-2"]


async def test_a_dry_run_changes_nothing_and_says_what_goes(
    janes: str, tmp_path: Path, connection: Connection
) -> None:
    await keep_rejects(connection)
    before = await rows_with(connection, "")
    dry = run(janes, "erase", "--user", JANE, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert await rows_with(connection, "") == before
    done = run(janes, "erase", "--user", JANE, "--spool", str(tmp_path))
    said = {line.replace("to go", "gone") for line in dry.stdout.splitlines()}
    assert said <= set(done.stdout.splitlines())
    assert "conversion_events: 3 gone" in said
    assert "rejected_events: 5 gone" in said


async def test_receipts_and_their_table_name_nobody(
    janes: str, tmp_path: Path, connection: Connection
) -> None:
    ended = run(janes, "erase", "--user", JANE, "--json", "--spool", str(tmp_path))
    receipt = json.loads(ended.stdout)
    assert "needle" not in ended.stdout
    assert str(USER) not in ended.stdout
    [row] = await fetch(janes, "SELECT asked_by, counts FROM erasures")
    assert row["asked_by"] == "user"
    assert json.loads(row["counts"])["conversion_events"] == 3
    user = f"user:{digest_of(IdKind.USER, str(USER)).hex()}:"
    assert [stone.startswith(user) for stone in receipt["tombstones"]].count(True) == 1
    assert len(receipt["tombstones"]) == 4  # the user, the browser, two visits


async def test_a_restored_backup_loses_who_was_erased_after_it(
    database: str, tmp_path: Path, connection: Connection
) -> None:
    await store_aged(database, *janes_visits())
    receipt = run(database, "erase", "--user", JANE, "--json", "--spool", str(tmp_path)).stdout
    await execute(database, "TRUNCATE erased_ids, conversion_events, counted_orders")
    await store_aged(database, *janes_visits())  # as the backup has it
    assert await rows_with(connection, "needle")
    file = tmp_path / "receipts.jsonl"
    file.write_text(receipt)
    again = run(database, "erase", "--again", str(file), "--spool", str(tmp_path))
    assert "conversion_events: 3 gone" in again.stdout, again.stderr
    assert await rows_with(connection, "needle") == {}
    assert "conversion_events: 0 to go" in run(database, "erase", "--again", "--dry-run").stdout


async def test_who_has_only_sums_and_kept_sessions_left_is_erased_from_them(
    database: str, connection: Connection
) -> None:
    old = purchase(40, 8, "R9", session_id="needle-9", **JANES)
    older = visit(41, 12, session_id="needle-10", visitor_id="visitor-needle")
    await store_aged(database, old, older, visit(42, 12, visitor_id="other"))
    await retain(connection, events=5, sessions=10)
    visitors = "SELECT sum(cardinality(visitors)) FROM quarter_sums"
    assert await connection.fetchval(visitors) == 3
    counted = await erase_person(connection, users=frozenset([USER]))
    assert counted == {
        "conversion_funnel": 1,
        "counted_orders": 1,
        "session_facts": 1,
        "summed_days": 1,
        "quarter_sums": 1,
    }
    assert await rows_with(connection, "needle") == {}
    assert await connection.fetchval(visitors) == 1


@pytest.mark.parametrize(
    "event",
    [
        visit(50, 1, session_id="needle-7", form_data={"mail": "Jane@Example.com"}),
        visit(50, 1, session_id="needle-7", metadata={"a": [{"b": f"x{HASH}"}]}),
        visit(50, 1, session_id="needle-7", user_id=USER, external_user_id="JANE@example.com"),
        visit(50, 1, session_id="needle-7", user_id=USER, external_user_id=HASH.upper()),
    ],
    ids=["form data", "metadata", "user id", "hash as user id"],
)
async def test_an_e_mail_address_leads_to_the_person_by_its_hash(
    database: str, tmp_path: Path, event: Event, connection: Connection
) -> None:
    others = visit(51, 1, form_data={"mail": "jon@example.com"}, external_user_id="jon@x.org")
    await store_aged(database, event, others)
    ended = run(database, "erase", "--email-hash", HASH, "--spool", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert await rows_with(connection, "needle") == {}
    rows = await fetch(database, "SELECT session_id FROM conversion_events")
    assert [row["session_id"] for row in rows] == ["s51"]


async def test_all_that_is_kept_of_a_person_is_written_as_lines_of_json(
    janes: str, connection: Connection
) -> None:
    await keep_rejects(connection)
    await execute(janes, "UPDATE conversion_events SET page_title = E'\\x1b[31m' || chr(8238)")
    ended = run(janes, "export", "--user", JANE)
    assert ended.returncode == 0, ended.stderr
    assert "\x1b" not in ended.stdout
    assert chr(8238) not in ended.stdout
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    tables = [line["table"] for line in lines]
    assert {table: tables.count(table) for table in tables} == {
        "conversion_events": 3,
        "conversion_funnel": 2,
        "counted_orders": 1,
        "session_facts": 2,
        "rejected_events": 5,
    }
    events = [line["row"] for line in lines if line["table"] == "conversion_events"]
    assert {event["session_id"] for event in events} == {"needle-1", "needle-2"}
    assert {event["page_title"] for event in events} == {"\x1b[31m" + chr(8238)}
    bodies = [line["row"]["body"] for line in lines if line["table"] == "rejected_events"]
    assert json.loads(BODIES["jane"]) in bodies


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("erase",), "one of the arguments"),
        (("erase", "--user", "a", "--visitor", "b"), "not allowed with"),
        (("erase", "--email-hash", "jane@example.com"), "invalid email_hash value"),
        (("erase", "--again", "/nonexistent"), "cannot read /nonexistent"),
        (("export",), "one of the arguments"),
    ],
)
def test_what_cannot_be_asked_is_said(database: str, arguments: tuple[str, ...], said: str) -> None:
    ended = run(database, *arguments)
    assert ended.returncode != 0
    assert said in ended.stderr


def test_a_file_without_receipts_is_refused(database: str, tmp_path: Path) -> None:
    file = tmp_path / "receipts"
    for stones in (None, "user:1:1", f"visitor:{HASH}", f"user:{HASH}:x", f"nobody:{HASH}:1"):
        file.write_text(json.dumps({"tombstones": [stones]} if stones else {}))
        ended = run(database, "erase", "--again", str(file))
        assert "line 1 is no receipt" in ended.stderr
