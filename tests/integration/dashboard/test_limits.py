"""So many questions at once, none for nobody, and the same one only once."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg

from local.postgres import PostgresServer
from tests.integration.dashboard.dashboard import TOKEN, run_dashboard
from tests.integration.dashboard.facts import add_session
from tests.own_postgres import send
from tests.support import execute, fetch

BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATH = "/v1/reports/channels"
ASKED = """
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'conversion-tracking reports'
        AND state = 'active'
"""


@asynccontextmanager
async def facts_locked(url: str) -> AsyncIterator[None]:
    """Reports wait for as long as the block runs."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE session_facts IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def asked(url: str, count: int) -> None:
    """Wait until so many questions are being asked."""

    async with asyncio.timeout(30):
        while len(await fetch(url, ASKED)) != count:  # noqa: ASYNC110  # Postgres is awaited
            await asyncio.sleep(0.02)


async def test_a_browser_that_goes_away_takes_its_questions_along(database: str) -> None:
    async with run_dashboard(
        database, reports_timeout_seconds=600, reports_pool_size=2
    ) as dashboard:
        await dashboard.log_in()
        async with facts_locked(database):
            asking = asyncio.create_task(dashboard.get("/?range=30d"))
            await asked(database, 2)  # of the page, as many as are asked at once
            asking.cancel()
            await asked(database, 0)
        # The connection is good for the next.
        assert (await dashboard.get("/?range=30d")).status == 200


async def test_the_same_question_is_asked_once_for_all_who_wait(database: str) -> None:
    async with run_dashboard(database, reports_timeout_seconds=600) as dashboard:
        async with facts_locked(database):
            one, two, three = (
                asyncio.create_task(dashboard.get(PATH, headers=BEARER)) for _ in range(3)
            )
            await asked(database, 1)
            other = asyncio.create_task(dashboard.get("/v1/reports/sources", headers=BEARER))
            await asked(database, 2)  # so those that came before are asking, or would be
            one.cancel()
            other.cancel()
            await asked(database, 1)  # the others still wait
        assert (await two).status == (await three).status == 200


async def test_an_answer_is_kept_for_as_long_as_the_facts_are_the_same(database: str) -> None:
    async def sessions() -> int:
        body = json.loads((await dashboard.get(PATH, headers=BEARER)).text)
        return int(body["total"].get("sessions") or 0)

    async with run_dashboard(database) as dashboard:
        assert await sessions() == 0
        await add_session(database, "a", channel="Email")
        assert await sessions() == 0
        await execute(database, "UPDATE facts_progress SET complete_until = now()")
        async with asyncio.timeout(4):  # sooner than an answer is kept otherwise
            while await sessions() != 1:  # noqa: ASYNC110  # a kept answer is awaited
                await asyncio.sleep(0.05)


async def test_a_report_that_takes_too_long_is_a_504_that_says_what_to_do(database: str) -> None:
    async with run_dashboard(database, reports_timeout_seconds=1) as dashboard:
        await dashboard.log_in()
        async with facts_locked(database):
            program = await dashboard.get(PATH, headers=BEARER)
            person = await dashboard.get("/")
    assert (program.status, person.status) == (504, 504)
    assert json.loads(program.text)["error"] == "report_timeout"
    assert "shorter range" in person.text
    assert person.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_a_slow_panel_says_so_on_a_page_that_shows_the_others(database: str) -> None:
    """Of this page only the rejects are not read from the facts of sessions."""
    await execute(
        database,
        "INSERT INTO rejected_events "
        "(event_id, received_at, reason, message, errors, endpoint, body, body_cut, "
        "stamp_verified) "
        "VALUES (gen_random_uuid(), '2026-11-20T11:00Z', 'invalid_json', 'a message of the tests', "
        "'[]', '/v1/events/track', '', FALSE, TRUE)",
    )
    async with run_dashboard(database, reports_timeout_seconds=1) as dashboard:
        await dashboard.log_in()
        async with facts_locked(database):
            page = await dashboard.get("/quality?show=rejects")
            link = await dashboard.post("/share-links", page="quality", query="show=rejects")
            address = re.search(r"/share/[\w-]{43}", link.text)
            assert address, link.text
            shared = await dashboard.get(address[0])
        whole = await dashboard.get("/quality?show=rejects")
    missing = "This part of the page is missing: the report takes too long"
    assert (page.status, shared.status, whole.status) == (200, 200, 200)
    assert missing in page.text
    assert "a message of the tests" in page.text
    assert ">Try again</a>" in page.text
    assert missing in shared.text
    assert "Try again" not in shared.text  # a link's page has no links to pages
    assert missing not in whole.text


