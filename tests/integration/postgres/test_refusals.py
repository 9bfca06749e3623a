"""What Postgres says, and what becomes of an event then: only a row's own values refuse it."""

import asyncio
from pathlib import Path

import pytest

from collector.errors import EventRefused, StoreUnavailable
from collector.event_row import EventRow, EventStatus
from collector.postgres.refusals import may_refuse_row, refuses_row
from collector.postgres.store import UnexplainedFailure, UnfitDatabase, open_store
from local.postgres import PostgresServer, database_url
from tests.support import execute, fetch, metric, run_collector
from tests.unit.events import event_row

STORED, DUPLICATE = EventStatus.STORED, EventStatus.DUPLICATE

# Rejects what is named "bad", with an SQLSTATE of its own.
TRIGGER = """
CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event_name = 'bad' THEN RAISE SQLSTATE '{sqlstate}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_bad BEFORE INSERT ON conversion_events
    FOR EACH ROW EXECUTE FUNCTION refuse_bad();
"""


@pytest.mark.parametrize(
    ("sqlstate", "refuses", "may"),
    [
        ("22001", True, True),  # a text too long
        ("22P05", True, True),  # a character that the encoding lacks
        ("23505", True, True),
        ("23514", True, True),
        ("44000", True, True),
        ("54000", True, True),
        ("P0001", True, True),
        ("XY123", False, True),  # a trigger's own
        ("45000", False, True),
        ("08006", False, False),  # the connection broke
        ("28P01", False, False),  # a wrong password
        ("40P01", False, False),  # deadlock
        ("42501", False, False),  # no right to the table
        ("42P01", False, False),  # no such table
        ("53100", False, False),  # the disk is full
        ("57014", False, False),  # cancelled
        ("57P01", False, False),  # the server stops
        ("XX001", False, False),  # a damaged page
    ],
)
def test_an_sqlstate_says_whether_a_row_is_to_blame(
    sqlstate: str, refuses: bool, may: bool
) -> None:
    assert (refuses_row(sqlstate), may_refuse_row(sqlstate)) == (refuses, may)


@pytest.mark.parametrize(
    "option",
    [
        "datestyle=nonsense",  # refused by Postgres with a code of class 22
        "sslmode=verify-full&sslrootcert=/nowhere",  # a file that is gone
        "target_session_attrs=nonsense",  # a ValueError of asyncpg's
    ],
)
async def test_what_fails_before_the_statement_never_refuses_an_event(
    database: str, option: str
) -> None:
    url = f"{database}&{option}" if "?" in database else f"{database}?{option}"
    async with open_store(url, 1, 5) as store:
        with pytest.raises(StoreUnavailable):
            await store.put_each([event_row(1), event_row(2)])
        with pytest.raises(StoreUnavailable):
            await store.ping()


async def test_such_an_error_is_a_202_and_a_503_of_readyz(database: str) -> None:
    async with run_collector(f"{database}&datestyle=nonsense") as collector:
        assert (await collector.track())[0] == 202
        status, answer = await collector.post(
            "/v1/events/batch",
            json={"events": [{"session_id": "s", "event_type": "x", "event_name": "x"}]},
        )
        assert (status, answer["results"][0]["status"]) == (202, "spooled")
        async with collector.client.get("/readyz") as ready:
            assert ready.status == 503
        async with collector.client.get("/metrics") as page:
            assert "ct_postgres_away 1.0" in (await page.text()).splitlines()


@pytest.mark.parametrize("sqlstate", ["P0001", "XY123"])
async def test_a_trigger_refuses_its_row_and_no_other(database: str, sqlstate: str) -> None:
    await execute(database, TRIGGER.format(sqlstate=sqlstate))
    rows = [event_row(1), event_row(2, event_name="bad"), event_row(3), event_row(3)]
    async with open_store(database, 1, 30) as store:
        outcomes = await store.put_each(rows)
    assert [outcomes[0], *outcomes[2:]] == [STORED, STORED, DUPLICATE]
    assert isinstance(outcomes[1], EventRefused)
    assert sqlstate in outcomes[1].reason
    assert len(await fetch(database, "SELECT id FROM conversion_events")) == 2


