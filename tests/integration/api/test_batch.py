"""POST /v1/events/batch over HTTP: each event is answered by itself."""

import asyncio
import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support import Collector, fill_spool, metric, run_collector_without_postgres

BATCH = "/v1/events/batch"
LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}


def some(number: int = 1, **fields: Any) -> list[dict[str, Any]]:
    return [{**LEAST, "event_id": str(uuid4()), **fields} for _ in range(number)]


def statuses(answer: dict[str, Any]) -> list[str]:
    return [result["status"] for result in answer["results"]]


async def test_each_event_is_answered_by_itself_in_the_order_sent(collector: Collector) -> None:
    first, second = some(2)
    broken = {**some()[0], "currency": "EURO", "session_id": ""}
    status, answer = await collector.post(
        BATCH, json={"events": [first, broken, first, "no object", second]}
    )
    assert status == 200
    assert answer["success"] is False
    assert Counter(statuses(answer)[::2]) == {"stored": 2, "duplicate": 1}
    assert statuses(answer)[1::2] == ["invalid", "invalid"]
    assert answer["results"][4] == {"event_id": second["event_id"], "status": "stored"}
    refusal = answer["results"][1]
    assert (refusal["event_id"], refusal["error"]) == (broken["event_id"], "invalid_event")
    assert {e["field"] for e in refusal["errors"]} == {"currency", "session_id"}
    assert answer["results"][3]["event_id"] is None
    stored = {str(row["id"]) for row in await collector.events()}
    assert stored == {first["event_id"], second["event_id"]}


async def test_a_batch_of_good_events_is_a_success_and_stored_with_its_funnel(
    collector: Collector,
) -> None:
    events = [
        *some(event_type="page_view", page_url="https://a.example/pricing"),
        *some(event_type="signup"),
        *some(session_id="s2", event_type="subscription_created", conversion_value=29.99),
    ]
    status, answer = await collector.post(BATCH, json={"events": events})
    assert (status, answer["success"], statuses(answer)) == (200, True, ["stored"] * 3)
    one, two = await collector.funnels()
    assert (one["visited_pricing"], one["completed_signup"]) == (True, True)
    assert (two["converted"], str(two["conversion_value"])) == (True, "29.99")


async def test_the_same_batch_again_stores_nothing_twice(collector: Collector) -> None:
    events = some(20)
    await collector.post(BATCH, json={"events": events})
    status, answer = await collector.post(BATCH, json={"events": events})
    assert (status, answer["success"], set(statuses(answer))) == (200, True, {"duplicate"})
    assert len(await collector.events()) == 20


async def test_of_a_batch_each_session_has_an_event_id_of_its_own(collector: Collector) -> None:
    [first] = some(session_id="a")
    events = [first, {**first, "session_id": "b"}, first]
    _, answer = await collector.post(BATCH, json={"events": events})
    assert statuses(answer) == ["stored", "stored", "duplicate"]
    _, answer = await collector.post(BATCH, json={"events": events})
    assert statuses(answer) == ["duplicate"] * 3
    assert len(await collector.events()) == 2


async def test_an_event_without_an_id_is_answered_with_the_one_that_it_got(
    collector: Collector,
) -> None:
    _, answer = await collector.post(BATCH, json={"events": [LEAST]})
    [row] = await collector.events()
    assert answer["results"] == [{"event_id": str(row["id"]), "status": "stored"}]


async def test_a_batch_takes_500_events_and_not_one_more(collector: Collector) -> None:
    status, answer = await collector.post(BATCH, json={"events": some(500)})
    assert (status, set(statuses(answer)), len(answer["results"])) == (200, {"stored"}, 500)
    status, answer = await collector.post(BATCH, json={"events": some(501)})
    assert (status, answer["error"]) == (413, "batch_too_large")
    assert "500" in answer["errors"][0]["message"]
    assert len(await collector.events()) == 500


