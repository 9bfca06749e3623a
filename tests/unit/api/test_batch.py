"""What a batch is answered, for every mixture of events."""

import json
from uuid import UUID

import pytest

from collector.api.batch import Answer, batch_reply, first_unavailable
from collector.api.track import http_status_of
from collector.errors import CollectorError, EventRefused, QueueFull, StoreUnavailable
from collector.event_row import DURABLE, EventStatus, Outcome, status_of


def answer_of(status: EventStatus) -> Answer:
    """An answer as the endpoint makes it: what was not taken has an error."""
    if status is EventStatus.UNAVAILABLE:
        return Answer(UUID(int=1), status, StoreUnavailable("Later.", retry_after_seconds=7))
    failed = status in (EventStatus.INVALID, EventStatus.REFUSED)
    return Answer(UUID(int=1), status, CollectorError("No.") if failed else None)


@pytest.mark.parametrize(
    ("statuses", "http_status", "success"),
    [
        ("stored", 200, True),
        ("stored duplicate", 200, True),
        ("stored invalid", 200, False),
        ("invalid", 200, False),
        ("refused stored", 200, False),
        ("stored spooled", 202, True),
        ("spooled invalid", 202, False),
        ("stored unavailable", 503, False),
        ("spooled unavailable invalid", 503, False),
        ("unavailable", 503, False),
    ],
)
def test_the_status_says_whether_anything_must_be_sent_again(
    statuses: str, http_status: int, success: bool
) -> None:
    answers = [answer_of(EventStatus(name)) for name in statuses.split()]
    reply = batch_reply(answers, first_unavailable(answers))
    answer = json.loads(reply.body)
    assert (reply.status, answer["success"]) == (http_status, success)
    assert [r["status"] for r in answer["results"]] == statuses.split()
    assert reply.headers.get("Retry-After") == ("7" if http_status == 503 else None)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (EventStatus.STORED, EventStatus.STORED),
        (EventStatus.DUPLICATE, EventStatus.DUPLICATE),
        (EventStatus.SPOOLED, EventStatus.SPOOLED),
        (StoreUnavailable("Later."), EventStatus.UNAVAILABLE),
        (QueueFull("Later."), EventStatus.UNAVAILABLE),
        (CollectorError("A fault of ours."), EventStatus.UNAVAILABLE),
        (EventRefused("22001"), EventStatus.REFUSED),
    ],
)
def test_only_what_postgres_refuses_is_refused_and_any_other_error_may_pass(
    result: Outcome, status: EventStatus
) -> None:
    assert status_of(result) is status


def test_only_what_is_written_later_is_answered_202() -> None:
    statuses = {result: http_status_of(result) for result in DURABLE}
    later = {result for result, status in statuses.items() if status == 202}
    assert later == {EventStatus.QUEUED, EventStatus.SPOOLED}
    assert set(statuses.values()) == {200, 202}