async def test_a_trigger_that_fails_for_every_row_is_no_rows_fault(database: str) -> None:
    await execute(database, TRIGGER.format(sqlstate="XY123"))
    async with open_store(database, 1, 30) as store:
        for rows in (
            [event_row(1, event_name="bad")],
            [event_row(n, event_name="bad") for n in (1, 2)],
        ):
            with pytest.raises(UnexplainedFailure):
                await store.put_each(rows)


async def test_a_row_that_only_a_trigger_refuses_holds_nobody_up_in_the_spool(
    database: str,
) -> None:
    await execute(database, TRIGGER.format(sqlstate="XY123"))
    async with run_collector(database) as collector:
        assert (await collector.track(event_name="bad"))[0] == 202
        assert {(await collector.track(event_name=f"good {n}"))[0] for n in range(5)} <= {200, 202}
        async with asyncio.timeout(60):
            while await metric(collector, "ct_spool_refused_events") != 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            while len(await collector.events()) != 5:  # noqa: ASYNC110  # those behind it follow
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("bad", [1, 20, 500])
async def test_bad_rows_cost_three_statements_however_many_they_are(
    database: str, bad: int
) -> None:
    rows = [event_row(n, event_name="bad" if n <= bad else "good") for n in range(1, 501)]
    await execute(database, "ALTER TABLE conversion_events ADD CHECK (event_name <> 'bad')")
    async with open_store(database, 1, 60) as store:
        await store.ping()
        costs = []
        for _ in range(3):  # Postgres's own work, such as a vacuum, may fall into one of them
            before = await count_transactions(database)
            outcomes = await store.put_each(rows)
            costs.append(await count_transactions(database) - before)
            assert [isinstance(outcome, EventRefused) for outcome in outcomes] == [
                row.event_name == "bad" for row in rows
            ]
    assert len(await fetch(database, "SELECT id FROM conversion_events")) == 500 - bad
    assert min(costs) <= 3 + 2  # and the two that look


async def count_transactions(database: str) -> int:
    """How many transactions this database has ended, whatever their end."""
    query = """
        SELECT xact_commit + xact_rollback AS ended, pg_stat_force_next_flush()
        FROM pg_stat_database WHERE datname = current_database()
    """
    [row] = await fetch(database, query)
    return int(row["ended"])


async def test_rows_that_pass_alone_and_not_together_are_stored_one_by_one(
    database: str,
) -> None:
    await execute(
        database,
        """
        CREATE FUNCTION refuse_crowds() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT count(*) FROM new_rows) > 1 THEN RAISE check_violation; END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER refuse_crowds AFTER INSERT ON conversion_events
            REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_crowds();
        """,
    )
    async with open_store(database, 1, 30) as store:
        assert await store.put_each([event_row(n) for n in (1, 2, 3)]) == [STORED] * 3


async def test_a_conflict_with_another_unique_constraint_is_no_duplicate(
    database: str,
) -> None:
    await execute(database, "CREATE UNIQUE INDEX ON conversion_events (order_id)")
    rows: list[EventRow] = [event_row(1, order_id="o"), event_row(2, order_id="o"), event_row(1)]
    async with open_store(database, 1, 30) as store:
        first, second, again = await store.put_each(rows)
    assert (first, again) == (STORED, DUPLICATE)
    assert isinstance(second, EventRefused)


async def test_a_database_that_cannot_hold_every_text_stops_the_start(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    options = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    await execute(database_url(postgres), f"CREATE DATABASE latin_start_ct {options}")
    with pytest.raises(UnfitDatabase, match="has the encoding LATIN1"):
        async with open_store(database_url(postgres, "latin_start_ct"), 1, 5):
            pass
    await execute(database_url(postgres), "DROP DATABASE latin_start_ct")


async def test_commits_are_safe_whatever_the_database_says(database: str) -> None:
    name = database.rpartition("/")[2].partition("?")[0]
    await execute(database, f"ALTER DATABASE {name} SET synchronous_commit = off")
    await execute(
        database,
        """
        CREATE TABLE seen (setting text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO seen SELECT current_setting('synchronous_commit');
            RETURN NEW;
        END $$;
        CREATE TRIGGER note BEFORE INSERT ON conversion_events FOR EACH ROW EXECUTE FUNCTION note();
        """,
    )
    async with open_store(database, 1, 30) as store:
        await store.put_each([event_row(1)])
    assert await fetch(database, "SELECT setting FROM seen") == [{"setting": "on"}]
