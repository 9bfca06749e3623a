"""Global Privacy Control is kept with each event, in three states."""

from pathlib import Path

import pytest

from collector.codec import decode_event, encode_row
from tests.integration.privacy.command import run
from tests.support import Collector, fetch, run_collector
from tests.unit.events import event, event_row

LEAST = {"session_id": "s1", "event_type": "page_view", "event_name": "Page"}
SENT = [("1", True), ("0", False), (None, None), ("", None), ("true", None)]


@pytest.mark.parametrize(("header", "stored"), SENT)
@pytest.mark.parametrize("endpoint", ["track", "batch", "pixel"])
async def test_the_header_is_kept_in_three_states(
    collector: Collector, header: str | None, stored: bool | None, endpoint: str
) -> None:
    headers = {} if header is None else {"Sec-GPC": header}
    if endpoint == "pixel":
        async with collector.client.get(
            "/v1/events/pixel.gif", params=LEAST, headers=headers
        ) as answer:
            assert answer.status == 200
    else:
        body = {"events": [LEAST]} if endpoint == "batch" else LEAST
        status, _ = await collector.post(f"/v1/events/{endpoint}", json=body, headers=headers)
        assert status == 200
    assert [row["gpc"] for row in await collector.events()] == [stored]


async def test_it_is_not_lost_on_its_way_through_the_spool(tmp_path: Path, database: str) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    async with run_collector(nowhere, spool_dir=tmp_path / "spool") as collector:
        for header in ("1", "0"):
            sent = {"json": LEAST, "headers": {"Sec-GPC": header}}
            assert (await collector.post("/v1/events/track", **sent))[0] == 202
        assert (await collector.post("/v1/events/track", json=LEAST))[0] == 202
    ended = run(database, "replay", "--spool", str(tmp_path / "spool"))
    assert ended.returncode == 0, ended.stderr
    rows = await fetch(database, "SELECT gpc FROM conversion_events ORDER BY id")
    assert [row["gpc"] for row in rows] == [True, False, None]


def test_an_event_that_an_older_collector_spooled_has_none() -> None:
    written = encode_row(event_row())
    assert b"gpc" not in written
    assert decode_event(written) == event()
    assert decode_event(written).gpc is None
