"""Rows of session_facts, without the events behind them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg

TEXTS = (
    *("landing_page", "exit_page", "source_type", "channel", "channel_rule", "source", "medium"),
    *("campaign", "referrer_host", "device_type", "browser", "os"),
)
COUNTS = (
    *("unsigned_events", "late_events", "corrected_events", "redacted_events"),
    *("truncated_events", "mended_events", "bot_events", "numbered_events", "missing_events"),
)
STARTED = datetime(2026, 11, 19, 9, tzinfo=UTC)


async def add_session(url: str, session_id: str, **columns: Any) -> None:
    """A session of one page view, with these columns over the usual ones."""
    row = {
        **dict.fromkeys(TEXTS, "(none)"),
        **dict.fromkeys(COUNTS, 0),
        "session_id": session_id,
        "is_bot": False,
        "started_at": STARTED,
        "ended_at": STARTED,
        "events": 1,
        "page_views": 1,
        "engaged": False,
        "pages": [],
        "event_types": ["page_view"],
        "converted": False,
        "names_orders": False,
        "refreshed_at": STARTED,
        **columns,
    }
    names = ", ".join(row)
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            f"INSERT INTO session_facts ({names}) VALUES ({places})", *row.values()
        )
    finally:
        await connection.close()
