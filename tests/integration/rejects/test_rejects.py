"""What breaks the contract is kept, within limits, and can be sent through again."""

import asyncio
import dataclasses
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from collector.errors import InvalidEvent
from collector.event import RequestContext
from collector.metrics import Metrics
from collector.rejects.keeper import MAX_WAITING_BYTES, RejectKeeper, RejectLimits
from collector.rejects.reject import make_reject
from collector.rejects.store import open_reject_store
from local.postgres import PostgresServer, database_url
from tests.commands import run_command
from tests.integration.api.test_answers import stamp
from tests.support import SECRET, Collector, Rows, execute, fetch, metric, run_collector
from tests.waiting import BUSY_SECONDS

TRACK, BATCH, FUNNEL = "/v1/events/track", "/v1/events/batch", "/v1/events/funnel"
LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
COMMAND = str(Path(sys.executable).parent / "conversion-tracking")


async def rejects(collector: Collector, number: int) -> Rows:
    """The rows, once there are so many; they are written after the answer."""
    async with asyncio.timeout(20):
        while True:
            rows = await fetch(collector.database, "SELECT * FROM rejected_events ORDER BY id")
            if len(rows) >= number:
                return rows
            await asyncio.sleep(0.05)


def run(
    database: str, *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """`conversion-tracking rejects`."""
    environment = {**os.environ, "CT_DATABASE_URL": database, **settings}
    return run_command("rejects", *arguments, environment=environment, stdin=stdin)


async def test_a_rejected_event_is_kept_with_why_what_and_who(collector: Collector) -> None:
    body = json.dumps({**LEAST, "currency": "EURO"}).encode()
    headers = {
        **stamp("203.0.113.7"),
        "Content-Type": "text/plain",
        "X-Kong-Request-Id": "abc123",
        "User-Agent": "A browser",
    }
    await collector.post(TRACK, data=body, headers=headers)
    [row] = await rejects(collector, 1)
    assert (row["reason"], row["endpoint"]) == ("invalid_event", TRACK)
    assert [e["field"] for e in json.loads(row["errors"])] == ["currency"]
    assert (row["body"], row["body_cut"]) == (body, False)
    assert (row["ip_address"], row["stamp_verified"]) == ("203.0.113.7", True)
    assert (row["user_agent"], row["request_id"]) == ("A browser", "abc123")
    assert row["content_type"] == "text/plain"
    assert int(row["received_at"].timestamp() * 1000) == int(headers["X-Received-At"])
    assert await metric(collector, "ct_rejects_kept_total") == 1


@pytest.mark.parametrize(
    ("path", "body", "reason", "kept"),
    [
        (TRACK, b"{", "invalid_json", b"{"),
        (TRACK, b"\xff\x00", "invalid_json", b"\xff\x00"),
        (TRACK, b'{"session_id": "\\ud800\\u0000"}', "invalid_event", None),
        (TRACK, b'["' + b"x" * 70_000 + b'"]', "invalid_json", b'["' + b"x" * 65_534),
        (FUNNEL, b'{"session_id": "s1", "stage": "moon"}', "invalid_event", None),
        (BATCH, b'{"events": {}}', "invalid_batch", None),
    ],
)
async def test_any_bytes_are_kept_as_they_came_and_cut(
    collector: Collector, path: str, body: bytes, reason: str, kept: bytes | None
) -> None:
    await collector.post(path, data=body, headers={"Content-Type": "application/json"})
    [row] = await rejects(collector, 1)
    assert (row["reason"], row["endpoint"], row["body"]) == (reason, path, kept or body)
    assert row["body_cut"] == (len(body) > 65_536)


async def test_each_invalid_event_of_a_batch_is_kept_by_itself(collector: Collector) -> None:
    await collector.post(BATCH, json={"events": [LEAST, {**LEAST, "sequence": 0}, 7]})
    one, two = await rejects(collector, 2)
    assert json.loads(one["body"]) == {**LEAST, "sequence": 0}
    assert two["body"] == b"7"
    assert {one["endpoint"], two["endpoint"]} == {BATCH}


async def test_an_invalid_pixel_is_kept_as_the_json_that_it_stands_for(
    collector: Collector,
) -> None:
    await collector.client.get("/v1/events/pixel.gif", params={**LEAST, "currency": "EURO"})
    [row] = await rejects(collector, 1)
    assert json.loads(row["body"]).items() >= {**LEAST, "currency": "EURO"}.items()


@pytest.mark.parametrize(
    "request_of",
    [
        lambda c: c.post(TRACK, data=b"{}", headers={"Content-Type": "text/html"}),
        lambda c: c.post(TRACK, data=b"\x00", headers={"Content-Encoding": "br"}),
        lambda c: c.client.put(TRACK, data=b"{}"),
        lambda c: c.post(BATCH, json={"events": [{}] * 501}),
    ],
)
async def test_what_is_no_fault_of_an_event_is_not_kept(
    collector: Collector, request_of: Callable[[Collector], Any]
) -> None:
    await request_of(collector)
    await collector.post(TRACK, data=b"{", headers={"Content-Type": "text/plain"})
    [row] = await rejects(collector, 1)
    assert row["body"] == b"{"


async def test_a_flood_of_one_address_is_kept_in_part_and_the_rest_counted(database: str) -> None:
    async with run_collector(
        database,
        gateway_secret=SECRET,
        rejects_per_minute=20,
        rejects_per_minute_per_address=5,
        rejects_repeat_seconds=0,
    ) as collector:
        for address in ("203.0.113.7", "203.0.113.8"):
            for _ in range(10):
                status, _ = await collector.post(TRACK, json={}, headers=stamp(address))
                assert status == 422
        rows = await rejects(collector, 10)
        assert [row["ip_address"] for row in rows] == ["203.0.113.7"] * 5 + ["203.0.113.8"] * 5
        assert await metric(collector, 'ct_rejects_not_kept_total{why="rate_limit"}') == 10
        assert await metric(collector, 'ct_rejected_events_total{reason="invalid_event"}') == 20


async def test_a_flood_of_one_reason_keeps_one_example_and_leaves_room_for_others(
    database: str,
) -> None:
    async with run_collector(database, gateway_secret=SECRET) as collector:
        headers = stamp("203.0.113.7")
        for number in range(300):
            sale = {**LEAST, "order_id": f"order {number}", "currency": "EURO"}
            status, _ = await collector.post(TRACK, json=sale, headers=headers)
            assert status == 422
        await collector.post(TRACK, json={**LEAST, "sequence": 0}, headers=headers)
        await collector.post(
            TRACK, json={**LEAST, "currency": "EURO"}, headers=stamp("203.0.113.8")
        )
        rows = await rejects(collector, 3)
        assert await metric(collector, 'ct_rejects_not_kept_total{why="repeat"}') == 299
    rows = await rejects(collector, 3)
    assert [(row["ip_address"], row["repeats"]) for row in rows] == [
        ("203.0.113.7", 299),
        ("203.0.113.7", 0),
        ("203.0.113.8", 0),
    ]
    listed = run(database).stdout.splitlines()
    assert listed[1].split()[:3] == ["invalid_event", "currency", "301"]
    assert listed[-1].split()[:4] == ["1", *listed[-1].split()[1:3], "299"]
    assert "repeats              299" in run(database, "show", "1").stdout


async def test_repeats_are_counted_on_their_row_while_the_collector_runs(database: str) -> None:
    metrics = Metrics()
    limits = dataclasses.replace(WIDE, repeat_seconds=60)
    keeper = make_keeper(metrics, limits)
    async with open_reject_store(database, 5) as store:
        for _ in range(3):
            keeper.keep(InvalidEvent("no"), b"{}", CONTEXT)
        await keeper.write_counts(store)  # the example is not written yet
        await keeper.write_batch(store)
        await keeper.write_counts(store)
        keeper.keep(InvalidEvent("no"), b"{}", CONTEXT)
        await execute(database, "ALTER TABLE rejected_events RENAME TO elsewhere")
        await keeper.write_counts(store)
        await execute(database, "ALTER TABLE elsewhere RENAME TO rejected_events")
        await keeper.write_counts(store)
        await keeper.write_counts(store)
    [row] = await fetch(database, "SELECT repeats FROM rejected_events")
    assert row["repeats"] == 3


async def test_a_table_that_is_away_delays_no_answer_and_is_written_when_it_is_back(
    collector: Collector,
) -> None:
    await execute(collector.database, "ALTER TABLE rejected_events RENAME TO elsewhere")
    async with asyncio.timeout(BUSY_SECONDS):
        assert (await collector.track(currency="EURO"))[0] == 422
        assert (await collector.track())[0] == 200
    await asyncio.sleep(0.3)
    await execute(collector.database, "ALTER TABLE elsewhere RENAME TO rejected_events")
    [row] = await rejects(collector, 1)
    assert row["reason"] == "invalid_event"


async def test_what_waits_is_written_at_shutdown(database: str) -> None:
    async with run_collector(database, rejects_repeat_seconds=0) as collector:
        for _ in range(30):
            await collector.track(currency="EURO")
    assert len(await rejects(collector, 30)) == 30


CONTEXT = RequestContext("203.0.113.7", False, datetime(2026, 11, 22, tzinfo=UTC), None, None)
WIDE = RejectLimits(
    per_minute=10**6, per_address_per_minute=10**6, repeat_seconds=0, max_bytes=10**9, days=30
)


def make_keeper(metrics: Metrics, limits: RejectLimits = WIDE) -> RejectKeeper:
    ids = iter(range(1, 10**6))
    return RejectKeeper(limits, metrics, lambda: UUID(int=next(ids)))


def value(metrics: Metrics, sample: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(sample, labels) or 0.0


async def test_memory_is_bounded_while_nothing_can_be_written() -> None:
    metrics = Metrics()
    keeper = make_keeper(metrics)
    for _ in range(500):
        keeper.keep(InvalidEvent("no"), b"x" * 100_000, CONTEXT)
    not_kept = value(metrics, "ct_rejects_not_kept_total", why="queue_full")
    assert 500 - not_kept == MAX_WAITING_BYTES // (65_536 + 1_024)


async def test_a_row_that_postgres_refuses_does_not_hold_up_the_others(database: str) -> None:
    metrics = Metrics()
    keeper = make_keeper(metrics)
    for agent in ("one", "too long" * 1_000, "two"):
        keeper.keep(InvalidEvent("no"), b"{}", replace(CONTEXT, user_agent=agent))
    async with open_reject_store(database, 5) as store:
        await keeper.close(store)
    rows = await fetch(database, "SELECT user_agent FROM rejected_events ORDER BY id")
    assert [row["user_agent"] for row in rows] == ["one", "two"]
    assert value(metrics, "ct_rejects_not_kept_total", why="refused") == 1
    assert value(metrics, "ct_rejects_kept_total") == 2


async def test_old_rows_and_the_oldest_of_too_many_are_deleted(database: str) -> None:
    keeper = make_keeper(Metrics())
    for _ in range(10):
        keeper.keep(InvalidEvent("no"), b"x" * 9_500, CONTEXT)
    async with open_reject_store(database, 5) as store:
        await keeper.close(store)
        await execute(
            database,
            "UPDATE rejected_events SET created_at = now() - '40 days'::interval WHERE id < 3",
        )
        assert await store.trim(days=30, max_bytes=10**9) == 2
        assert await store.trim(days=30, max_bytes=55_000) == 3
        assert await store.trim(days=30, max_bytes=55_000) == 0
    rows = await fetch(database, "SELECT id FROM rejected_events ORDER BY id")
    assert [row["id"] for row in rows] == [6, 7, 8, 9, 10]


async def reject_three(collector: Collector) -> None:
    """A page view without a type, a purchase in a wrong currency, and no JSON at all."""
    headers = stamp("203.0.113.7")
    await collector.post(TRACK, json={"session_id": "s1", "event_name": "x"}, headers=headers)
    await collector.post(TRACK, json={**LEAST, "currency": "EURO"}, headers=headers)
    await collector.post(TRACK, data=b"{\x1b", headers={**headers, "Content-Type": "text/plain"})
    await rejects(collector, 3)


async def test_the_command_counts_lists_and_shows(collector: Collector) -> None:
    await reject_three(collector)
    listed = await asyncio.to_thread(run, collector.database)
    assert listed.returncode == 0
    assert [line.split()[:3] for line in listed.stdout.splitlines()[1:4]] == [
        ["invalid_event", "currency", "1"],
        ["invalid_event", "event_type", "1"],
        ["invalid_json", "-", "1"],
    ]
    before = await asyncio.to_thread(run, collector.database, "--field", "currency", "export")
    assert [json.loads(line)["reject"] for line in before.stdout.splitlines()] == [2]
    [one] = (await asyncio.to_thread(run, collector.database, "--field", "currency")).stdout.split(
        "\n"
    )[4:5]
    assert one.startswith("2 ")
    shown = await asyncio.to_thread(run, collector.database, "show", "3")
    assert "203.0.113.7" in shown.stdout
    assert shown.stdout.endswith("{\\x1b\n")


def on_terminal(database: str, *arguments: str) -> str:
    """What `conversion-tracking rejects` writes to a terminal."""
    parent, child = pty.openpty()
    with os.fdopen(parent, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [COMMAND, "rejects", *arguments],
            env={**os.environ, "CT_DATABASE_URL": database},
            stdin=child,
            stdout=child,
            stderr=child,
        )
        os.close(child)
        written = b""
        with suppress(OSError):  # Linux says so when the last process has closed it
            while part := terminal.read(65_536):
                written += part
        process.wait(60)
    return written.decode()


async def test_what_a_stranger_sent_does_not_steer_the_operators_terminal(
    database: str,
) -> None:
    attack = "\x1b]0;owned\x07\x9b2J\u202e\x7f"
    text = json.dumps({**LEAST, "currency": attack}, ensure_ascii=False)
    escaped = json.dumps({**LEAST, "currency": attack, f"{attack}": [attack]})
    nested = json.dumps({**LEAST, "click_ids": {attack: [[]]}})
    async with run_collector(database, rejects_repeat_seconds=0) as collector:
        for body in (text, text.replace("\x1b", "").replace("\x07", ""), escaped, nested, attack):
            headers = {"Content-Type": "text/plain", "User-Agent": "x\x9b2J\u202e"}
            await collector.post(TRACK, data=body.encode(), headers=headers)
        await rejects(collector, 5)
    for arguments in (["export"], ["replay"], [], *(["show", f"{n}"] for n in range(1, 6))):
        written = await asyncio.to_thread(on_terminal, database, *arguments)
        assert written.count("\n") >= 3
        assert [c for c in written if not c.isprintable() and c not in "\r\n"] == []
    exported = await asyncio.to_thread(on_terminal, database, "export")
    bodies = [json.loads(line)["body"] for line in exported.splitlines()]
    assert bodies[2]["currency"] == attack
    assert bodies[0] == attack


async def test_what_is_valid_by_now_is_replayed_once_with_its_first_time_and_address(
    collector: Collector,
) -> None:
    await reject_three(collector)
    [_, row, _] = await rejects(collector, 3)
    await execute(
        collector.database,
        "UPDATE rejected_events SET body = convert_to("
        "replace(convert_from(body, 'UTF8'), 'EURO', 'EUR'), 'UTF8') WHERE id = 2",
    )
    first = await asyncio.to_thread(run, collector.database, "replay")
    assert (first.returncode, first.stdout) == (0, "2 failed, 1 stored\n")
    assert "event_type must be there" in first.stderr
    [stored] = await collector.events()
    assert (stored["currency"], stored["ip_address"]) == ("EUR", "203.0.113.7")
    assert (stored["received_at"], stored["id"]) == (row["received_at"], row["event_id"])
    assert stored["stamp_verified"]
    again = await asyncio.to_thread(run, collector.database, "replay", "--all")
    assert again.stdout == "2 failed, 1 duplicate\n"
    assert len(await collector.events()) == 1
    [_, row, _] = await rejects(collector, 3)
    assert row["replay_result"] == "stored"


async def test_repaired_events_are_replayed_from_a_file(
    collector: Collector, tmp_path: Path
) -> None:
    await reject_three(collector)
    exported = await asyncio.to_thread(run, collector.database, "export")
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [line["reject"] for line in lines] == [3, 2, 1]
    lines[0]["body"] = {**LEAST, "event_name": "was no JSON"}
    lines[1]["body"]["currency"] = "EUR"
    lines[2]["body"]["event_type"] = "page_view"
    file = tmp_path / "repaired.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    result = await asyncio.to_thread(run, collector.database, "replay", "--file", str(file))
    assert (result.returncode, result.stdout, result.stderr) == (0, "3 stored\n", "")
    result = await asyncio.to_thread(
        run, collector.database, "replay", "--file", "-", stdin=file.read_text()
    )
    assert result.stdout == "3 duplicate\n"
    assert len(await collector.events()) == 3
    assert (await asyncio.to_thread(run, collector.database)).stdout == "no rejected events\n"
    assert "was no JSON" in {row["event_name"] for row in await collector.events()}


async def test_odd_lines_of_a_file_are_named_and_the_others_are_replayed(
    collector: Collector,
) -> None:
    await reject_three(collector)
    good = [json.dumps({"reject": n, "body": {**LEAST, "event_name": f"{n}"}}) for n in (1, 2, 3)]
    still_wrong = json.dumps({"reject": 1, "body": {**LEAST, "currency": "Euro"}})
    deep = "[" * 100_000
    odd = ["x", '{"reject": 99, "body": {}}', f'{{"reject": {10**30}, "body": {{}}}}', deep]
    lines = "\n".join([odd[0], good[0], *odd[1:], still_wrong, good[1], good[2]])
    result = await asyncio.to_thread(run, collector.database, "replay", "--file", "-", stdin=lines)
    assert result.returncode == 1
    assert result.stdout == "3 stored, 1 failed, 4 odd\n"
    for part in ("line 1 is not", "no rejected event 99", "line 4 has no number", "line 5 is not"):
        assert part in result.stderr, result.stderr
    assert "Traceback" not in result.stderr
    assert len(await collector.events()) == 3


async def test_what_a_deployment_takes_is_replayed_there(database: str) -> None:
    wide = {**LEAST, "metadata": {f"k{number}": "x" * 3_000 for number in range(150)}}
    async with run_collector(database) as collector:
        await collector.post(TRACK, json={**wide, "currency": "EURO", "metadata": {}})
        await rejects(collector, 1)
        line = json.dumps({"reject": 1, "body": wide})
        replay = ("replay", "--file", "-")
        refused = await asyncio.to_thread(run, database, *replay, stdin=line)
        assert (refused.stdout, "event_too_large" in refused.stderr) == ("1 failed\n", True)
        more = {"CT_EVENT_MAX_BYTES": "1000000", "CT_EVENT_MAX_KEYS": "150"}
        stored = await asyncio.to_thread(run, database, *replay, stdin=line, **more)
        assert (stored.stdout, stored.stderr) == ("1 stored\n", "")
        less = {"CT_EVENT_MAX_BYTES": "1000000", "CT_EVENT_MAX_KEYS": "149"}
        again = await asyncio.to_thread(run, database, *replay, stdin=line, **less)
        assert "more than 149 keys" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("show", "99"), "", "no rejected event 99"),
        (("replay", "--file", "/no/such/file"), "", "cannot read /no/such/file"),
        (("replay", "--file", "-"), "x", "line 1 is not JSON"),
        (("replay", "--file", "-"), '\n{"reject": 99, "body": {}}', "no rejected event 99"),
    ],
)
def test_a_command_that_cannot_be_done_is_one_clear_line(
    database: str, arguments: tuple[str, ...], stdin: str, message: str
) -> None:
    result = run(database, *arguments, stdin=stdin)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert message in line


