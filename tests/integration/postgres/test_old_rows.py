"""What migration 0004 makes of the rows that older collectors wrote."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from collector.event import EVENT_COLUMNS, Event, FunnelStage
from collector.event_row import join_rows, make_row
from collector.postgres.migrate import load_migrations, migrate
from collector.sql import load_query, migration_files
from local.postgres import PostgresServer, database_url
from tests.support import execute, fetch
from tests.unit.events import NOON, event

OLD_FUNNEL = Path(__file__).with_name("funnel_before_0004.sql")
PAGE = "https://www.example.com/"

# What older collectors stored: event type and stage; only subscriptions converted.
OLD_EVENTS = [
    ("page_view", None),
    ("page_view", FunnelStage.VISITED_HOMEPAGE),
    ("checkout_start", FunnelStage.STARTED_CHECKOUT),
    ("checkout_complete", FunnelStage.COMPLETED_CHECKOUT),
    ("purchase", FunnelStage.COMPLETED_CHECKOUT),
    ("completed_checkout", FunnelStage.COMPLETED_CHECKOUT),
    ("purchase", None),  # by a deployment's own rules
    ("subscription_created", FunnelStage.SUBSCRIPTION_CREATED),
]


@pytest.fixture
async def old(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database as it was before migration 0004."""
    await execute(database_url(postgres), "CREATE DATABASE old_ct")
    url = database_url(postgres, "old_ct")
    await migrate(url, load_migrations(migration_files()[:3]))
    yield url
    await execute(database_url(postgres), "DROP DATABASE old_ct WITH (FORCE)")


async def fill(url: str, events: list[Event]) -> None:
    """The rows that a collector before migration 0004 made of these events."""
    newer = {"marks", "gpc", "consent"}
    columns = ", ".join(name for name in EVENT_COLUMNS if name not in newer)
    rows = join_rows(make_row(sold) for sold in events).decode()
    await fetch(
        url,
        f"INSERT INTO conversion_events ({columns}) "
        f"SELECT {columns} FROM json_populate_recordset(NULL::conversion_events, $1)",
        rows,
    )
    await execute(url, OLD_FUNNEL.read_text())


def old_event(chosen: random.Random, number: int) -> Event:
    """An event of few possible values, as an older collector stored it."""
    event_type, stage = chosen.choice(OLD_EVENTS)
    fields: dict[str, Any] = {
        "session_id": f"s{chosen.randrange(120)}",
        "event_type": event_type,
        "funnel_stage": stage,
        "converted": stage is FunnelStage.SUBSCRIPTION_CREATED,
        "is_bot": chosen.random() < 0.1,
        "conversion_value": chosen.choice([None, Decimal(10), Decimal("29.99")]),
        "currency": chosen.choice(["EUR", "USD"]),
        "order_id": chosen.choice([None, None, f"R{chosen.randrange(60)}"]),
        "stripe_session_id": chosen.choice([None, None, f"R{chosen.randrange(60)}"]),
        "page_url": chosen.choice([None, PAGE]),
        "utm_source": chosen.choice([None, None, "google"]),
        "click_ids": chosen.choice([None, None, {"gclid": "g"}]),
        "occurred_at": NOON - timedelta(minutes=chosen.randrange(5)),
    }
    return event(number, **fields)


async def test_old_rows_become_what_their_events_say_by_the_new_rules(old: str) -> None:
    chosen = random.Random(4)
    await fill(old, [old_event(chosen, number) for number in range(1, 601)])
    await migrate(old)
    expected = await fetch(old, load_query("funnel_from_events"))
    columns = ", ".join(expected[0])
    actual = await fetch(old, f"SELECT {columns} FROM conversion_funnel ORDER BY session_id")
    assert actual == expected
    assert any(row["order_values"] for row in actual)
    assert any(row["first_is_touch"] for row in actual)
    assert not all(row["first_is_touch"] for row in actual)
    converted = await fetch(
        old, "SELECT DISTINCT event_type, funnel_stage FROM conversion_events WHERE converted"
    )
    assert {(row["event_type"], row["funnel_stage"]) for row in converted} == {
        ("purchase", "completed_checkout"),
        ("completed_checkout", "completed_checkout"),
        ("subscription_created", "subscription_created"),
    }


async def test_a_session_whose_events_were_deleted_keeps_what_its_row_says(old: str) -> None:
    paid, started = FunnelStage.SUBSCRIPTION_CREATED, FunnelStage.STARTED_CHECKOUT
    value: dict[str, Any] = {"conversion_value": Decimal(30)}
    await fill(
        old,
        [
            event(1, session_id="paid", funnel_stage=paid, converted=True, **value),
            event(2, session_id="started", funnel_stage=started, **value),
        ],
    )
    await execute(old, "DELETE FROM conversion_events")
    await migrate(old)
    rows = await fetch(
        old,
        "SELECT converted, converted_at, conversion_value, stage_value "
        "FROM conversion_funnel ORDER BY session_id",
    )
    assert [tuple(row.values()) for row in rows] == [
        (True, NOON, 30, 30),
        (False, None, None, 30),
    ]


async def test_no_event_is_written_anew_for_amounts_without_a_fixed_scale(old: str) -> None:
    await fill(old, [event(1, conversion_value=Decimal("29.99"))])
    file = "SELECT pg_relation_filenode('conversion_events') AS file"
    place = "SELECT ctid::text, conversion_value::text FROM conversion_events"
    before = await fetch(old, file), await fetch(old, place)
    await migrate(old)
    assert (await fetch(old, file), await fetch(old, place)) == before


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1000000000000000.01", "-0.01"])
async def test_no_table_takes_an_amount_that_the_contract_refuses(
    database: str, value: str
) -> None:
    columns = "(id, session_id, event_type, event_name, received_at, conversion_value)"
    row = f"('{UUID(int=1)}', 's', 'e', 'e', now(), '{value}')"
    with pytest.raises(Exception, match="conversion_events_conversion_value_check"):
        await execute(database, f"INSERT INTO conversion_events {columns} VALUES {row}")
