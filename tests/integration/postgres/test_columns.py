"""Whatever is sent, what the collector makes of it fits its column."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.classify.device import DeviceClassifier
from local.postgres import PostgresServer, database_url
from tests.support import Collector, fetch

WIDTHS = """
    SELECT column_name, character_maximum_length AS width
    FROM information_schema.columns
    WHERE table_name = 'conversion_events' AND character_maximum_length IS NOT NULL
"""

# What User-Agents are made of, also where a parser takes a part of them as a name.
PARTS = ["Mozilla/5.0 (", "Android 15; ", "Mobile", "iPhone", ") ", "CFNetwork/1 ", "Darwin/1 "]
NAMES = st.text("Aa1é\u4e2d-_. ", min_size=1, max_size=150)
USER_AGENTS = st.lists(st.sampled_from([*PARTS, "/1.0 "]) | NAMES, max_size=12).map("".join)

DEVICES = DeviceClassifier()


@pytest.fixture(scope="module")
def widths(postgres: PostgresServer, template: str) -> dict[str, int]:
    """The length of each column of text that has one."""
    rows = asyncio.run(fetch(database_url(postgres, template), WIDTHS))
    return {row["column_name"]: row["width"] for row in rows}


@given(USER_AGENTS)
def test_what_a_user_agent_is_read_as_fits(widths: dict[str, int], user_agent: str) -> None:
    device = DEVICES.parse_device(user_agent)
    for column in ("device_type", "browser", "os"):
        assert len(getattr(device, column) or "") <= widths[column], column


async def test_a_name_that_a_parser_takes_whole_is_cut_to_its_column(collector: Collector) -> None:
    status, _ = await collector.post(
        "/v1/events/track",
        json={"session_id": "s", "event_type": "x", "event_name": "x"},
        headers={"User-Agent": f"{'A' * 120}/1.0 CFNetwork/1 Darwin/1"},
    )
    assert status == 200
    [event] = await collector.events()
    assert event["browser"] == "A" * 100
