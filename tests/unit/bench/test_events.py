"""The events that the benchmarks send."""

import json
from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from bench.events import MAX_PAGES, BrowserEvent, generate_events
from bench.load.requests import fill_in, filled_length
from collector.classify.device import DeviceClassifier
from collector.contract.reader import EVENTS
from collector.contract.wire import read_object
from local.history.user_agents import read_user_agents

START_MS = 1_763_800_000_000


@pytest.fixture(scope="module")
def events() -> list[BrowserEvent]:
    return generate_events(3000, seed=1, start_ms=START_MS)


@pytest.fixture(scope="module")
def bodies(events: list[BrowserEvent]) -> list[dict[str, Any]]:
    return [read_object(fill_in(event.body, str(uuid4()), lap=1).encode()) for event in events]


def test_a_seed_gives_the_same_events_and_another_seed_others() -> None:
    one = generate_events(50, seed=1, start_ms=START_MS)
    assert one == generate_events(50, seed=1, start_ms=START_MS)
    assert one != generate_events(50, seed=2, start_ms=START_MS)


def test_each_event_keeps_the_contract(bodies: list[dict[str, Any]]) -> None:
    payloads = [EVENTS.read(body) for body in bodies]
    assert {payload.unknown for payload in payloads} == {0}
    assert {payload.cut for payload in payloads} == {()}


def test_user_ids_are_uuids_since_the_spec_design_has_no_other(
    bodies: list[dict[str, Any]],
) -> None:
    user_ids = [body["user_id"] for body in bodies if "user_id" in body]
    assert user_ids
    assert all(UUID(user_id) for user_id in user_ids)


def test_sessions_are_many_short_and_mixed(bodies: list[dict[str, Any]]) -> None:
    sessions = Counter(body["session_id"] for body in bodies)
    assert len(sessions) > len(bodies) / 10
    assert max(sessions.values()) <= MAX_PAGES + 5  # signing up is two events more, buying three
    changes = sum(a["session_id"] != b["session_id"] for a, b in pairwise(bodies))
    assert changes > len(bodies) * 0.8


@pytest.mark.parametrize("field", ["page_url", "referrer", "event_type", "utm_params"])
def test_events_differ_in(field: str, bodies: list[dict[str, Any]]) -> None:
    assert len({str(body.get(field)) for body in bodies}) >= 5


def test_bodies_are_as_large_as_a_trackers(events: list[BrowserEvent]) -> None:
    assert 600 < sum(filled_length(event.body) for event in events) / len(events) < 900


def test_a_later_lap_is_of_other_sessions(events: list[BrowserEvent]) -> None:
    def session(lap: int) -> str:
        body: dict[str, str] = json.loads(fill_in(events[0].body, str(uuid4()), lap))
        return body["session_id"]

    assert session(1) != session(2)


def test_user_agents_are_browsers_and_some_bots() -> None:
    devices = DeviceClassifier()
    agents = read_user_agents()
    bots = sum(weight for weight, agent in agents if devices.parse_device(agent).is_bot)
    total = sum(weight for weight, _ in agents)
    assert 0.02 < bots / total < 0.15
