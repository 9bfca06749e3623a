"""What a batch of events does to the funnel: the rules of docs/funnel.md, one by one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from collector.event import Event, FunnelStage
from collector.event_row import make_row
from collector.postgres.store import Store, open_store
from tests.support import Rows, fetch
from tests.unit.events import NOON, event, user

PAGE = "https://www.example.com/"
PRICING, SIGNUP, CHECKOUT, PAID = (
    FunnelStage.VISITED_PRICING,
    FunnelStage.COMPLETED_SIGNUP,
    FunnelStage.COMPLETED_CHECKOUT,
    FunnelStage.SUBSCRIPTION_CREATED,
)

Funnel = Callable[..., Awaitable[Rows]]


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    async with open_store(database, 1, 30) as store:
        yield store


@pytest.fixture
def funnel_of(store: Store, database: str) -> Funnel:
    """The funnel's rows after a batch of these events."""

    async def insert(*events: Event) -> Rows:
        await store.insert_events([make_row(event) for event in events])
        return await fetch(database, "SELECT * FROM conversion_funnel ORDER BY session_id")

    return insert


async def test_a_session_has_one_row(funnel_of: Funnel) -> None:
    rows = await funnel_of(event(1, session_id="b"), event(2, session_id="a"), event(3))
    assert [row["session_id"] for row in rows] == ["a", "b", "s1"]


async def test_a_bot_moves_no_funnel(funnel_of: Funnel) -> None:
    assert await funnel_of(event(funnel_stage=PAID, is_bot=True)) == []


async def test_a_stage_is_reached_when_it_was_reached_first(funnel_of: Funnel) -> None:
    [row] = await funnel_of(
        event(1, 5, funnel_stage=PRICING), event(2, 3, funnel_stage=PRICING), event(3, 1)
    )
    assert row["visited_pricing_at"] == NOON + timedelta(minutes=3)
    assert [stage for stage in FunnelStage if row[stage]] == [PRICING]


async def test_attribution_is_that_of_the_sessions_first_touch_even_where_it_had_no_source(
    funnel_of: Funnel,
) -> None:
    first = event(1, 0, channel="Direct", page_url=PAGE)
    later = event(2, 1, utm_source="google", channel="Paid Search")
    [row] = await funnel_of(later, first)
    assert (row["utm_source"], row["channel"], row["first_event_id"]) == (None, "Direct", first.id)


@pytest.mark.parametrize(
    "touch",
    [
        {"page_url": PAGE},
        {"referrer": PAGE},
        {"click_ids": {"gclid": "g"}},
        *({f"utm_{name}": "x"} for name in ("source", "medium", "campaign", "term", "content")),
    ],
    ids=str,
)
@pytest.mark.parametrize("batches", [1, 2])
async def test_an_event_that_knows_nothing_of_the_source_decides_nothing_where_a_touch_exists(
    funnel_of: Funnel, touch: dict[str, Any], batches: int
) -> None:
    consent = event(1, 0, channel="Direct", page_title="Consent")
    touched = event(2, 5, channel="Paid Search", **touch)
    if batches == 2:
        await funnel_of(consent)
    [row] = await funnel_of(touched, consent)
    assert (row["channel"], row["first_event_id"]) == ("Paid Search", touched.id)
    assert row["first_event_at"] == NOON + timedelta(minutes=5)
    [row] = await funnel_of(event(3, 1, channel="Direct", conversion_value=Decimal(1)))
    assert row["first_event_at"] == NOON + timedelta(minutes=5)


async def test_without_a_touch_the_first_event_decides(funnel_of: Funnel) -> None:
    [row] = await funnel_of(event(1, 2, channel="Direct"), event(2, 1, channel="Email"))
    assert (row["channel"], row["first_is_touch"]) == ("Email", False)