def test_a_database_without_the_table_is_named(postgres: PostgresServer) -> None:
    result = run(database_url(postgres))
    assert result.returncode == 1
    assert "migrate" in result.stderr


async def test_a_row_that_is_written_again_after_a_lost_answer_is_kept_once(database: str) -> None:
    reject = make_reject(InvalidEvent("no"), b"{}", CONTEXT, UUID(int=1))
    async with open_reject_store(database, 5) as store:
        await store.insert([reject])
        await store.insert([reject])
    assert len(await fetch(database, "SELECT 1 FROM rejected_events")) == 1


async def test_refused_events_of_two_sessions_with_one_id_are_both_kept(database: str) -> None:
    add = "ALTER TABLE conversion_events ADD CONSTRAINT no_moon CHECK (event_name <> 'moon')"
    await execute(database, add)
    async with run_collector(database, rejects_repeat_seconds=0) as collector:
        for session in ("a", "b", "b"):
            fields = {"session_id": session, "event_id": str(UUID(int=7)), "event_name": "moon"}
            assert (await collector.track(**fields))[0] == 500
        kept = await rejects(collector, 2)
    assert sorted(json.loads(row["body"])["session_id"] for row in kept) == ["a", "b"]
    await execute(database, "ALTER TABLE conversion_events DROP CONSTRAINT no_moon")
    assert run(database, "replay").returncode == 0
    stored = await fetch(database, "SELECT session_id FROM conversion_events ORDER BY session_id")
    assert [row["session_id"] for row in stored] == ["a", "b"]


