"""CT_COOKIELESS: collectors that share a day's salt give a browser one id for the day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from collector.cookieless import Salts
from collector.postgres.sessions import Connection
from collector.privacy.salts import read_salts
from tests.integration.api.test_answers import stamp
from tests.support import SECRET, Collector, fetch, run_collector
from tests.waiting import until

PAGE = "https://www.example.com/"


@asynccontextmanager
async def cookieless(database: str, **settings: Any) -> AsyncIterator[Collector]:
    """A collector that knows the day's salt."""
    async with run_collector(
        database, gateway_secret=SECRET, cookieless=True, **settings
    ) as collector:

        async def has_id() -> bool:
            await send(collector, "192.0.2.1", session_id="first")
            return bool(await ids(database, "first"))

        await until(has_id)
        yield collector


async def send(collector: Collector, address: str, path: str = "track", **fields: Any) -> None:
    """One event that the gateway has stamped with an address."""
    least = {"session_id": "s1", "event_type": "page_view", "event_name": "Page", "page_url": PAGE}
    sent = {"json": {**least, **fields}, "headers": stamp(address)}
    status, _ = await collector.post(f"/v1/events/{path}", **sent)
    assert status == 200


async def ids(database: str, session: str) -> list[str]:
    """The different visitor ids of a session."""
    rows = await fetch(
        database,
        "SELECT DISTINCT visitor_id FROM conversion_events "
        "WHERE session_id = $1 AND visitor_id IS NOT NULL ORDER BY 1",
        session,
    )
    return [row["visitor_id"] for row in rows]


async def test_collectors_give_one_browser_one_id(database: str) -> None:
    async with AsyncExitStack() as stack:
        for collector in [await stack.enter_async_context(cookieless(database)) for _ in "12"]:
            await send(collector, "203.0.113.77")
            await send(collector, "203.0.113.77", page_url=f"{PAGE}pricing")
            await send(collector, "198.51.100.7", session_id="other")
    [one] = await ids(database, "s1")
    [other] = await ids(database, "other")
    assert one.startswith("daily-")
    assert one != other


async def test_an_id_that_the_page_sends_comes_first(database: str) -> None:
    async with cookieless(database) as collector:
        await send(collector, "203.0.113.77", visitor_id="v1")
    assert await ids(database, "s1") == ["v1"]


async def test_it_needs_no_stored_address(database: str) -> None:
    async with cookieless(database, client_ip_storage="none") as collector:
        await send(collector, "203.0.113.77")
        assert {row["ip_address"] for row in await collector.events()} == {None}
    assert len(await ids(database, "s1")) == 1


async def test_a_stage_that_a_server_sends_gets_none(database: str) -> None:
    async with cookieless(database) as collector:
        await send(collector, "203.0.113.77", "funnel", stage="completed_signup")
    assert await ids(database, "s1") == []


async def test_without_the_setting_there_is_no_id_and_no_salt(database: str) -> None:
    async with run_collector(database, gateway_secret=SECRET) as collector:
        await send(collector, "203.0.113.77")
    assert await ids(database, "s1") == []
    assert await fetch(database, "SELECT * FROM visitor_salts") == []


async def test_an_event_is_taken_without_an_id_while_no_salt_is_known(tmp_path: Path) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    async with run_collector(nowhere, cookieless=True) as collector:
        assert (await collector.track())[0] == 202


async def test_salts_are_made_for_two_days_and_deleted_after_theirs(
    database: str, connection: Connection
) -> None:
    salts = Salts()
    await read_salts(connection, salts)
    await read_salts(connection, Salts())  # another collector
    made = await fetch(database, "SELECT day - utc_day(now()) AS days, salt FROM visitor_salts")
    assert sorted(row["days"] for row in made) == [0, 1]
    assert len({row["salt"] for row in made}) == 2
    now = await connection.fetchval("SELECT now()")
    assert salts.of(now) in {row["salt"] for row in made}
    await connection.execute("UPDATE visitor_salts SET day = day - 2")
    await read_salts(connection, salts)
    kept = await fetch(database, "SELECT salt FROM visitor_salts")
    old = {row["salt"] for row in made}
    # Yesterday's is kept within the first hour of today alone.
    is_first_hour = await connection.fetchval(
        "SELECT extract(hour FROM now() AT TIME ZONE 'UTC') = 0"
    )
    assert len(old & {row["salt"] for row in kept}) == int(is_first_hour)


async def test_no_archive_of_the_log_has_a_salt(connection: Connection) -> None:
    kind = await connection.fetchval(
        "SELECT relpersistence FROM pg_class WHERE relname = 'visitor_salts'"
    )
    assert kind == b"u"
