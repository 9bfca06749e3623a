"""What the visitor consented to is kept; who the customer is, is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from collector.codec import decode_event, encode_row
from collector.event_row import join_rows, make_row
from tests.integration.privacy.command import run
from tests.support import Collector, fetch, metric, run_collector
from tests.unit.events import event
from tests.waiting import until

LEAST = {"session_id": "s1", "event_type": "purchase", "event_name": "Purchase"}
JANE = "jane.doe@customer.example"
SENT: dict[str, Any] = {
    **LEAST,
    "conversion_value": 29.99,
    "order_id": "R1",
    "consent": {"marketing": True, "ad_personalization": "denied", "analytics": "Granted"},
    "user_data": {"email": JANE, "phone": 49_301_234, "first_name": JANE, "age": 7},
}
KNOWN = {
    "ad_storage": "granted",
    "ad_user_data": "granted",
    "ad_personalization": "denied",
    "analytics_storage": "granted",
}
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
# Where it waits until it is sent.
OUTBOX = {"deliveries"}


async def tables_with(database: str, text: str) -> set[str]:
    """The tables in which a text stands anywhere."""
    found = set()
    for row in await fetch(database, TABLES):
        table = row["tablename"]
        rows = await fetch(database, f"SELECT t::text AS written FROM {table} AS t")
        if any(text in row["written"] for row in rows):
            found.add(table)
    return found


@pytest.mark.parametrize("endpoint", ["track", "batch", "pixel"])
async def test_consent_is_kept_with_the_event_and_user_data_is_not(
    collector: Collector, database: str, endpoint: str
) -> None:
    if endpoint == "pixel":
        query = {n: v if isinstance(v, str) else json.dumps(v) for n, v in SENT.items()}
        async with collector.client.get("/v1/events/pixel.gif", params=query) as answer:
            assert answer.status == 200
    else:
        body = {"events": [SENT]} if endpoint == "batch" else SENT
        status, _ = await collector.post(f"/v1/events/{endpoint}", json=body)
        assert status == 200
    [row] = await collector.events()
    assert json.loads(row["consent"]) == KNOWN
    assert row["marks"] is None
    assert await tables_with(database, "R1") >= {"conversion_events", "counted_orders"}
    assert await tables_with(database, JANE) <= OUTBOX
    assert await metric(collector, "ct_unknown_fields_total") == 1  # age


async def test_an_event_that_says_nothing_of_consent_has_none(collector: Collector) -> None:
    await collector.track()
    [row] = await collector.events()
    assert row["consent"] is None


async def test_what_cannot_be_read_costs_the_mark_and_not_the_event(collector: Collector) -> None:
    status, _ = await collector.track(consent="yes", user_data=[JANE])
    [row] = await collector.events()
    assert (status, row["consent"]) == (200, None)
    assert row["marks"] == ["consent_unreadable", "user_data_unreadable"]


async def test_consent_is_not_lost_on_its_way_through_the_spool(
    tmp_path: Path, database: str
) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    async with run_collector(nowhere, spool_dir=tmp_path / "spool") as collector:
        assert (await collector.post("/v1/events/track", json=SENT))[0] == 202
    ended = run(database, "replay", "--spool", str(tmp_path / "spool"))
    assert ended.returncode == 0, ended.stderr
    [row] = await fetch(database, "SELECT consent FROM conversion_events")
    assert json.loads(row["consent"]) == KNOWN
    assert await tables_with(database, JANE) <= OUTBOX


def test_user_data_goes_the_whole_way_to_postgres() -> None:
    row = make_row(event(user_data={"email": JANE}))
    assert json.loads(join_rows([row]))[0]["user_data"] == {"email": JANE}
    assert decode_event(encode_row(row)) == event(user_data={"email": JANE})


async def test_of_what_breaks_the_contract_no_user_data_is_kept(
    collector: Collector, database: str
) -> None:
    status, answer = await collector.track(**{**SENT, "currency": "EURO"})
    assert status == 422
    assert JANE not in json.dumps(answer)

    async def is_kept() -> bool:
        return len(await fetch(database, "SELECT FROM rejected_events")) == 1

    await until(is_kept)
    [row] = await fetch(database, "SELECT body FROM rejected_events")
    kept = json.loads(row["body"])
    assert kept == {**{n: v for n, v in SENT.items() if n != "user_data"}, "currency": "EURO"} | {
        n: kept[n] for n in kept.keys() - SENT.keys()
    }
    assert await tables_with(database, JANE) == set()


async def test_consent_is_among_what_is_exported_of_a_person(
    collector: Collector, database: str
) -> None:
    await collector.track(**SENT)
    ended = run(database, "export", "--session", "s1")
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    [stored] = [row["row"] for row in rows if row["table"] == "conversion_events"]
    assert stored["consent"] == KNOWN
    assert JANE not in ended.stdout