def id_in_body(row: Any) -> Any:
    """The event_id in the body of a row that Postgres refused."""
    return json.loads(row["body"])["id"]


async def test_an_event_that_postgres_refused_is_kept_and_can_be_replayed(
    collector: Collector,
) -> None:
    add = "ALTER TABLE conversion_events ADD CONSTRAINT no_moon CHECK (event_name <> 'moon')"
    await execute(collector.database, add)
    utm = {"utm_source": "google", "utm_medium": "cpc"}
    status, answer = await collector.track(event_name="moon", utm_params=utm)
    assert (status, answer["error"]) == (500, "event_refused")
    [row] = await rejects(collector, 1)
    assert (row["reason"], row["body_cut"]) == ("event_refused", False)
    assert "no_moon" in row["message"]
    still_refused = run(collector.database, "replay")
    assert still_refused.stdout == "1 failed\n"
    assert "no_moon" in still_refused.stderr
    await execute(collector.database, "ALTER TABLE conversion_events DROP CONSTRAINT no_moon")
    assert run(collector.database, "replay").returncode == 0
    [event] = await collector.events()
    assert (event["event_name"], event["channel"]) == ("moon", "Paid Search")
    assert (str(event["id"]), event["received_at"]) == (id_in_body(row), row["received_at"])
    [kept] = await rejects(collector, 1)
    assert kept["replay_result"] == "stored"