@pytest.mark.parametrize("events", [None, [], {}, "x", 1])
async def test_what_is_no_batch_is_answered_422(collector: Collector, events: object) -> None:
    status, answer = await collector.post(BATCH, json={"events": events})
    assert (status, answer["error"]) == (422, "invalid_batch")
    assert [e["field"] for e in answer["errors"]] == ["events"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[1]", (400, "invalid_json")),
        (b'{"events": [', (400, "invalid_json")),
        (b'{"events": ["' + b"x" * 1_048_576 + b'"]}', (413, "body_too_large")),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_as_elsewhere(
    collector: Collector, body: bytes, expected: tuple[int, str]
) -> None:
    status, answer = await collector.post(
        BATCH, data=io.BytesIO(body), headers={"Content-Type": "text/plain"}
    )
    assert (status, answer["error"]) == expected


async def test_gzip_and_plain_text_are_read(collector: Collector) -> None:
    body = gzip.compress(json.dumps({"events": some(3)}).encode())
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Content-Encoding": "gzip"}
    status, answer = await collector.post(BATCH, data=body, headers=headers)
    assert (status, statuses(answer)) == (200, ["stored"] * 3)


async def test_nesting_and_what_postgres_cannot_store_concern_one_event_alone(
    collector: Collector,
) -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"x": deep}
    events = [*some(metadata=deep), *some(page_title="a\x00b"), *some(event_name="fine")]
    status, answer = await collector.post(BATCH, json={"events": events})
    assert (status, statuses(answer)) == (200, ["invalid", "stored", "stored"])
    titles = {row["page_title"] for row in await collector.events()}
    assert titles == {"a\ufffdb", None}


async def test_without_postgres_the_events_are_safe_on_disk(tmp_path: Path) -> None:
    async with run_collector_without_postgres(tmp_path) as collector:
        status, answer = await collector.post(BATCH, json={"events": some(3)})
        assert (status, answer["success"], statuses(answer)) == (202, True, ["spooled"] * 3)
        assert await metric(collector, 'ct_events_total{result="spooled"}') == 3


async def test_what_neither_postgres_nor_the_disk_takes_is_to_be_sent_again(
    tmp_path: Path,
) -> None:
    events = [*some(2, metadata={"x": "x" * 100_000}), {**LEAST, "currency": 5}]
    async with run_collector_without_postgres(tmp_path) as collector:
        await fill_spool(collector)
        before = await metric(collector, 'ct_events_total{result="unavailable"}')
        async with collector.client.post(BATCH, json={"events": events}) as response:
            answer = await response.json()
            assert response.status == 503
            assert int(response.headers["Retry-After"]) >= 1
        assert (answer["success"], answer["error"]) == (False, answer["results"][0]["error"])
        assert statuses(answer) == ["unavailable", "unavailable", "invalid"]
        assert [r["event_id"] for r in answer["results"][:2]] == [e["event_id"] for e in events[:2]]
        assert await metric(collector, 'ct_events_total{result="unavailable"}') == before + 2


async def test_a_large_batch_lets_other_requests_through(collector: Collector) -> None:
    big = collector.post(BATCH, json={"events": some(500)})
    answers = await asyncio.gather(big, *(collector.track() for _ in range(5)))
    assert [status for status, _ in answers] == [200] * 6


async def test_each_event_of_a_batch_is_counted_by_its_result(collector: Collector) -> None:
    await collector.post(BATCH, json={"events": [*some(3, future=1), LEAST | {"currency": "X"}]})
    assert await metric(collector, 'ct_events_total{result="stored"}') == 3
    assert await metric(collector, 'ct_events_total{result="invalid"}') == 1
    assert await metric(collector, 'ct_rejected_events_total{reason="invalid_event"}') == 1
    assert await metric(collector, 'ct_rejected_fields_total{field="currency"}') == 1
    assert await metric(collector, "ct_unknown_fields_total") == 3
