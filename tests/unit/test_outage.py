"""The state that writer and replayer share."""

import logging

import pytest

from collector.outage import Outage


def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage("Postgres")
    states = []
    with caplog.at_level(logging.INFO):
        for step in (outage.end, outage.begin, outage.begin, outage.end, outage.end):
            step()
            states.append(outage.is_away)
    assert states == [False, True, True, False, False]
    assert [record.getMessage() for record in caplog.records] == [
        "Postgres is away; events go to the spool",
        "Postgres is back",
    ]
