"""The design that the collector is compared with works, so that the comparison is fair."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

import aiohttp
import pytest

from bench.collector.database import create_spec_database
from bench.collector.servers import Starter
from bench.collector.traffic import TRACK, TRACK_IN_THREADS
from bench.events import generate_events
from bench.load.requests import fill_in
from local.postgres import PostgresServer
from tests.support import fetch

EVENT_ID = "6f0a3d0e-6a7c-4c0e-9d5b-3f6d0b8b7c11"


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> str:
    return create_spec_database(postgres, "spec_design")


@pytest.fixture(scope="module")
def url(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ExitStack() as stack:
        starter = Starter(stack, tmp_path_factory.mktemp("spec-design"))
        yield starter.start_spec_design(database).url


async def post(url: str, body: str) -> dict[str, object]:
    headers = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, data=body.encode(), headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
        read: dict[str, object] = await answer.json()
        return read


@pytest.mark.parametrize("path", [TRACK, TRACK_IN_THREADS])
async def test_it_stores_an_event_and_its_funnel(url: str, database: str, path: str) -> None:
    session = f"session{path}"
    event = {
        "session_id": session,
        "event_type": "page_view",
        "event_name": "Pricing",
        "page_url": "https://www.ainative.studio/pricing?x=1",
        "utm_params": {"utm_source": "google", "utm_medium": "cpc"},
        "form_data": {"plan": "pro"},
        "conversion_value": 29.99,
    }
    answer = await post(url + path, json.dumps(event))
    assert answer["message"] == "Event 'Pricing' tracked successfully"
    rows = await fetch(database, "SELECT * FROM conversion_events WHERE session_id = $1", session)
    assert [row["id"] for row in rows] == [UUID(str(answer["event_id"]))]
    assert (rows[0]["source_type"], str(rows[0]["conversion_value"])) == ("paid", "29.99")
    assert json.loads(rows[0]["form_data"]) == {"plan": "pro"}
    (funnel,) = await fetch(
        database, "SELECT * FROM conversion_funnel WHERE session_id = $1", session
    )
    assert (funnel["visited_pricing"], funnel["visited_homepage"]) == (True, False)


async def test_it_takes_every_kind_of_event_of_the_benchmark(url: str, database: str) -> None:
    events = generate_events(300, seed=5, start_ms=1_763_800_000_000)
    for event in events:
        await post(url + TRACK, fill_in(event.body, EVENT_ID, lap=9))
    (row,) = await fetch(
        database,
        "SELECT count(*), count(DISTINCT event_type) AS types FROM conversion_events"
        " WHERE session_id LIKE '%000009'",
    )
    assert (row["count"], row["types"] >= 5) == (300, True)