async def test_first_is_decided_by_the_devices_clock_where_it_is_given(funnel_of: Funnel) -> None:
    sent_late = event(1, 9, utm_source="first", occurred_at=NOON - timedelta(minutes=1))
    [row] = await funnel_of(event(2, 0, utm_source="second"), sent_late)
    assert row["utm_source"] == "first"


async def test_a_device_clock_that_runs_ahead_does_not_place_an_event_after_its_receipt(
    funnel_of: Funnel,
) -> None:
    ahead = event(1, 0, funnel_stage=PRICING, occurred_at=NOON + timedelta(days=365))
    [row] = await funnel_of(ahead)
    assert (row["visited_pricing_at"], row["last_event_at"]) == (NOON, NOON)


async def test_the_value_of_a_later_stage_wins_even_if_it_came_earlier(funnel_of: Funnel) -> None:
    paid = paid_event(1, 0, conversion_value=Decimal(30), currency="EUR")
    signed_up = event(2, 9, funnel_stage=SIGNUP, conversion_value=Decimal(99))
    [row] = await funnel_of(paid, signed_up)
    assert value_of(row) == (30, "EUR", 8)


async def test_within_a_stage_the_latest_value_wins_and_none_never_does(funnel_of: Funnel) -> None:
    [row] = await funnel_of(
        paid_event(1, 0, conversion_value=Decimal(10)),
        paid_event(2, 1, conversion_value=Decimal(20)),
        paid_event(3, 2),
    )
    assert value_of(row) == (20, "USD", 8)


def paid_event(number: int, minute: int, **fields: Any) -> Event:
    return event(number, minute, funnel_stage=PAID, converted=True, **fields)


async def test_the_value_of_a_converting_event_wins_over_that_of_a_later_stage(
    funnel_of: Funnel,
) -> None:
    bought = event(
        1, 0, funnel_stage=CHECKOUT, converted=True, conversion_value=Decimal(30), currency="EUR"
    )
    later = event(2, 9, funnel_stage=PAID, conversion_value=Decimal(99))
    [row] = await funnel_of(bought, later)
    assert value_of(row) == (30, "EUR", 7)


async def test_an_abandoned_checkout_is_worth_nothing_until_the_session_converts(
    funnel_of: Funnel,
) -> None:
    started = FunnelStage.STARTED_CHECKOUT
    [row] = await funnel_of(event(1, 0, funnel_stage=started, conversion_value=Decimal(30)))
    assert (row["conversion_value"], row["currency"], row["converted"]) == (None, None, False)
    assert (row["stage_value"], row["stage_currency"]) == (30, "USD")
    [row] = await funnel_of(event(2, 1, funnel_stage=CHECKOUT, converted=True))
    assert (row["conversion_value"], row["currency"], row["converted"]) == (30, "USD", True)
    assert row["converted_at"] == NOON + timedelta(minutes=1)


async def test_a_value_without_a_stage_is_not_the_funnels(funnel_of: Funnel) -> None:
    [row] = await funnel_of(event(conversion_value=Decimal(10)))
    assert value_of(row) == (None, None, None)


def value_of(row: dict[str, Any]) -> tuple[Any, Any, Any]:
    return row["conversion_value"], row["currency"], row["value_stage"]


async def test_the_user_is_that_of_the_earliest_event_that_names_one(funnel_of: Funnel) -> None:
    [row] = await funnel_of(event(1, 0), event(2, 2, user_id=user(2)), event(3, 1, user_id=user(1)))
    assert (row["user_id"], row["user_id_at"]) == (user(1), NOON + timedelta(minutes=1))


async def test_of_events_with_the_same_id_the_first_counts(funnel_of: Funnel, store: Store) -> None:
    [row] = await funnel_of(event(1, 0, funnel_stage=PRICING), paid_event(1, 9))
    assert (row["visited_pricing"], row["converted"]) == (True, False)
    assert await store.insert_events([make_row(paid_event(1, 0))]) == set()
    [row] = await funnel_of(event(2, 0))
    assert not row["converted"]