async def test_who_waits_too_long_for_others_is_told_to_come_again(database: str) -> None:
    async with run_dashboard(database, reports_timeout_seconds=2, reports_pool_size=1) as dashboard:
        async with facts_locked(database):
            answers = await asyncio.gather(
                *(
                    dashboard.get(f"/v1/reports/{name}", headers=BEARER)
                    for name in ("channels", "sources", "campaigns")
                )
            )
        assert sorted(answer.status for answer in answers) == [503, 504, 504]
        [busy] = [answer for answer in answers if answer.status == 503]
        assert json.loads(busy.text)["error"] == "too_busy"
        assert busy.headers["Retry-After"] == "5"
        assert (await dashboard.get(PATH, headers=BEARER)).status == 200


async def test_no_more_questions_are_asked_at_once_than_the_setting_says(database: str) -> None:
    async with run_dashboard(
        database, reports_timeout_seconds=600, reports_pool_size=2
    ) as dashboard:
        names = ("channels", "sources", "campaigns", "devices", "referrers")
        async with facts_locked(database):
            asking = [
                asyncio.create_task(dashboard.get(f"/v1/reports/{name}", headers=BEARER))
                for name in names
            ]
            await asked(database, 2)
            # A page that asks nothing is not kept waiting.
            assert (await dashboard.get("/v1/reports", headers=BEARER)).status == 200
            assert len(await fetch(database, ASKED)) == 2
        assert [(await one).status for one in asking] == [200] * 5


async def test_a_postgres_that_cannot_be_reached_is_a_503(database: str, tmp_path: object) -> None:
    nowhere = f"postgresql://postgres@/postgres?host={tmp_path}"
    async with run_dashboard(database, reports_database_url=nowhere) as dashboard:
        await dashboard.log_in()
        page, body = await dashboard.get("/"), await dashboard.get(PATH)
    assert (page.status, body.status) == (503, 503)
    assert body.headers["Retry-After"] == "5"
    assert json.loads(body.text)["error"] == "reports_unavailable"
    assert str(tmp_path) not in page.text + body.text


async def test_a_postgres_that_hangs_is_a_503_in_time(
    own_postgres: PostgresServer, own_database: str
) -> None:
    async with run_dashboard(own_database, reports_timeout_seconds=1) as dashboard:
        assert (await dashboard.get(PATH, headers=BEARER)).status == 200
        send(own_postgres, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                answer = await dashboard.get(f"{PATH}?range=7d", headers=BEARER)
        finally:
            send(own_postgres, signal.SIGCONT)
        assert answer.status == 503
        assert (await dashboard.get(f"{PATH}?range=6d", headers=BEARER)).status == 200


async def test_many_who_come_and_go_leave_nothing_behind(database: str) -> None:
    async with run_dashboard(database, reports_timeout_seconds=600) as dashboard:

        async def come_and_go(number: int) -> None:
            async with aiohttp.ClientSession() as client:
                request = client.get(
                    f"{dashboard.url}{PATH}?limit={number % 20 + 1}", headers=BEARER
                )
                await asyncio.wait_for(asyncio.ensure_future(request.__aenter__()), 0.5)

        async with facts_locked(database):
            gone = await asyncio.gather(*map(come_and_go, range(100)), return_exceptions=True)
            assert {type(one) for one in gone} == {TimeoutError}
            await asked(database, 0)
        assert (await dashboard.get(PATH, headers=BEARER)).status == 200
