"""The event that the doctor stores is in no report but those that have bots."""

from __future__ import annotations

from typing import Any

import pytest

from collector.doctor.marked import EVENT_TYPE, USER_AGENT, MarkedEvent
from collector.reports.catalog import load_reports
from tests.integration.reports.conftest import Ask, store
from tests.integration.reports.shop import SHOP
from tests.integration.reports.test_reports import needs
from tests.unit.events import event

# They show bots, or judge all that was stored (docs/doctor.md).
WITH_BOTS = {"bots", "data_quality", "live_events", "unsigned"}


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """What a report shows."""
    return [dict(row) for row in answer.rows]


@pytest.mark.parametrize("name", load_reports())
async def test_a_report_is_the_same_with_the_doctors_event(
    name: str, database: str, report: Ask
) -> None:
    await store(database, SHOP)
    before = rows_of(await report(name, **needs(name)))

    doctors = MarkedEvent(event(0).id)
    await store(
        database,
        [
            event(
                40,
                session_id=doctors.session_id,
                event_type=EVENT_TYPE,
                event_name="Doctor",
                user_agent=USER_AGENT,
                is_bot=True,
            )
        ],
    )

    after = rows_of(await report(name, **needs(name)))
    assert (after == before) == (name not in WITH_BOTS)
