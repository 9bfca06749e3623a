"""What a batch of events changes in the funnel."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from collector.event import FunnelStage
from collector.funnel import fold_events
from tests.unit.events import NOON, event, some_events, user

PRICING, SIGNUP, PAID = (
    FunnelStage.VISITED_PRICING,
    FunnelStage.COMPLETED_SIGNUP,
    FunnelStage.SUBSCRIPTION_CREATED,
)


@given(st.data())
def test_the_order_of_events_does_not_matter(data: st.DataObject) -> None:
    events = data.draw(some_events())
    shuffled = data.draw(st.permutations(events))
    assert fold_events(shuffled) == fold_events(events)


def test_changes_come_in_session_order_so_that_writers_never_deadlock() -> None:
    changes = fold_events([event(1, session_id="b"), event(2, session_id="a")])
    assert [c.session_id for c in changes] == ["a", "b"]


def test_a_bot_moves_no_funnel() -> None:
    assert fold_events([event(funnel_stage=PAID, is_bot=True)]) == []


def test_a_stage_is_reached_when_it_was_reached_first() -> None:
    [change] = fold_events(
        [event(1, 5, funnel_stage=PRICING), event(2, 3, funnel_stage=PRICING), event(3, 1)]
    )
    assert change.reached_at == {PRICING: NOON + timedelta(minutes=3)}


def test_attribution_is_that_of_the_sessions_first_event_even_where_it_had_none() -> None:
    first = event(1, 0, channel="Direct")
    later = event(2, 1, utm_source="google", channel="Paid Search")
    [change] = fold_events([later, first])
    assert (change.utm_source, change.channel) == (None, "Direct")


def test_first_is_decided_by_the_devices_clock_where_it_is_given() -> None:
    sent_late = event(1, 9, utm_source="first", occurred_at=NOON - timedelta(minutes=1))
    [change] = fold_events([event(2, 0, utm_source="second"), sent_late])
    assert change.utm_source == "first"


def test_a_device_clock_that_runs_ahead_does_not_place_an_event_after_its_receipt() -> None:
    ahead = event(1, 0, funnel_stage=PRICING, occurred_at=NOON + timedelta(days=365))
    [change] = fold_events([ahead])
    assert change.reached_at == {PRICING: NOON}


def test_the_value_of_a_later_stage_wins_even_if_it_came_earlier() -> None:
    paid = event(1, 0, funnel_stage=PAID, conversion_value=Decimal(30), currency="EUR")
    signed_up = event(2, 9, funnel_stage=SIGNUP, conversion_value=Decimal(99))
    [change] = fold_events([paid, signed_up])
    assert (change.conversion_value, change.currency, change.value_stage) == (
        Decimal(30),
        "EUR",
        8,
    )


def test_within_a_stage_the_latest_value_wins_and_none_never_does() -> None:
    [change] = fold_events(
        [
            event(1, 0, funnel_stage=PAID, conversion_value=Decimal(10)),
            event(2, 1, funnel_stage=PAID, conversion_value=Decimal(20)),
            event(3, 2, funnel_stage=PAID),
        ]
    )
    assert change.conversion_value == 20


def test_a_value_without_a_stage_is_not_the_funnels() -> None:
    [change] = fold_events([event(conversion_value=Decimal(10))])
    assert change.conversion_value is None


def test_the_user_is_that_of_the_earliest_event_that_names_one() -> None:
    [change] = fold_events(
        [event(1, 0), event(2, 2, user_id=user(2)), event(3, 1, user_id=user(1))]
    )
    assert change.user_id == user(1)
