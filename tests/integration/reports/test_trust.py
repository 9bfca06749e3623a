"""Who is a bot, how complete the data is, what was refused: answers worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from collector.event import Event, Mark, SourceType
from tests.integration.reports.conftest import Ask, cells, store
from tests.integration.reports.shop import buy
from tests.support import execute
from tests.unit.events import NOON, event

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CURL = "curl/8.5.0"
GOOGLE = {"is_bot": True, "browser": "Googlebot", "user_agent": GOOGLEBOT}

# A person's session of an hour, of whose five events at least three arrived; a session in which
# a program took part; two visits of Googlebot and one of curl.
QUALITY = (
    event(1, 0, session_id="a", sequence=1, stamp_verified=True),
    event(
        2,
        20,
        session_id="a",
        sequence=2,
        occurred_at=NOON,
        marks=(Mark.CLOCK_CORRECTED, Mark.VALUE_ROUNDED),
        stamp_verified=True,
    ),
    event(
        3,
        30,
        session_id="a",
        sequence=5,
        marks=(Mark.ADDRESS_REDACTED,),
        truncated_fields=("page_title",),
        stamp_verified=False,
    ),
    event(4, 70, session_id="mixed", stamp_verified=True),
    event(5, 71, session_id="mixed", stamp_verified=True, **GOOGLE),
    event(6, 72, session_id="google 1", **GOOGLE),
    event(7, 73, session_id="google 1", **GOOGLE),
    event(8, 74, session_id="google 2", stamp_verified=True, **GOOGLE),
    event(9, 75, session_id="curl", is_bot=True, browser="curl", user_agent=CURL),
)


async def test_the_quality_of_the_data_is_shown_by_hour_bots_events_as_well(
    database: str, report: Ask
) -> None:
    await store(database, QUALITY)
    answer = await report("data_quality", unit="hour")
    noon, one = answer.rows[12:14]
    expected = {
        "all_sessions": (1, 4),
        "bot_sessions": (0, 3),
        "all_events": (3, 6),
        "bot_events": (0, 5),
        "unsigned_events": (1, 3),
        "late_events": (1, 0),
        "corrected_events": (1, 0),
        "truncated_events": (1, 0),
        "redacted_events": (1, 0),
        "mended_events": (1, 0),
        "numbered_events": (3, 0),
        "missing_events": (2, 0),
        "delivery_rate": (Decimal("0.6"), None),
        "bot_share": (0, Decimal("0.75")),
        "bot_event_share": (0, Decimal(5) / 6),
        "unsigned_share": (Decimal(1) / 3, Decimal("0.5")),
    }
    assert {name: (noon[name], one[name]) for name in expected} == expected
    assert len(answer.rows) == 24
    assert sum(row["all_events"] for row in answer.rows) == len(QUALITY)


async def test_filters_choose_the_sessions_whose_quality_is_shown(
    database: str, report: Ask
) -> None:
    await store(database, QUALITY)
    answer = await report("data_quality", unit="day", filters=["browser=curl"])
    assert cells(answer, "all_events", "bot_sessions") == [(1, 1)]


async def test_bots_are_named_with_the_rule_that_knows_them(database: str, report: Ask) -> None:
    await store(database, QUALITY)
    answer = await report("bots")
    assert cells(answer, "bot_rule", "bot_sessions", "bot_events", "user_agent") == [
        ("Googlebot", "crawler's form", 2, 3, GOOGLEBOT),
        ("curl", "crawler-user-agents", 1, 1, CURL),
    ]
    assert answer.rows[0]["last_seen_at"] == NOON + timedelta(minutes=74)
    cut = await report("bots", limit="1")
    assert cells(cut, "bot_rule", "bot_sessions", "user_agent")[1] == (None, None, 1, None)


async def test_unsigned_events_are_counted_by_source(database: str, report: Ask) -> None:
    await store(
        database,
        [*QUALITY, event(10, 0, session_id="g", utm_source="google", stamp_verified=True)],
    )
    answer = await report("unsigned")
    assert cells(answer, "all_sessions", "all_events", "unsigned_events") == [
        ("(direct)", 5, 9, 4),
        ("google", 1, 1, 0),
    ]


def visit(number: int, os: str, count: int = 1, **fields: Any) -> list[Event]:
    """A session of Chrome."""
    session = {"session_id": f"s{number}", "browser": "Chrome", "os": os, **fields}
    return [event(number * 10 + n, n, **session) for n in range(count)]


async def test_a_program_that_calls_itself_a_browser_shows_by_its_short_direct_sessions(
    database: str, report: Ask
) -> None:
    await store(
        database,
        [
            *visit(1, "Windows"),
            *visit(2, "Windows"),
            *visit(3, "Mac OS X"),
            *visit(4, "Android", count=3),
            *visit(5, "Android", source_type=SourceType.ORGANIC),
            *visit(6, "Linux", is_bot=True),
        ],
    )
    answer = await report("suspicious")
    shown = ("sessions", "one_event_sessions", "direct_sessions", "suspicious_share")
    assert cells(answer, *shown) == [
        ("Chrome / Windows", 2, 2, 2, Decimal(1)),
        ("Chrome / Mac OS X", 1, 1, 1, Decimal(1)),
        ("Chrome / Android", 2, 1, 1, Decimal(0)),
    ]
    assert answer.total is not None
    assert answer.total["suspicious_share"] == Decimal("0.6")


REJECT = """
INSERT INTO rejected_events (
    event_id, reason, message, errors, endpoint, body, body_cut, stamp_verified, received_at,
    repeats, replayed_at, replay_result
) VALUES (
    gen_random_uuid(), '{reason}', '{message}', '[]', '/', '', FALSE, TRUE, '{at}', {repeats},
    {replayed}
)
"""


async def test_rejected_events_are_counted_by_reason_with_their_repeats(
    database: str, report: Ask
) -> None:
    for reason, message, minute, repeats, replayed in [
        ("invalid_event", "older", 1, 40, "NULL, NULL"),
        ("invalid_event", "newer", 2, 0, "now(), 'stored'"),
        ("invalid_json", "no JSON", 0, 2, "NULL, NULL"),
        ("invalid_json", "of yesterday", -24 * 60, 2, "NULL, NULL"),
    ]:
        at = NOON + timedelta(minutes=minute)
        await execute(
            database,
            REJECT.format(
                reason=reason, message=message, at=at, repeats=repeats, replayed=replayed
            ),
        )
    answer = await report("rejects", filters=["channel=Email"])
    shown = ("rejected_events", "kept_rejects", "replayed_rejects", "reject_message")
    assert cells(answer, *shown) == [
        ("invalid_event", 42, 2, 1, "newer"),
        ("invalid_json", 3, 1, 0, "no JSON"),
    ]
    assert answer.rows[0]["last_rejected_at"] == NOON + timedelta(minutes=2)


async def test_an_order_that_is_reported_more_than_once_is_shown_with_what_counts(
    database: str, report: Ask
) -> None:
    await store(
        database,
        [
            buy(1, 0, "R1", 30, "EUR", session_id="browser"),
            buy(2, 1, "R1", 31, "EUR", session_id="server"),
            buy(3, 2, "R1", 31, "EUR", session_id="server"),
            buy(4, 3, "R2", 5, "EUR", session_id="browser"),
            buy(5, 4, "R2", 5, "EUR", session_id="robot", is_bot=True),
            event(6, 5, session_id="browser", event_type="refund", order_id="R2"),
            buy(7, 6, "R3", 9, "USD", session_id="other", channel="Email"),
            buy(8, 7, "R3", 9, "USD", session_id="other", channel="Email"),
        ],
    )
    answer = await report("repeated_orders")
    assert cells(answer, "reports", "reporting_sessions", "revenue") == [
        ("R1", 3, 2, {"EUR": Decimal("30.00")}),
        ("R3", 2, 1, {"USD": Decimal("9.00")}),
    ]
    assert answer.rows[0]["ordered_at"] == NOON
    filtered = await report("repeated_orders", filters=["channel=Email"])
    assert cells(filtered, "reports") == [("R3", 2)]
    [_, other] = (await report("repeated_orders", limit="1")).rows
    assert (other["name"], other["revenue"]) == (None, {"USD": Decimal("9.00")})


async def test_repeated_orders_are_turned_into_the_reporting_currency_as_all_orders(
    database: str, report: Ask
) -> None:
    twice = [buy(1, 0, "R1", 30, "USD", session_id="a"), buy(2, 1, "R1", 30, "USD", session_id="a")]
    await store(database, twice)
    await execute(
        database,
        "INSERT INTO currency_rates (day, currency, into_currency, rate) "
        "VALUES ('2026-11-22', 'USD', 'EUR', 0.5)",
    )
    answer = await report("repeated_orders", currency="EUR")
    assert cells(answer, "revenue") == [("R1", {"EUR": Decimal("15.00")})]
