"""Whatever happens to the events: facts, funnel and orders are what the events say."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.event_row import make_row
from collector.postgres.sessions import Connection
from collector.postgres.store import open_store
from tests.integration.facts.following import (
    assert_all_follows,
    refresh_until_now,
)
from tests.support import empty_tables, execute
from tests.unit.events import event_row, some_events

EVENTS = "(SELECT id FROM conversion_events ORDER BY id OFFSET {place} LIMIT {count})"

# What an operator does to some events.
CHANGES = [
    f"DELETE FROM conversion_events WHERE id IN {EVENTS}",
    f"UPDATE conversion_events SET is_bot = NOT is_bot WHERE id IN {EVENTS}",
    f"UPDATE conversion_events SET is_bot = TRUE WHERE id IN {EVENTS}",
    # An id of its own, since the session that it comes to may have this one.
    f"UPDATE conversion_events SET session_id = 'moved', id = gen_random_uuid()"
    f" WHERE id IN {EVENTS}",
    f"UPDATE conversion_events SET order_id = 'R1', converted = TRUE WHERE id IN {EVENTS}",
    f"UPDATE conversion_events SET order_id = NULL, stripe_session_id = NULL WHERE id IN {EVENTS}",
    f"UPDATE conversion_events SET conversion_value = 5, currency = 'EUR' WHERE id IN {EVENTS}",
    f"UPDATE conversion_events SET converted = NOT converted WHERE id IN {EVENTS}",
    f"UPDATE conversion_events SET received_at = received_at - interval '1 minute'"
    f" WHERE id IN {EVENTS}",
    "DELETE FROM conversion_events WHERE session_id = 'a'",
    "UPDATE conversion_events SET is_bot = TRUE WHERE session_id = 'B'",
]


@given(st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_after_any_mix_of_stored_changed_and_erased_events_all_follows(
    database: str, connection: Connection, data: st.DataObject
) -> None:
    await empty_tables(database)
    events = data.draw(some_events())
    async with open_store(database, 1, 30) as store:
        for _ in range(data.draw(st.integers(1, 6))):
            match data.draw(st.sampled_from(["store", "store", "change", "change", "refresh"])):
                case "store":  # some of them for the second time
                    batch = data.draw(st.lists(st.sampled_from(events), min_size=1, max_size=6))
                    await store.insert_events([make_row(one) for one in batch])
                case "change":
                    change = data.draw(st.sampled_from(CHANGES))
                    place, count = data.draw(st.integers(0, 8)), data.draw(st.integers(1, 4))
                    await connection.execute(change.format(place=place, count=count))
                case "refresh":
                    await refresh_until_now(connection)
    await refresh_until_now(connection)
    await assert_all_follows(connection)


async def test_an_order_of_two_sessions_with_one_event_id_follows_in_both(
    database: str, connection: Connection
) -> None:
    bought = {"order_id": "R1", "converted": True, "conversion_value": Decimal(30)}
    async with open_store(database, 1, 30) as store:
        for minute, session in enumerate("ab"):
            await store.insert_events([event_row(1, minute, session_id=session, **bought)])
    await refresh_until_now(connection)
    await assert_all_follows(connection)
    await execute(database, "UPDATE conversion_events SET conversion_value = 5")
    await refresh_until_now(connection)
    await assert_all_follows(connection)
